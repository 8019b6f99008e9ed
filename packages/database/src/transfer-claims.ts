import type { CapCandidate } from '@remesa/domain/payment-controls'
import type { Counted } from '@remesa/domain/payment-steps'
import { mayBecome } from '@remesa/domain/payout-transfer'
import type { RailName } from '@remesa/domain/rail'
import type { DestinationPolicy, HeldReason } from '@remesa/domain/stripe-account'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { CoolingWhy } from './destination-cooling.ts'
import type { NewAlert } from './finance-alerts.ts'
import { type LedgerEntry, moved, payeeAccount, recordEntries, reservedFor, userPayee } from './ledger.ts'
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
import { updateStatus } from './payout-jobs.ts'
import {
  claimForProcessing,
  entryNumber,
  jobIdOf,
  markProcessing,
  type PayoutTransfer,
  type TransferOwner,
} from './payout-transfers.ts'
import { type RailRest, restingRails } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { chooseDestinations, hold, wakeCooled } from './transfer-destinations.ts'
import { shareLockAccounts } from './user-stripe-accounts.ts'

// The first of claim, call, record (design §5) for payout transfers; `transfer-answers` is the third. What happens
// between the two, happens with a committed attempt and no lock.

/** A transfer that this worker alone may pay now. */
export interface TransferClaim {
  readonly transferId: string
  readonly owner: TransferOwner
  readonly userId: string
  /** The number of this try, from 1; the same when it is taken up again after its worker died. */
  readonly tryNumber: number
  /** It begins with this claim. */
  readonly isNewTry: boolean
  readonly attempt: ClaimedAttempt
  readonly counted: Counted
  /** When the transfer was made: its settlement became a job, or its payout was released. */
  readonly owedSince: Date
}

export type TransferClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: TransferClaim }
  /**
   * Somebody else has it, it waits for its next try, a cap or a plan, its destination was changed lately, or the rail takes
   * nothing now: ask again then.
   */
  | {
      readonly kind: 'later'
      readonly at: Date
      readonly why: 'locked' | 'leased' | 'not_yet' | 'cap_reached' | 'plan_required' | CoolingWhy | RailRest['why']
    }
  /** It has nowhere to go yet: news of the account releases it, no message does. */
  | { readonly kind: 'held'; readonly reason: HeldReason }
  /** Its booking wants it back, and nothing of it is on its way: the booking is to be looked at. */
  | { readonly kind: 'wanted_back'; readonly bookingId: string }
  /** There is nothing to pay: the row decides, not the message. */
  | { readonly kind: 'nothing_to_pay' }

const RAIL: RailName = 'stripe'

/** How soon a transfer whose row is locked is looked at again. */
const LOCKED_RETRY_MS = 1_000

/**
 * Claims what can be paid of these transfers, and holds what has nowhere to go.
 * @returns an answer for every id that exists, and the alerts to raise in the same transaction
 */
