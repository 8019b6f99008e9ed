import { chooseRail } from '@remesa/domain/bank-choice'
import { coolingUntil } from '@remesa/domain/cooling'
import { currency as currencyOf } from '@remesa/domain/currency'
import { sellerBalanceKey } from '@remesa/domain/idempotency-key'
import type { CapCandidate } from '@remesa/domain/payment-controls'
import type { Counted } from '@remesa/domain/payment-steps'
import type { PaymentInstruction, RailName } from '@remesa/domain/rail'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import { type BlockedReason, mayBecome, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type CoolingWhy, coolingAlert } from './destination-cooling.ts'
import type { NewAlert } from './finance-alerts.ts'
import { jobNote } from './job-notes.ts'
import {
  type ClaimedAttempt,
  insertAttempts,
  type LatestAttempt,
  type Lease,
  latestAttempts,
  reclaimAttempts,
  supersedeAttempts,
} from './payment-attempts.ts'
import { cappedClaims } from './payment-caps.ts'
import { type RailRest, restingRails } from './rail-stops.ts'
import type { Schema } from './schema.ts'

// The first of claim, call, record (design §5) for seller balances; `seller-payment-answers` is the third. What happens
// between the two, happens with a committed attempt and no lock.

/** A balance that this worker alone may pay now. */
export interface SellerPaymentClaim {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly businessDate: string
  /** The message that asked for it. */
  readonly messageId: string
  readonly attempt: ClaimedAttempt
  readonly counted: Counted
}

export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: SellerPaymentClaim }
  /**
   * Somebody else has it, it waits for its next try, a cap or a plan, its seller's account was changed lately, or its rail takes
   * nothing now: ask again then.
   */
  | {
      readonly kind: 'later'
      readonly at: Date
      readonly why: 'locked' | 'leased' | 'not_yet' | 'cap_reached' | 'plan_required' | CoolingWhy | RailRest['why']
    }
  | { readonly kind: 'blocked'; readonly reason: BlockedReason }
  /** There is nothing to pay: the row decides, not the message. */
  | { readonly kind: 'nothing_to_pay' }

const RAILS: readonly RailName[] = ['fpay', 'payoneer']

/** How soon a balance whose row is locked is looked at again. */
const LOCKED_RETRY_MS = 1_000

/**
 * Claims what can be paid of these balances, and blocks what cannot.
 * @param asked - the message that asks for a balance, by the balance's id
 * @param terms.coolingMs - how long nothing new goes to an account that came in the place of another
 * @returns an answer for every id that exists, and the alerts to raise in the same transaction
 * @throws for a balance that the ledger does not owe, or that has a live attempt: nobody is claimed, ask for each alone
 */
