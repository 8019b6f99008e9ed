import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import {
  type AttemptState,
  afterStatus,
  contradicts,
  type PaymentPatience,
  type PaymentStep,
} from '@remesa/domain/payment-steps'
import type { PaymentStatus, RailName } from '@remesa/domain/rail'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { inTransit, type LedgerEntry, moved, paidFrom, payeeAccount, recordEntries } from './ledger.ts'
import { moveAttempts } from './payment-attempts.ts'
import type { Schema } from './schema.ts'

/** A payment that a rail has accepted, and where it stands with us. */
export interface SellerPayment {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly businessDate: string
  readonly status: SellerBalanceStatus
  readonly attemptId: string
  readonly attemptState: AttemptState
  readonly idempotencyKey: string
  readonly rail: RailName
  /** What the rail calls it. */
  readonly reference: string
  readonly money: Money
  readonly acceptedAt: Date
  /** Looks taken at it so far. */
  readonly statusChecks: number
  /** The time of its next look has come; a repeated message must not start a second row of looks. */
  readonly lookIsDue: boolean
  readonly attempts: number
  readonly fundsRefusals: number
}

/** The newest accepted payment of each of these balances; a balance that has none is left out. */
export async function findSellerPayments(
  database: Database,
  ids: readonly string[],
): Promise<readonly SellerPayment[]> {
  return select(database, sql`b.id = any(${ids}::uuid[])`)
}

/** The payments that a callback names, by the rail's reference or by the idempotency key we sent. */
export async function findSellerPaymentsByReference(
  database: Database,
  named: readonly { rail: RailName; reference: string }[],
): Promise<readonly SellerPayment[]> {
  const pairs = JSON.stringify(named)
  return select(
    database,
    sql`(a.rail, a.provider_reference) in (select rail, reference
          from jsonb_to_recordset(${pairs}::jsonb) as n(rail text, reference text))
      or (a.rail, a.idempotency_key) in (select rail, reference
          from jsonb_to_recordset(${pairs}::jsonb) as n(rail text, reference text))`,
  )
}

/** What the provider's word made of a balance. */
export interface RecordedStatus {
  readonly sellerBalanceId: string
  readonly status: SellerBalanceStatus
  /** Pay again then; null when it is not to be paid again by itself. */
  readonly retryAt: Date | null
}

/**
 * Records what the provider says of payments: attempt, balance, ledger and audit, all or nothing. Words that are no
 * news, or come late, change nothing.
 * @param options.random - in [0, 1), spreads the retries
 * @returns what changed
 */