export async function claimTransfers(
  tx: Transaction<Schema>,
  ids: readonly string[],
  { lease, policy }: { lease: Lease; policy: DestinationPolicy },
): Promise<{ answers: ReadonlyMap<string, TransferClaimAnswer>; alerts: readonly NewAlert[] }> {
  const answers = new Map<string, TransferClaimAnswer>()
  const transfers = await wakeCooled(tx, await claimForProcessing(tx, ids), { now: lease.now, actor: ACTOR })
  const newest = await latestAttempts(
    tx,
    RAIL_PAYABLE,
    transfers.map(({ transferId }) => transferId),
  )
  const rest = (await restingRails(tx, [RAIL], lease.now)).get(RAIL)
  const again: { transfer: PayoutTransfer; attempt: LatestAttempt }[] = []
  const postponed: { transfer: PayoutTransfer; attempt: LatestAttempt }[] = []
  const fresh: { transfer: PayoutTransfer; generation: number }[] = []
  for (const transfer of transfers) {
    const step = nextStep(transfer, newest.get(transfer.transferId), lease.now)
    if (step.kind === 'answer') answers.set(transfer.transferId, step.answer)
    // What may be out already is finished, though a person stopped the rail, and what is wanted back is only looked up.
    else if (rest && !(rest.why === 'rail_stopped' && (step.kind === 'again' || transfer.withdrawRequested))) {
      answers.set(transfer.transferId, { kind: 'later', at: rest.until, why: rest.why })
    } else if (step.kind === 'again') again.push({ transfer, attempt: step.attempt })
    else if (step.kind === 'postponed') postponed.push({ transfer, attempt: step.attempt })
    else fresh.push({ transfer, generation: step.generation })
  }

  const accounts = await shareLockAccounts(tx, [
    ...new Set([...fresh, ...postponed].map(({ transfer }) => transfer.userId)),
  ])
  const chosen = chooseDestinations({ fresh, postponed }, { accounts, policy, now: lease.now })
  const { instructed: payable, directed, misdirected, held, alerts } = chosen
  const capped = await cappedClaims(
    tx,
    RAIL_PAYABLE,
    // What is only looked up costs nothing, and what may be out already is finished whatever the caps.
    [
      ...payable.map(({ transfer, instruction: { destination } }) => candidateOf(transfer, destination)),
      ...directed.map(({ transfer, attempt: { destination } }) => candidateOf(transfer, destination)),
    ],
    lease.now,
  )
  for (const [id, wait] of capped.waiting) answers.set(id, { kind: 'later', ...wait })
  await waitUntil(tx, capped.waiting)
  const fits = ({ transfer }: { transfer: PayoutTransfer }) => !capped.waiting.has(transfer.transferId)
  const instructed = payable.filter(fits)
  await supersedeAttempts(
    tx,
    misdirected.map(({ attempt }) => attempt.id),
  )
  again.push(...misdirected, ...directed.filter(fits))
  const attempts = [
    ...(await insertAttempts(tx, RAIL_PAYABLE, instructed, lease)),
    ...(await reclaimAttempts(
      tx,
      again.map(({ attempt }) => attempt.id),
      lease,
    )),
  ]
  const transferOf = new Map([...instructed, ...again].map(({ transfer }) => [transfer.transferId, transfer]))
  const begun = attempts.map((attempt) => {
    const { payableId } = attempt.instruction
    const transfer = transferOf.get(payableId)
    if (!transfer) throw new Error(`attempt ${attempt.attemptId} pays ${payableId}, which was not asked for`)
    return { transfer, attempt }
  })
  for (const claim of await begin(tx, begun, lease)) answers.set(claim.transferId, { kind: 'claimed', claim })
  await hold(tx, held, { now: lease.now, actor: ACTOR })
  for (const { transfer, reason, until } of held) {
    answers.set(transfer.transferId, until ? cooling(until) : { kind: 'held', reason })
  }

  const lockedUntil = new Date(lease.now.getTime() + LOCKED_RETRY_MS)
  const unanswered = ids.filter((id) => !answers.has(id))
  for (const id of await lockedByOthers(tx, unanswered)) {
    answers.set(id, { kind: 'later', at: lockedUntil, why: 'locked' })
  }
  return { answers, alerts: [...capped.alerts, ...alerts] }
}

const RAIL_PAYABLE = 'payout_transfer'
const ACTOR = 'payouts'

type NextStep =
  /** A call that may be on its way is repeated under its own key and to its own destination, whatever changed meanwhile. */
  | { kind: 'again'; attempt: LatestAttempt }
  /** So is one that was refused, or turned away unexecuted, unless its money must go elsewhere now, or not at all: then it is looked up and given up. */
  | { kind: 'postponed'; attempt: LatestAttempt }
  | { kind: 'fresh'; generation: number }
  | { kind: 'answer'; answer: TransferClaimAnswer }

const cooling = (at: Date): TransferClaimAnswer => ({ kind: 'later', at, why: 'destination_changed' })

function nextStep(transfer: PayoutTransfer, attempt: LatestAttempt | undefined, now: Date): NextStep {
  const { status, heldReason, nextTryAt, withdrawRequested, owner } = transfer
  if (heldReason === 'destination_changed' && nextTryAt) return { kind: 'answer', answer: cooling(nextTryAt) }
  if (heldReason) return { kind: 'answer', answer: { kind: 'held', reason: heldReason } }
  if (status === 'processing' && attempt?.state === 'claimed') {
    const leased = attempt.leaseExpiresAt && attempt.leaseExpiresAt > now ? attempt.leaseExpiresAt : null
    if (leased) return { kind: 'answer', answer: { kind: 'later', at: leased, why: 'leased' } }
    // The worker before us died, or had no answer: the same key again, but for a call that certainly was not carried out.
    return { kind: withdrawRequested && attempt.isUnexecuted ? 'postponed' : 'again', attempt }
  }
  if (!mayBecome(status, 'processing')) return { kind: 'answer', answer: { kind: 'nothing_to_pay' } }
  if (nextTryAt && nextTryAt > now) {
    return { kind: 'answer', answer: { kind: 'later', at: nextTryAt, why: 'not_yet' } }
  }
  if (attempt?.state === 'postponed') return { kind: 'postponed', attempt }
  if (withdrawRequested && owner.kind === 'booking') {
    return { kind: 'answer', answer: { kind: 'wanted_back', bookingId: owner.bookingId } }
  }
  return { kind: 'fresh', generation: (attempt?.generation ?? 0) + 1 }
}