export async function claimSellerPayments(
  tx: Transaction<Schema>,
  asked: ReadonlyMap<string, { readonly messageId: string }>,
  { lease, coolingMs }: { readonly lease: Lease; readonly coolingMs: number },
): Promise<{ answers: ReadonlyMap<string, ClaimAnswer>; alerts: readonly NewAlert[] }> {
  const ids = [...asked.keys()]
  const messageOf = (row: PayableRow): string => asked.get(row.id)?.messageId ?? ''
  const answers = new Map<string, ClaimAnswer>()
  const rows = await wakeCooled(tx, await lockPayables(tx, ids), { coolingMs, now: lease.now })
  const newest = await latestAttempts(
    tx,
    'seller_balance',
    rows.map(({ id }) => id),
  )
  const resting = await restingRails(tx, RAILS, lease.now)
  let fresh: { row: PayableRow; rail: RailName; instruction: PaymentInstruction }[] = []
  let again: { row: PayableRow; attempt: LatestAttempt; superseded: boolean }[] = []
  const blocked: Blocked[] = []

  for (const row of rows) {
    const step = nextStep(row, newest.get(row.id), { coolingMs, now: lease.now })
    const rail = step.kind === 'again' ? step.attempt.rail : step.kind === 'fresh' ? step.rail : undefined
    const rest = rail && resting.get(rail)
    // What may be out already is finished, though a person stopped its rail: only that tells whether it was paid.
    const waits = rest && !(rest.why === 'rail_stopped' && row.status === 'paying')
    if (waits) answers.set(row.id, { kind: 'later', at: rest.until, why: rest.why })
    else if (step.kind === 'fresh') fresh.push({ row, rail: step.rail, instruction: step.instruction })
    else if (step.kind === 'again') again.push({ row, attempt: step.attempt, superseded: step.superseded })
    else if (step.kind === 'block') blocked.push({ row, reason: step.reason, until: step.until })
    else answers.set(row.id, step.answer)
  }

  // What may be out already is finished whatever the caps; so is what is only looked up.
  const postponed = again.filter(({ row, superseded }) => row.status !== 'paying' && !superseded)
  const capped = await cappedClaims(
    tx,
    'seller_balance',
    [
      ...fresh.map(({ row, rail, instruction: { destination } }) => candidateOf(row, { rail, destination })),
      ...postponed.map(({ row, attempt }) => candidateOf(row, attempt)),
    ],
    lease.now,
  )
  for (const [id, wait] of capped.waiting) answers.set(id, { kind: 'later', ...wait })
  await waitUntil(tx, capped.waiting)
  const fits = ({ row }: { row: PayableRow }) => !capped.waiting.has(row.id)
  fresh = fresh.filter(fits)
  again = again.filter(fits)

  await supersedeAttempts(
    tx,
    again.flatMap(({ attempt, superseded }) => (superseded ? [attempt.id] : [])),
  )
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
    answers.set(row.id, { kind: 'claimed', claim: claimOf(row, attempt, messageOf(row)) })
  }
  const noteOf = (how: 'goes_on' | 'failed', row: PayableRow, error?: string) =>
    jobNote(how, { messageId: messageOf(row), now: lease.now, error: error ?? null })
  await updateBalances(
    tx,
    [
      ...[...rowOf.values()].map((row) => ({
        id: row.id,
        status: 'paying',
        reason: null,
        until: null,
        job: noteOf('goes_on', row),
      })),
      ...blocked.map(({ row, reason, until }) => {
        return { id: row.id, status: 'blocked', reason, until, job: noteOf('failed', row, reason) }
      }),
    ],
    lease.now,
  )
  for (const { row, reason, until } of blocked)
    answers.set(row.id, until ? cooling(until) : { kind: 'blocked', reason })

  const lockedUntil = new Date(lease.now.getTime() + LOCKED_RETRY_MS)
  for (const id of await lockedByOthers(
    tx,
    ids.filter((id) => !answers.has(id)),
  )) {
    answers.set(id, { kind: 'later', at: lockedUntil, why: 'locked' })
  }
  await recordAudit(tx, [
    // A call that is repeated after its lease changes nothing; one that was postponed puts its balance to paying again.
    ...attempts.flatMap(({ instruction: { payableId, idempotencyKey, money } }) => {
      const row = rowOf.get(payableId)
      if (!row || row.status === 'paying') return []
      return [change(row, 'payment.claimed', 'paying', { key: idempotencyKey, amount: money.amount })]
    }),
    ...blocked.map(({ row, reason }) => ({ ...change(row, 'seller_balance.blocked', 'blocked'), reason })),
  ])
  return { answers, alerts: [...capped.alerts, ...blocked.map(blockedAlert)] }
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
  blocked_reason: BlockedReason | null
  /** When the seller's account came in the place of another; null: never, or two people let it pass. */
  account_changed_at: Date | null
  /** What the ledger says we owe this seller and have not sent, all its balances together. */
  payee_balance: bigint
}

/**
 * Puts those back to payable that were blocked for a changed account and whose time is over, or whom two people let pass. If
 * the account was changed again meanwhile, they are blocked anew.
 */
