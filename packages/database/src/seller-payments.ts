import { chooseRail } from '@remesa/domain/bank-choice'
import { currency as currencyOf } from '@remesa/domain/currency'
import { sellerBalanceKey } from '@remesa/domain/idempotency-key'
import { afterPay, type Counted, type PaymentPatience, type PaymentStep } from '@remesa/domain/payment-steps'
import type { PaymentInstruction, PaymentOutcome, RailName } from '@remesa/domain/rail'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import { type BlockedReason, mayBecome, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { NewAlert } from './finance-alerts.ts'
import { inTransit, moved, payeeAccount, recordEntries } from './ledger.ts'
import {
  type ClaimedAttempt,
  insertAttempts,
  type LatestAttempt,
  type Lease,
  reclaimAttempts,
  recordAnswers,
} from './payment-attempts.ts'
import type { Schema } from './schema.ts'

// Claim, call, record (design §5) for seller balances. What happens between the two transactions here, happens with
// a committed attempt and no lock.

/** A balance that this worker alone may pay now. */
export interface SellerPaymentClaim {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly businessDate: string
  readonly attempt: ClaimedAttempt
  readonly counted: Counted
}

export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: SellerPaymentClaim }
  /** Somebody else has it, it waits for its next try, or its rail rests: ask again then. */
  | { readonly kind: 'later'; readonly at: Date; readonly why: 'locked' | 'leased' | 'not_yet' | 'rail_paused' }
  | { readonly kind: 'blocked'; readonly reason: BlockedReason }
  /** There is nothing to pay: the row decides, not the message. */
  | { readonly kind: 'nothing_to_pay' }

/** How soon a balance whose row is locked is looked at again. */
const LOCKED_RETRY_MS = 1_000

/**
 * Claims what can be paid of these balances, and blocks what cannot.
 * @returns an answer for every id that exists, and the alerts to raise in the same transaction
 */
export async function claimSellerPayments(
  tx: Transaction<Schema>,
  ids: readonly string[],
  lease: Lease,
): Promise<{ answers: ReadonlyMap<string, ClaimAnswer>; alerts: readonly NewAlert[] }> {
  const answers = new Map<string, ClaimAnswer>()
  const rows = await lockPayables(tx, ids)
  const paused = await pausedRails(tx, lease.now)
  const fresh: { row: PayableRow; rail: RailName; instruction: PaymentInstruction }[] = []
  const again: { row: PayableRow; attempt: LatestAttempt }[] = []
  const blocked: { row: PayableRow; reason: BlockedReason }[] = []

  for (const row of rows) {
    const step = nextStep(row, lease.now)
    const rail = step.kind === 'again' ? step.attempt.rail : step.kind === 'fresh' ? step.rail : undefined
    const restsUntil = rail && paused.get(rail)
    if (restsUntil) answers.set(row.id, { kind: 'later', at: restsUntil, why: 'rail_paused' })
    else if (step.kind === 'fresh') fresh.push({ row, rail: step.rail, instruction: step.instruction })
    else if (step.kind === 'again') again.push({ row, attempt: step.attempt })
    else if (step.kind === 'block') blocked.push({ row, reason: step.reason })
    else answers.set(row.id, step.answer)
  }

  const attempts = [
    ...(await insertAttempts(tx, 'seller_balance', fresh, lease)),
    ...(await reclaimAttempts(
      tx,
      again.map(({ attempt }) => attempt.id),
      lease,
    )),
  ]
  const rowOf = new Map([...fresh, ...again].map(({ row }) => [row.id, row]))
  for (const attempt of attempts) {
    const row = rowOf.get(attempt.instruction.payableId)
    if (!row)
      throw new Error(`attempt ${attempt.attemptId} pays ${attempt.instruction.payableId}, which was not asked for`)
    answers.set(row.id, { kind: 'claimed', claim: claimOf(row, attempt) })
  }
  await markPaying(tx, [...rowOf.values()], lease.now)
  await block(tx, blocked, lease.now)
  for (const { row, reason } of blocked) answers.set(row.id, { kind: 'blocked', reason })

  const lockedUntil = new Date(lease.now.getTime() + LOCKED_RETRY_MS)
  for (const id of await lockedByOthers(
    tx,
    ids.filter((id) => !answers.has(id)),
  )) {
    answers.set(id, { kind: 'later', at: lockedUntil, why: 'locked' })
  }
  await recordAudit(tx, [
    ...fresh.map(({ row, instruction }) =>
      change(row, 'payment.claimed', 'paying', { key: instruction.idempotencyKey, amount: row.amount_owed }),
    ),
    ...blocked.map(({ row, reason }) => ({ ...change(row, 'seller_balance.blocked', 'blocked'), reason })),
  ])
  return { answers, alerts: blocked.map(({ row, reason }) => blockedAlert(row, reason)) }
}