export async function recordPaymentStatuses(
  tx: Transaction<Schema>,
  words: readonly { payment: SellerPayment; status: PaymentStatus }[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{ recorded: readonly RecordedStatus[]; alerts: readonly NewAlert[] }> {
  const { now } = options
  const planned = words.flatMap(({ payment, status }) => {
    const counted = { attempts: payment.attempts, fundsRefusals: payment.fundsRefusals, calls: 1 }
    const step = afterStatus(status, payment.attemptState, counted, options.patience, options.random())
    if (!step) return []
    const retryAt = step.retryAfterMs === undefined ? null : new Date(now.getTime() + step.retryAfterMs)
    return [{ payment, status, step, retryAt }]
  })
  const mismatches = words.flatMap(({ payment, status }) =>
    contradicts(status, payment.attemptState) ? [alertFor(payment, 'payment_mismatch', status)] : [],
  )
  if (planned.length === 0) return { recorded: [], alerts: mismatches }

  const ids = planned.map(({ payment }) => payment.sellerBalanceId)
  await sql`select from seller_balances where id = any(${ids}::uuid[]) order by id for update`.execute(tx)
  const movedIds = await moveAttempts(
    tx,
    planned.map(({ payment, status, step }) => ({
      attemptId: payment.attemptId,
      from: payment.attemptState,
      to: step.attempt,
      refusalReason: reasonOf(status),
    })),
    now,
  )
  const applied = planned.filter(({ payment }) => movedIds.has(payment.attemptId))
  await moveBalances(tx, applied, now)
  await recordEntries(tx, applied.map(entryOf))
  await recordAudit(
    tx,
    applied.map(({ payment, status, step }) => ({
      actor: ACTOR,
      action: `payment.${status.state}`,
      subject: { type: 'seller_balance', id: payment.sellerBalanceId },
      reason: reasonOf(status),
      before: { status: payment.status },
      after: { status: step.balance, reference: payment.reference },
    })),
  )
  return {
    recorded: applied.map(({ payment, step, retryAt }) => ({
      sellerBalanceId: payment.sellerBalanceId,
      status: step.balance,
      retryAt,
    })),
    alerts: [
      ...mismatches,
      ...applied.flatMap(({ payment, status, step }) => (step.alert ? [alertFor(payment, step.alert, status)] : [])),
    ],
  }
}

/**
 * Counts one more look at payments that are still pending and sets the time of the next.
 * @returns ids of those for which nobody else has set it meanwhile: their next look is the caller's to put on its way
 */
export async function scheduleNextLooks(
  tx: Transaction<Schema>,
  looks: readonly { sellerBalanceId: string; nextLookAt: Date }[],
): Promise<ReadonlySet<string>> {
  if (looks.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    update seller_balances b set status_checks = b.status_checks + 1, next_try_at = r."nextLookAt", updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(looks)}::jsonb) as r("sellerBalanceId" uuid, "nextLookAt" timestamptz)
    where b.id = r."sellerBalanceId" and b.status = 'payment_pending'
      and (b.next_try_at is null or b.next_try_at <= now())
    returning b.id`.execute(tx)
  return new Set(rows.map(({ id }) => id))
}

const ACTOR = 'fpay-status-check'

interface PaymentRow {
  id: string
  seller_id: string
  business_date: string
  status: SellerBalanceStatus
  attempts: number
  funds_refusals: number
  status_checks: number
  look_is_due: boolean
  attempt_id: string
  state: AttemptState
  idempotency_key: string
  rail: RailName
  provider_reference: string
  amount: bigint
  currency: Currency
  accepted_at: Date
}

async function select(database: Database, condition: ReturnType<typeof sql>): Promise<readonly SellerPayment[]> {
  const { rows } = await sql<PaymentRow>`
    select distinct on (b.id) b.id, b.seller_id, b.business_date, b.status, b.attempts, b.funds_refusals,
      b.status_checks, (b.next_try_at is null or b.next_try_at <= now()) as look_is_due, a.id as attempt_id, a.state, a.idempotency_key, a.rail, a.provider_reference, a.amount,
      a.currency, a.accepted_at
    from seller_balances b
    join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
    where a.provider_reference is not null and (${condition})
    order by b.id, a.generation desc`.execute(database)
  return rows.map((row) => ({
    sellerBalanceId: row.id,
    sellerId: row.seller_id,
    businessDate: row.business_date,
    status: row.status,
    attemptId: row.attempt_id,
    attemptState: row.state,
    idempotencyKey: row.idempotency_key,
    rail: row.rail,
    reference: row.provider_reference,
    money: { amount: row.amount, currency: currencyOf(row.currency) },
    acceptedAt: row.accepted_at,
    statusChecks: row.status_checks,
    lookIsDue: row.look_is_due,
    attempts: row.attempts,
    fundsRefusals: row.funds_refusals,
  }))
}

interface PlannedStep {
  payment: SellerPayment
  status: PaymentStatus
  step: PaymentStep
  retryAt: Date | null
}

async function moveBalances(tx: Transaction<Schema>, applied: readonly PlannedStep[], now: Date): Promise<void> {
  const rows = applied.map(({ payment, step, retryAt }) => ({
    id: payment.sellerBalanceId,
    status: step.balance,
    attempts: step.counts === 'attempt' ? 1 : 0,
    funds_refusals: step.counts === 'funds_refusal' ? 1 : 0,
    next_try_at: retryAt?.toISOString() ?? null,
  }))
  await sql`
    update seller_balances b set status = r.status, attempts = b.attempts + r.attempts,
      funds_refusals = b.funds_refusals + r.funds_refusals, next_try_at = r.next_try_at, status_checks = 0,
      erp_told_at = null, gsc_told_at = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, attempts int,
      funds_refusals int, next_try_at timestamptz)
    where b.id = r.id and b.status in ('payment_pending', 'paid')`.execute(tx)
}

function entryOf({ payment, status, step }: PlannedStep): LedgerEntry {
  const transit = inTransit(payment.rail)
  const payee = payeeAccount(payment.sellerId)
  const wasPaid = payment.attemptState === 'paid'
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
