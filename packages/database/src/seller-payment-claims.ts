import { chooseRail } from '@remesa/domain/bank-choice'
import { coolingUntil } from '@remesa/domain/cooling'
import { currency as currencyOf } from '@remesa/domain/currency'
import { sellerBalanceKey } from '@remesa/domain/idempotency-key'
import type { CapCandidate } from '@remesa/domain/payment-controls'
import type { Counted } from '@remesa/domain/payment-steps'
import type { PaymentInstruction, RailName } from '@remesa/domain/rail'
import { type BlockedReason, mayBecome } from '@remesa/domain/seller-balance'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type CoolingWhy, coolingAlert } from './destination-cooling.ts'
import type { NewAlert } from './finance-alerts.ts'
import { jobNote } from './job-notes.ts'
import {
  change,
  lockedByOthers,
  lockPayables,
  type PayableRow,
  updateBalances,
  waitUntil,
  wakeCooled,
} from './payable-balances.ts'
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
    // What is held has no live attempt, so that whatever is decided about it meanwhile need not wait for one.
    return { kind: 'again', attempt, superseded: !isAsBefore || coolsUntil !== undefined }
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