const candidateOf = ({ transferId, money, userId }: PayoutTransfer, destination: string): CapCandidate => ({
  id: transferId,
  rail: RAIL,
  money,
  payeeId: userId,
  destination,
  businessDate: null,
})

/** Counts each try, reserves what it may pay, and puts its job to work. */
async function begin(
  tx: Transaction<Schema>,
  begun: readonly { transfer: PayoutTransfer; attempt: ClaimedAttempt }[],
  lease: Lease,
): Promise<readonly TransferClaim[]> {
  const tries = await markProcessing(
    tx,
    begun.map(({ transfer, attempt }) => ({
      transferId: transfer.transferId,
      destination: attempt.instruction.destination,
    })),
    { now: lease.now, leaseExpiresAt: lease.expiresAt },
  )
  const tryOf = ({ transferId }: PayoutTransfer) => {
    const counts = tries.get(transferId)
    if (!counts) throw new Error(`transfer ${transferId} is claimed, and no try of it is counted`)
    return counts
  }
  const claims = begun.map(({ transfer, attempt }) => claimOf(transfer, attempt, tryOf(transfer).attempts))
  const counted = begun.filter(({ transfer }) => transfer.status !== 'processing')
  const jobIds = await updateStatus(tx, [...new Set(counted.flatMap(({ transfer }) => jobIdOf(transfer.owner)))], {
    from: 'pending',
    to: 'processing',
    now: lease.now,
  })
  await recordEntries(
    tx,
    counted.map(({ transfer, attempt }) => reservedEntry(transfer, attempt, entryNumber(tryOf(transfer)))),
  )
  await recordAudit(tx, [
    ...counted.map(
      ({ transfer, attempt: { instruction } }): AuditRow => ({
        actor: ACTOR,
        action: 'payout_transfer.claimed',
        subject: { type: 'payout_transfer', id: transfer.transferId },
        before: { status: transfer.status },
        after: {
          status: 'processing',
          key: instruction.idempotencyKey,
          destination: instruction.destination,
          amount: instruction.money.amount,
          currency: instruction.money.currency,
        },
      }),
    ),
    ...jobIds.map(
      (id): AuditRow => ({
        actor: ACTOR,
        action: 'payout_job.started',
        subject: { type: 'payout_job', id },
        before: { status: 'pending' },
        after: { status: 'processing' },
      }),
    ),
  ])
  return claims
}

const claimOf = (transfer: PayoutTransfer, attempt: ClaimedAttempt, tryNumber: number): TransferClaim => ({
  transferId: transfer.transferId,
  owner: transfer.owner,
  userId: transfer.userId,
  tryNumber,
  isNewTry: transfer.status !== 'processing',
  attempt,
  counted: { attempts: transfer.refusals, fundsRefusals: transfer.fundsRefusals, calls: attempt.calls },
  owedSince: transfer.createdAt,
})

const reservedEntry = (
  { transferId, userId }: PayoutTransfer,
  attempt: ClaimedAttempt,
  number: number,
): LedgerEntry => ({
  idempotencyKey: `ledger:payout:${transferId}:${number}:reserved`,
  kind: 'payment_reserved',
  payable: { type: 'payout_transfer', id: transferId },
  postings: moved(attempt.instruction.money, {
    from: payeeAccount(userPayee(userId)),
    to: reservedFor(attempt.rail),
  }),
})

/** So that the scheduler leaves alone what comes back by its own message. */
async function waitUntil(tx: Transaction<Schema>, waiting: ReadonlyMap<string, { readonly at: Date }>): Promise<void> {
  if (waiting.size === 0) return
  await sql`
    update payout_transfers t set due_at = w.at
    from unnest(${[...waiting.keys()]}::uuid[], ${[...waiting.values()].map(({ at }) => at)}::timestamptz[]) as w(id, at)
    where t.id = w.id`.execute(tx)
}

/** Ids that exist but were locked; an unknown id is left out, and its message has nothing to pay. */
async function lockedByOthers(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from payout_transfers where id = any(${ids}::uuid[])`.execute(tx)
  return rows.map(({ id }) => id)
}