async function wakeCooled(
  tx: Transaction<Schema>,
  rows: readonly PayableRow[],
  options: { coolingMs: number; now: Date },
): Promise<readonly PayableRow[]> {
  const cooled = rows.filter(
    ({ blocked_reason, next_try_at, account_changed_at }) =>
      blocked_reason === 'destination_changed' &&
      ((next_try_at !== null && next_try_at <= options.now) || !coolingUntil(account_changed_at, options)),
  )
  if (cooled.length === 0) return rows
  const ids = new Set(cooled.map(({ id }) => id))
  await sql`
    update seller_balances set status = 'payable', blocked_reason = null, next_try_at = null, updated_at = ${options.now}
    where id = any(${[...ids]}::uuid[])`.execute(tx)
  await recordAudit(
    tx,
    cooled.map((row) => change(row, 'seller_balance.released', 'payable', { blockedReason: null })),
  )
  return rows.map(
    (row): PayableRow =>
      ids.has(row.id) ? { ...row, status: 'payable', blocked_reason: null, next_try_at: null } : row,
  )
}

/** The seller is locked, too: an account that arrives at this moment must not find the balance not blocked yet. */
async function lockPayables(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly PayableRow[]> {
  const { rows } = await sql<PayableRow>`
    select b.id, b.status, b.seller_id, b.country, b.business_date, b.currency, b.amount_owed, b.attempts,
      b.funds_refusals, b.next_try_at, s.legal_name, s.tax_id, s.operation_type, s.status as seller_status, s.fpay_id,
      s.payoneer_payee_id, b.blocked_reason, coalesce(l.balance, 0) as payee_balance,
      case when s.destination_release_id is null then s.destination_changed_at end as account_changed_at
    from seller_balances b
    join sellers s on s.id = b.seller_id
    left join ledger_payee_balances l on l.account = 'payee:' || b.seller_id and l.currency = b.currency
    where b.id = any(${ids}::uuid[])
    order by b.id
    for update of b skip locked for share of s skip locked`.execute(tx)
  return rows
}

type NextStep =
  | { kind: 'fresh'; rail: RailName; instruction: PaymentInstruction }
  /** `superseded`: the money must not go where the attempt sends it any more; it is looked up and given up. */
  | { kind: 'again'; attempt: LatestAttempt; superseded: boolean }
  | ({ kind: 'block' } & Omit<Blocked, 'row'>)
  | { kind: 'answer'; answer: ClaimAnswer }

interface Blocked {
  row: PayableRow
  reason: BlockedReason
  /** When it goes on by itself; null for what waits for somebody. */
  until: Date | null
}

const cooling = (at: Date): ClaimAnswer => ({ kind: 'later', at, why: 'destination_changed' })

function nextStep(
  row: PayableRow,
  attempt: LatestAttempt | undefined,
  { coolingMs, now }: { coolingMs: number; now: Date },
): NextStep {
  if (row.status === 'paying' && attempt?.state === 'claimed') {
    const leased = attempt.leaseExpiresAt && attempt.leaseExpiresAt > now ? attempt.leaseExpiresAt : null
    // The worker before us died, or had no answer: the same key again, whatever changed meanwhile. It may be paid, and a
    // call of that worker's may still be on its way, so that no look-up could say for certain that nothing was made.
    if (leased) return { kind: 'answer', answer: { kind: 'later', at: leased, why: 'leased' } }
    refuseWhatIsNotOwed(row)
    return { kind: 'again', attempt, superseded: false }
  }
  if (row.blocked_reason === 'destination_changed' && row.next_try_at) {
    return { kind: 'answer', answer: cooling(row.next_try_at) }
  }
  if (!mayBecome(row.status, 'paying')) return { kind: 'answer', answer: { kind: 'nothing_to_pay' } }
  if (row.next_try_at && row.next_try_at > now) {
    return { kind: 'answer', answer: { kind: 'later', at: row.next_try_at, why: 'not_yet' } }
  }
  refuseWhatIsNotOwed(row)
  const choice = chooseRail(
    {
      operationType: row.operation_type,
      status: row.seller_status,
      fpayId: row.fpay_id,
      payoneerPayeeId: row.payoneer_payee_id,
    },
    { currency: currencyOf(row.currency) },
  )
  const coolsUntil = coolingUntil(row.account_changed_at, { coolingMs, now })
  if (attempt?.state === 'postponed') {
    const isAsBefore = 'rail' in choice && choice.rail === attempt.rail && choice.destination === attempt.destination
    if (isAsBefore && coolsUntil) return { kind: 'block', reason: 'destination_changed', until: coolsUntil }
    return { kind: 'again', attempt, superseded: !isAsBefore }
  }
  if ('blocked' in choice) return { kind: 'block', reason: choice.blocked, until: null }
  if (coolsUntil) return { kind: 'block', reason: 'destination_changed', until: coolsUntil }
  const generation = (attempt?.generation ?? 0) + 1
  return { kind: 'fresh', rail: choice.rail, instruction: instructionOf(row, choice.destination, generation) }
}

/**
 * The ledger's own wall stands at the record, when the money may be out already: so that a bug meets it before the call.
 * @throws Error when the ledger owes the seller less than the balance says
 */
function refuseWhatIsNotOwed({ id, amount_owed, payee_balance, currency }: PayableRow): void {
  if (amount_owed !== null && payee_balance >= amount_owed) return
  throw new Error(
    `the ledger owes ${payee_balance} ${currency} where seller balance ${id} is to be paid ${amount_owed}`,
  )
}

const candidateOf = (
  row: PayableRow,
  { rail, destination }: { rail: RailName; destination: string },
): CapCandidate => ({
  id: row.id,
  rail,
  destination,
  money: { amount: row.amount_owed ?? 0n, currency: currencyOf(row.currency) },
  payeeId: row.seller_id,
  businessDate: row.business_date,
})

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

const claimOf = (row: PayableRow, attempt: ClaimedAttempt, messageId: string): SellerPaymentClaim => ({
  sellerBalanceId: row.id,
  sellerId: row.seller_id,
  businessDate: row.business_date,
  messageId,
  attempt,
  counted: { attempts: row.attempts, fundsRefusals: row.funds_refusals, calls: attempt.calls },
})

async function updateBalances(
  tx: Transaction<Schema>,
  rows: readonly { id: string; status: string; reason: BlockedReason | null; until: Date | null; job: object }[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    update seller_balances b set status = r.status, blocked_reason = r.reason, next_try_at = r.until, updated_at = ${now},
      jobs = b.jobs || jsonb_build_object('payment', r.job)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, reason text, until timestamptz,
      job jsonb)
    where b.id = any(${rows.map(({ id }) => id)}::uuid[]) and b.id = r.id -- by index: an array can be counted
    `.execute(tx)
}

/** So that the sweep leaves alone what comes back by its own message. */
async function waitUntil(tx: Transaction<Schema>, waiting: ReadonlyMap<string, { readonly at: Date }>): Promise<void> {
  if (waiting.size === 0) return
  await sql`
    update seller_balances b set next_try_at = w.at
    from unnest(${[...waiting.keys()]}::uuid[], ${[...waiting.values()].map(({ at }) => at)}::timestamptz[]) as w(id, at)
    where b.id = w.id`.execute(tx)
}

/** Ids that exist but were locked; an unknown id is left out, and its message has nothing to pay. */
async function lockedByOthers(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from seller_balances where id = any(${ids}::uuid[])`.execute(tx)
  return rows.map(({ id }) => id)
}

function blockedAlert({ row, reason, until }: Blocked): NewAlert {
  if (until && row.account_changed_at) {
    return coolingAlert({ type: 'seller', id: row.seller_id }, { changedAt: row.account_changed_at, until })
  }
  return {
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
  }
}

const change = (row: PayableRow, action: string, to: SellerBalanceStatus, facts: object = {}) => ({
  actor: ACTOR,
  action,
  subject: { type: 'seller_balance', id: row.id },
  before: { status: row.status },
  after: { status: to, ...facts },
})
