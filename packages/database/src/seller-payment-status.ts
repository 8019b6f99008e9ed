import {
  type AttemptState,
  afterStatus,
  contradicts,
  type PaymentPatience,
  type PaymentStep,
} from '@remesa/domain/payment-steps'
import type { PaymentStatus } from '@remesa/domain/rail'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { jobNote } from './job-notes.ts'
import { inTransit, type LedgerEntry, moved, paidFrom, payeeAccount, recordEntries } from './ledger.ts'
import { moveAttempts } from './payment-attempts.ts'
import type { Schema } from './schema.ts'
import type { SellerPayment } from './seller-payments.ts'

/** What a provider says of a payment, and the message that made it say so. */
export interface PaymentWord {
  readonly payment: SellerPayment
  readonly status: PaymentStatus
  readonly messageId: string
}

/** What the provider's word made of a balance. */
export interface RecordedStatus {
  readonly sellerBalanceId: string
  readonly status: SellerBalanceStatus
  /** Pay again then; null when it is not to be paid again by itself. */
  readonly retryAt: Date | null
}

/**
 * Records what providers say of payments: attempt, balance, ledger and audit, all or nothing. Each word is judged
 * under the balance's lock by what the words before it made of the payment, not by what its reader saw. Words that are
 * no news change nothing.
 * @param options.random - in [0, 1), spreads the retries
 * @returns what changed, and the alerts to raise in the same transaction
 */