/** What follows a recorded answer, for the worker to put on its way in the same transaction. */
export interface RecordedPayment {
  readonly sellerBalanceId: string
  readonly status: SellerBalanceStatus
  /** Pay again then; null when nothing more happens by itself, or another call already told the end. */
  readonly retryAt: Date | null
}

/**
 * Records what the rail answered: attempt, balance, ledger, audit, all or nothing.
 * @param options.random - in [0, 1), spreads the retries
 */
export async function recordSellerPayments(
  tx: Transaction<Schema>,
  results: readonly { claim: SellerPaymentClaim; outcome: PaymentOutcome }[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{ recorded: readonly RecordedPayment[]; alerts: readonly NewAlert[] }> {
  const { now, patience } = options
  await lockInOrder(
    tx,
    results.map(({ claim }) => claim.sellerBalanceId),
  )
  const planned = results.map(({ claim, outcome }) => {
    const step = afterPay(outcome, claim.counted, patience, options.random())
    return { claim, outcome, step, retryAt: step.retryAfterMs === undefined ? null : after(now, step.retryAfterMs) }
  })
  const movedIds = await recordAnswers(tx, planned.map(answerOf), now)
  const applied = planned.filter(({ claim }) => movedIds.has(claim.attempt.attemptId))
  await moveBalances(tx, applied, now)
  await pauseRails(tx, applied, now)

  const accepted = applied.filter(({ outcome }) => outcome.kind === 'accepted')
  await recordEntries(
    tx,
    accepted.map(({ claim }) => acceptedEntry(claim)),
  )
  await recordAudit(
    tx,
    applied
      .filter(({ outcome }) => outcome.kind !== 'unknown') // nothing was decided; the attempt's row keeps the facts
      .map(({ claim, outcome, step }) => ({
        actor: ACTOR,
        action: `payment.${outcome.kind}`,
        subject: { type: 'seller_balance', id: claim.sellerBalanceId },
        reason: refusalOf(outcome),
        before: { status: 'paying' },
        after: { status: step.balance, key: claim.attempt.instruction.idempotencyKey, ...referenceOf(outcome) },
      })),
  )
  return {
    recorded: planned.map(({ claim, step, retryAt }) => ({
      sellerBalanceId: claim.sellerBalanceId,
      status: step.balance,
      retryAt: movedIds.has(claim.attempt.attemptId) ? retryAt : null,
    })),
    alerts: [
      ...applied.flatMap(({ claim, outcome, step }) => (step.alert ? [paymentAlert(claim, outcome, step)] : [])),
      ...(await contradictions(
        tx,
        planned.filter(({ claim }) => !movedIds.has(claim.attempt.attemptId)),
      )),
    ],
  }
}

const ACTOR = 'pay-seller-balance'

interface PayableRow {
  id: string
  status: SellerBalanceStatus
  seller_id: string
  country: string
  business_date: string
  currency: string
  amount_owed: bigint | null
  attempts: number
  funds_refusals: number
  next_try_at: Date | null
  legal_name: string
  tax_id: string
  operation_type: OperationType
  seller_status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
  attempt_id: string | null
  attempt_state: LatestAttempt['state']
  generation: number
  lease_expires_at: Date | null
  rail: RailName
}

/** The seller is locked, too: an account that arrives at this moment must not find the balance not blocked yet. */
async function lockPayables(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly PayableRow[]> {
  const { rows } = await sql<PayableRow>`
    select b.id, b.status, b.seller_id, b.country, b.business_date, b.currency, b.amount_owed, b.attempts,
      b.funds_refusals, b.next_try_at, s.legal_name, s.tax_id, s.operation_type, s.status as seller_status, s.fpay_id,
      s.payoneer_payee_id, a.id as attempt_id, a.state as attempt_state, a.generation, a.lease_expires_at, a.rail
    from seller_balances b
    join sellers s on s.id = b.seller_id
    left join lateral (
      select * from payment_attempts a where a.payable_type = 'seller_balance' and a.payable_id = b.id
      order by a.generation desc limit 1
    ) a on true
    where b.id = any(${ids}::uuid[])
    order by b.id
    for update of b skip locked for share of s skip locked`.execute(tx)
  return rows
}

type NextStep =
  | { kind: 'fresh'; rail: RailName; instruction: PaymentInstruction }
  | { kind: 'again'; attempt: LatestAttempt }
  | { kind: 'block'; reason: BlockedReason }
  | { kind: 'answer'; answer: ClaimAnswer }

function nextStep(row: PayableRow, now: Date): NextStep {
  const attempt: LatestAttempt | null = row.attempt_id
    ? {
        id: row.attempt_id,
        state: row.attempt_state,
        generation: row.generation,
        leaseExpiresAt: row.lease_expires_at,
        rail: row.rail,
      }
    : null
  if (row.status === 'paying' && attempt?.state === 'claimed') {
    const leased = attempt.leaseExpiresAt && attempt.leaseExpiresAt > now ? attempt.leaseExpiresAt : null
    // The worker before us died, or had no answer: the same key again.
    return leased
      ? { kind: 'answer', answer: { kind: 'later', at: leased, why: 'leased' } }
      : { kind: 'again', attempt }
  }
  if (!mayBecome(row.status, 'paying')) return { kind: 'answer', answer: { kind: 'nothing_to_pay' } }
  if (row.next_try_at && row.next_try_at > now) {
    return { kind: 'answer', answer: { kind: 'later', at: row.next_try_at, why: 'not_yet' } }
  }
  if (attempt?.state === 'postponed') return { kind: 'again', attempt }
  const choice = chooseRail(
    {
      operationType: row.operation_type,
      status: row.seller_status,
      fpayId: row.fpay_id,
      payoneerPayeeId: row.payoneer_payee_id,
    },
    { currency: currencyOf(row.currency) },
  )
  if ('blocked' in choice) return { kind: 'block', reason: choice.blocked }
  const generation = (attempt?.generation ?? 0) + 1
  return { kind: 'fresh', rail: choice.rail, instruction: instructionOf(row, choice.destination, generation) }
}

function instructionOf(row: PayableRow, destination: string, generation: number): PaymentInstruction {
  if (row.amount_owed === null) throw new Error(`seller balance ${row.id} is ${row.status} without an amount`)
  return {
    payableId: row.id,
    idempotencyKey: sellerBalanceKey(row.id, generation),
    generation,
    money: { amount: row.amount_owed, currency: currencyOf(row.currency) },
    destination,
    country: row.country.toUpperCase(),
    beneficiary: { name: row.legal_name, taxId: row.tax_id },
    description: `Seller balance ${row.business_date} ${row.country.toUpperCase()}`,
    payeeId: row.seller_id,
  }
}

const claimOf = (row: PayableRow, attempt: ClaimedAttempt): SellerPaymentClaim => ({
  sellerBalanceId: row.id,
  sellerId: row.seller_id,
  businessDate: row.business_date,
  attempt,
  counted: { attempts: row.attempts, fundsRefusals: row.funds_refusals, calls: attempt.calls },
})

async function pausedRails(tx: Transaction<Schema>, now: Date): Promise<ReadonlyMap<RailName, Date>> {
  const rows = await tx.selectFrom('rails').select(['name', 'paused_until']).where('paused_until', '>', now).execute()
  return new Map(rows.flatMap(({ name, paused_until }) => (paused_until ? [[name, paused_until]] : [])))
}

async function markPaying(tx: Transaction<Schema>, rows: readonly PayableRow[], now: Date): Promise<void> {
  if (rows.length === 0) return
  await tx
    .updateTable('seller_balances')
    .set({ status: 'paying', next_try_at: null, updated_at: now })
    .where(sql<boolean>`id = any(${rows.map(({ id }) => id)}::uuid[])`)
    .execute()
}

async function block(
  tx: Transaction<Schema>,
  blocked: readonly { row: PayableRow; reason: BlockedReason }[],
  now: Date,
): Promise<void> {
  if (blocked.length === 0) return
  const rows = blocked.map(({ row, reason }) => ({ id: row.id, reason }))
  await sql`
    update seller_balances b set status = 'blocked', blocked_reason = r.reason, next_try_at = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, reason text) where b.id = r.id`.execute(tx)
}

/** Ids that exist but were locked; an unknown id is left out, and its message has nothing to pay. */
async function lockedByOthers(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from seller_balances where id = any(${ids}::uuid[])`.execute(tx)
  return rows.map(({ id }) => id)
}

async function lockInOrder(tx: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  await sql`select from seller_balances where id = any(${ids}::uuid[]) order by id for update`.execute(tx)
}

interface PlannedAnswer {
  claim: SellerPaymentClaim
  outcome: PaymentOutcome
  step: PaymentStep
  retryAt: Date | null
}

const answerOf = ({ claim, outcome, step, retryAt }: PlannedAnswer) => ({
  attempt: claim.attempt,
  state: step.attempt,
  retryAt,
  reference: outcome.kind === 'accepted' ? outcome.reference : null,
  refusalReason: refusalOf(outcome),
  facts: outcome.facts,
})

async function moveBalances(tx: Transaction<Schema>, applied: readonly PlannedAnswer[], now: Date): Promise<void> {
  const rows = applied.map(({ claim, step, retryAt }) => ({
    id: claim.sellerBalanceId,
    status: step.balance,
    attempts: step.counts === 'attempt' ? 1 : 0,
    funds_refusals: step.counts === 'funds_refusal' ? 1 : 0,
    // While it is paying the attempt's lease says when; the balance's own wait is for after a refusal.
    next_try_at: step.balance === 'paying' ? null : (retryAt?.toISOString() ?? null),
  }))
  // An acceptance may arrive after a refusal of another call with the same key put the balance back: it still counts.
  await sql`
    update seller_balances b set status = r.status, attempts = b.attempts + r.attempts,
      funds_refusals = b.funds_refusals + r.funds_refusals, next_try_at = r.next_try_at,
      erp_told_at = null, gsc_told_at = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, attempts int,
      funds_refusals int, next_try_at timestamptz)
    where b.id = r.id
      and (b.status = 'paying' or (r.status = 'payment_pending' and b.status in ('payable', 'awaiting_funds')))`.execute(
    tx,
  )
}

async function pauseRails(tx: Transaction<Schema>, applied: readonly PlannedAnswer[], now: Date): Promise<void> {
  const pauses = new Map(
    applied.flatMap(({ claim, step }) => (step.pauseRailMs ? [[claim.attempt.rail, step.pauseRailMs] as const] : [])),
  )
  for (const [rail, pauseMs] of [...pauses].sort()) {
    await tx
      .updateTable('rails')
      .set({ paused_until: after(now, pauseMs), paused_reason: 'our credentials were refused' })
      .where('name', '=', rail)
      .execute()
  }
}

const acceptedEntry = ({ sellerBalanceId, sellerId, attempt }: SellerPaymentClaim) => ({
  idempotencyKey: `ledger:${attempt.instruction.idempotencyKey}:accepted`,
  kind: 'payment_accepted',
  payable: { type: 'seller_balance' as const, id: sellerBalanceId },
  postings: moved(attempt.instruction.money, { from: payeeAccount(sellerId), to: inTransit(attempt.rail) }),
})

/** A rail that accepts what it refused before under the same key contradicts itself: money may be out twice. */
async function contradictions(
  tx: Transaction<Schema>,
  unmoved: readonly PlannedAnswer[],
): Promise<readonly NewAlert[]> {
  const accepted = unmoved.filter(({ outcome }) => outcome.kind === 'accepted')
  if (accepted.length === 0) return []
  const rows = await tx
    .selectFrom('payment_attempts')
    .select(['id', 'state', 'provider_reference'])
    .where(
      'id',
      'in',
      accepted.map(({ claim }) => claim.attempt.attemptId),
    )
    .execute()
  const known = new Map(rows.map((row) => [row.id, row.provider_reference]))
  return accepted.flatMap(({ claim, outcome }) =>
    outcome.kind === 'accepted' && known.get(claim.attempt.attemptId) !== outcome.reference
      ? [
          alert(claim, 'payment_mismatch', {
            reference: outcome.reference,
            recorded: known.get(claim.attempt.attemptId) ?? null,
          }),
        ]
      : [],
  )
}

const paymentAlert = (claim: SellerPaymentClaim, outcome: PaymentOutcome, step: PaymentStep): NewAlert =>
  alert(claim, step.alert ?? 'payment_unknown', {
    outcome: outcome.kind,
    refusal: refusalOf(outcome),
    ...outcome.facts,
  })

function alert(claim: SellerPaymentClaim, kind: NewAlert['kind'], details: object): NewAlert {
  const { rail, instruction } = claim.attempt
  const money = { amount: instruction.money.amount.toString(), currency: instruction.money.currency }
  // A rail that rests concerns everybody at once: one alert an hour, not one per balance.
  const dedupKey = kind === 'rail_paused' ? `${kind}:${rail}` : `${kind}:${instruction.idempotencyKey}`
  return {
    kind,
    dedupKey,
    subject:
      kind === 'rail_paused' ? { type: 'rail', id: rail } : { type: 'seller_balance', id: claim.sellerBalanceId },
    businessDate: claim.businessDate,
    details: { rail, ...money, ...details },
  }
}

const blockedAlert = (row: PayableRow, reason: BlockedReason): NewAlert => ({
  kind: reason,
  dedupKey: `${reason}:seller-balance:${row.id}`,
  subject: { type: 'seller_balance', id: row.id },
  businessDate: row.business_date,
  details: {
    sellerId: row.seller_id,
    country: row.country,
    amount: row.amount_owed?.toString(),
    currency: row.currency,
  },
})

const change = (row: PayableRow, action: string, to: SellerBalanceStatus, facts: object = {}) => ({
  actor: ACTOR,
  action,
  subject: { type: 'seller_balance', id: row.id },
  before: { status: row.status },
  after: { status: to, ...facts },
})

const refusalOf = (outcome: PaymentOutcome): string | null => ('reason' in outcome ? outcome.reason : null)
const referenceOf = (outcome: PaymentOutcome) => (outcome.kind === 'accepted' ? { reference: outcome.reference } : {})
const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms)