export async function recordPaymentStatuses(
  tx: Transaction<Schema>,
  words: readonly PaymentWord[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{ recorded: readonly RecordedStatus[]; alerts: readonly NewAlert[] }> {
  const { now } = options
  const standing = await lockStandings(
    tx,
    words.map(({ payment }) => payment),
  )
  const steps: PlannedStep[] = []
  const mismatches: NewAlert[] = []
  for (const { payment, status, messageId } of words) {
    const before = standing.get(payment.attemptId)
    if (!before) throw new Error(`attempt ${payment.attemptId} of ${payment.sellerBalanceId} is gone`)
    if (contradicts(status, before.attempt)) mismatches.push(alertFor(payment, 'payment_mismatch', status))
    const counted = { attempts: before.attempts, fundsRefusals: before.fundsRefusals, calls: 1 }
    const step = afterStatus(status, before.attempt, counted, options.patience, options.random())
    if (!step) continue
    const retryAt = step.retryAfterMs === undefined ? null : new Date(now.getTime() + step.retryAfterMs)
    steps.push({ payment, status, step, retryAt, before, messageId })
    standing.set(payment.attemptId, after(before, step))
  }
  if (steps.length === 0) return { recorded: [], alerts: mismatches }

  const last = [...new Map(steps.map((step) => [step.payment.attemptId, step])).values()]
  await moveEach(tx, steps, last, now)
  await moveBalances(tx, last, standing, now)
  await recordEntries(tx, steps.map(entryOf))
  await resolveAlerts(tx, { dedupKeys: steps.flatMap(pendingAlertKeys), note: 'The payment has ended.' })
  await recordAudit(
    tx,
    steps.map(({ payment, status, step, before }) => ({
      actor: ACTOR,
      action: `payment.${status.state}`,
      subject: { type: 'seller_balance', id: payment.sellerBalanceId },
      reason: reasonOf(status),
      before: { status: before.status },
      after: { status: step.balance, reference: payment.reference },
    })),
  )
  return {
    recorded: last.map(({ payment, step, retryAt }) => ({
      sellerBalanceId: payment.sellerBalanceId,
      status: step.balance,
      retryAt,
    })),
    alerts: [
      ...mismatches,
      ...steps.flatMap(({ payment, status, step }) => (step.alert ? [alertFor(payment, step.alert, status)] : [])),
    ],
  }
}

/** A look at a payment that brought no news: still pending, still paid, or its rail could not be read. */
export interface FruitlessLook {
  readonly sellerBalanceId: string
  /** Where the balance stood, and stands. */
  readonly status: Extract<SellerBalanceStatus, 'payment_pending' | 'paid'>
  /** Looks that had been taken before it. */
  readonly statusChecks: number
  /** Null after the last look. */
  readonly nextLookAt: Date | null
  readonly messageId: string
  /** Why its rail told nothing; null when it did. */
  readonly error: string | null
}

/**
 * Counts one more look at payments and sets the time of the next.
 * @returns ids of those for which nobody else has counted this look: their next one is the caller's to put on its way
 */
export async function scheduleNextLooks(
  tx: Transaction<Schema>,
  looks: readonly FruitlessLook[],
  now: Date,
): Promise<ReadonlySet<string>> {
  if (looks.length === 0) return new Set()
  const ids = looks.map(({ sellerBalanceId }) => sellerBalanceId)
  const told = looks.map(({ sellerBalanceId, status, statusChecks, nextLookAt, messageId, error }) => ({
    id: sellerBalanceId,
    status,
    checks: statusChecks,
    next: nextLookAt?.toISOString() ?? null,
    job: jobNote(status === 'paid' && error === null ? 'succeeded' : 'goes_on', { messageId, now, error }),
  }))
  const { rows } = await sql<{ id: string }>`
    with told as (
      select * from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as t(id uuid, status text, checks int,
        next timestamptz, job jsonb)
    ), locked as (
      select id from seller_balances where id = any(${ids}::uuid[]) order by id for no key update
    )
    update seller_balances b set status_checks = b.status_checks + 1, next_try_at = told.next, updated_at = ${now},
      jobs = b.jobs || jsonb_build_object('status_check', told.job)
    from told join locked using (id)
    where b.id = any(${ids}::uuid[]) and b.id = told.id and b.status = told.status and b.status_checks = told.checks
    returning b.id`.execute(tx)
  return new Set(rows.map(({ id }) => id))
}

const ACTOR = 'fpay-status-check'

/** Where a payment stands under its balance's lock. */
interface Standing {
  readonly attempt: AttemptState
  readonly status: SellerBalanceStatus
  readonly attempts: number
  readonly fundsRefusals: number
}

async function lockStandings(
  tx: Transaction<Schema>,
  payments: readonly SellerPayment[],
): Promise<Map<string, Standing>> {
  const ids = payments.map(({ sellerBalanceId }) => sellerBalanceId)
  await sql`select from seller_balances where id = any(${ids}::uuid[]) order by id for update`.execute(tx)
  // Read in a statement of its own: the one that waited for the lock sees the attempts as they were before the wait.
  const attemptIds = payments.map(({ attemptId }) => attemptId)
  const { rows } = await sql<{ id: string } & Standing>`
    select a.id, a.state as attempt, b.status, b.attempts, b.funds_refusals as "fundsRefusals"
    from payment_attempts a join seller_balances b on b.id = a.payable_id
    where a.id = any(${attemptIds}::uuid[])`.execute(tx)
  return new Map(rows.map(({ id, ...standing }) => [id, standing]))
}

const after = (before: Standing, { attempt, balance, counts }: PaymentStep): Standing => ({
  attempt,
  status: balance,
  attempts: before.attempts + (counts === 'attempt' ? 1 : 0),
  fundsRefusals: before.fundsRefusals + (counts === 'funds_refusal' ? 1 : 0),
})

interface PlannedStep extends PaymentWord {
  readonly step: PaymentStep
  readonly retryAt: Date | null
  readonly before: Standing
}

/** @param last - the last step of each attempt: where it ends; its first step says from where */
async function moveEach(
  tx: Transaction<Schema>,
  steps: readonly PlannedStep[],
  last: readonly PlannedStep[],
  now: Date,
): Promise<void> {
  const from = new Map(steps.toReversed().map(({ payment, before }) => [payment.attemptId, before.attempt]))
  const movedIds = await moveAttempts(
    tx,
    last.map(({ payment, status, step }) => ({
      attemptId: payment.attemptId,
      from: from.get(payment.attemptId) ?? payment.attemptState,
      to: step.attempt,
      refusalReason: reasonOf(status),
      settledAt: status.state === 'paid' ? status.paidAt : null,
    })),
    now,
  )
  if (movedIds.size !== last.length) throw new Error('an attempt moved although its balance was locked')
}

async function moveBalances(
  tx: Transaction<Schema>,
  last: readonly PlannedStep[],
  standing: ReadonlyMap<string, Standing>,
  now: Date,
): Promise<void> {
  const rows = last.map(({ payment, status, step, retryAt, messageId }) => {
    const error = reasonOf(status)
    return {
      id: payment.sellerBalanceId,
      status: step.balance,
      attempts: standing.get(payment.attemptId)?.attempts,
      funds_refusals: standing.get(payment.attemptId)?.fundsRefusals,
      next_try_at: retryAt?.toISOString() ?? null,
      job: jobNote(error === null ? 'succeeded' : 'failed', { messageId, now, error }),
    }
  })
  const { numAffectedRows } = await sql`
    update seller_balances b set status = r.status, attempts = r.attempts, funds_refusals = r.funds_refusals,
      next_try_at = r.next_try_at, status_checks = 0, erp_told_at = null, gsc_told_at = null,
      report_lease_expires_at = null, updated_at = ${now},
      jobs = b.jobs || jsonb_build_object('status_check', r.job)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, attempts int,
      funds_refusals int, next_try_at timestamptz, job jsonb)
    where b.id = any(${rows.map(({ id }) => id)}::uuid[]) and b.id = r.id -- by index: an array can be counted
      and b.status in ('payment_pending', 'paid')`.execute(tx)
  if (Number(numAffectedRows ?? 0n) !== rows.length) {
    throw new Error('a balance is neither pending nor paid, yet its attempt is')
  }
}

function entryOf({ payment, status, step, before }: PlannedStep): LedgerEntry {
  const transit = inTransit(payment.rail)
  const payee = payeeAccount(payment.sellerId)
  const wasPaid = before.attempt === 'paid'
  // A payment that did not stay with the payee is owed again, from wherever the money had got to.
  const way =
    step.attempt === 'paid'
      ? { from: transit, to: paidFrom(payment.rail) }
      : { from: wasPaid ? paidFrom(payment.rail) : transit, to: payee }
  return {
    idempotencyKey: `ledger:${payment.idempotencyKey}:${status.state}`,
    kind: `payment_${status.state}`,
    payable: { type: 'seller_balance', id: payment.sellerBalanceId },
    postings: moved(payment.money, way),
  }
}

/** Those that a payment may have raised while it was pending: none before a look found it so. */
const pendingAlertKeys = ({ payment, before }: PlannedStep): string[] =>
  before.attempt === 'accepted' && payment.statusChecks > 0
    ? ['payment_pending_too_long', 'payment_handed_over'].map((kind) => `${kind}:${payment.idempotencyKey}`)
    : []

function alertFor(payment: SellerPayment, kind: NewAlert['kind'], status: PaymentStatus): NewAlert {
  const { amount, currency } = payment.money
  return {
    kind,
    dedupKey: `${kind}:${payment.idempotencyKey}`,
    subject: { type: 'seller_balance', id: payment.sellerBalanceId },
    businessDate: payment.businessDate,
    details: {
      rail: payment.rail,
      reference: payment.reference,
      amount: amount.toString(),
      currency,
      providerSays: status.state,
      reason: reasonOf(status),
    },
  }
}

const reasonOf = (status: PaymentStatus): string | null => ('reason' in status ? status.reason : null)
