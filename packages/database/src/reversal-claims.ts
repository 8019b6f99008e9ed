import { reversalKey } from '@remesa/domain/idempotency-key'
import type { Counted } from '@remesa/domain/payment-steps'
import { mayBecome } from '@remesa/domain/payout-reversal'
import type { PaymentInstruction, RailName } from '@remesa/domain/rail'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import {
  type ClaimedAttempt,
  insertAttempts,
  type LatestAttempt,
  type Lease,
  latestAttempts,
  reclaimAttempts,
} from './payment-attempts.ts'
import { claimReversalRows, knownReversals, moveReversals, type PayoutReversal } from './payout-reversals.ts'
import { pausedRails } from './rail-answers.ts'
import type { Schema } from './schema.ts'

// The first of claim, call, record (design §5) for payout reversals; `reversal-answers` is the third.

/** A reversal that this worker alone may make now. */
export interface ReversalClaim {
  readonly reversalId: string
  readonly payoutId: string
  readonly providerId: string
  /** The number of this try, from 1; the same when it is taken up again after its worker died. */
  readonly tryNumber: number
  /** It begins with this claim. */
  readonly isNewTry: boolean
  readonly attempt: ClaimedAttempt
  readonly counted: Counted
}

export type ReversalClaimAnswer =
  | { readonly kind: 'claimed'; readonly claim: ReversalClaim }
  /** Somebody else has it, it waits for its next try, or the rail rests: ask again then. */
  | { readonly kind: 'later'; readonly at: Date; readonly why: 'locked' | 'leased' | 'not_yet' | 'rail_paused' }
  /** It has come to its end: the row decides, not the message. */
  | { readonly kind: 'nothing_to_do' }

const RAIL: RailName = 'stripe'
const PAYABLE = 'payout_reversal'

/** How soon a reversal whose row is locked is looked at again. */
const LOCKED_RETRY_MS = 1_000

/**
 * Claims what can be taken back of these reversals.
 * @returns an answer for every id that is one of a transfer's
 */
export async function claimReversals(
  tx: Transaction<Schema>,
  ids: readonly string[],
  lease: Lease,
): Promise<ReadonlyMap<string, ReversalClaimAnswer>> {
  const answers = new Map<string, ReversalClaimAnswer>()
  const reversals = await claimReversalRows(tx, ids)
  const reversalIds = reversals.map(({ reversalId }) => reversalId)
  const newest = await latestAttempts(tx, PAYABLE, reversalIds)
  const restsUntil = (await pausedRails(tx, lease.now)).get(RAIL)
  const again: { reversal: PayoutReversal; attempt: LatestAttempt }[] = []
  const fresh: { reversal: PayoutReversal; generation: number }[] = []
  for (const reversal of reversals) {
    const step = nextStep(reversal, newest.get(reversal.reversalId), lease.now)
    if (step.kind === 'answer') answers.set(reversal.reversalId, step.answer)
    else if (restsUntil) answers.set(reversal.reversalId, { kind: 'later', at: restsUntil, why: 'rail_paused' })
    else if (step.kind === 'again') again.push({ reversal, attempt: step.attempt })
    else fresh.push({ reversal, generation: step.generation })
  }
  const attempts = [
    ...(await insertAttempts(
      tx,
      PAYABLE,
      fresh.map(({ reversal, generation }) => ({ rail: RAIL, instruction: instructionOf(reversal, generation) })),
      lease,
    )),
    ...(await reclaimAttempts(
      tx,
      again.map(({ attempt }) => attempt.id),
      lease,
    )),
  ]
  const reversalOf = new Map([...fresh, ...again].map(({ reversal }) => [reversal.reversalId, reversal]))
  const begun = attempts.map((attempt) => {
    const reversal = reversalOf.get(attempt.instruction.payableId)
    if (!reversal) throw new Error(`attempt ${attempt.attemptId} is of a reversal that was not asked for`)
    return { reversal, attempt }
  })
  for (const claim of await begin(tx, begun, lease)) answers.set(claim.reversalId, { kind: 'claimed', claim })

  const lockedUntil = new Date(lease.now.getTime() + LOCKED_RETRY_MS)
  const unanswered = ids.filter((id) => !answers.has(id))
  for (const id of await knownReversals(tx, unanswered)) {
    answers.set(id, { kind: 'later', at: lockedUntil, why: 'locked' })
  }
  return answers
}

type NextStep =
  /** A call that may be on its way, or was refused for haste, is repeated under its own key. */
  | { kind: 'again'; attempt: LatestAttempt }
  | { kind: 'fresh'; generation: number }
  | { kind: 'answer'; answer: ReversalClaimAnswer }

function nextStep({ status, nextTryAt }: PayoutReversal, attempt: LatestAttempt | undefined, now: Date): NextStep {
  if (status === 'processing' && attempt?.state === 'claimed') {
    const leased = attempt.leaseExpiresAt && attempt.leaseExpiresAt > now ? attempt.leaseExpiresAt : null
    // The worker before us died, or had no answer: the same key again.
    return leased
      ? { kind: 'answer', answer: { kind: 'later', at: leased, why: 'leased' } }
      : { kind: 'again', attempt }
  }
  if (!mayBecome(status, 'processing')) return { kind: 'answer', answer: { kind: 'nothing_to_do' } }
  if (nextTryAt && nextTryAt > now) {
    return { kind: 'answer', answer: { kind: 'later', at: nextTryAt, why: 'not_yet' } }
  }
  if (attempt?.state === 'postponed') return { kind: 'again', attempt }
  return { kind: 'fresh', generation: (attempt?.generation ?? 0) + 1 }
}

const instructionOf = (
  { reversalId, bookingId, providerId, money, transferReference }: PayoutReversal,
  generation: number,
): PaymentInstruction => ({
  payableId: reversalId,
  idempotencyKey: reversalKey(reversalId, generation),
  generation,
  money,
  destination: transferReference,
  description: `Correction of booking ${bookingId}`,
  payeeId: providerId,
})

/** Counts each try, but not the one that a worker left behind. */
async function begin(
  tx: Transaction<Schema>,
  begun: readonly { reversal: PayoutReversal; attempt: ClaimedAttempt }[],
  lease: Lease,
): Promise<readonly ReversalClaim[]> {
  await moveReversals(
    tx,
    begun.map(({ reversal: { reversalId, status } }) => ({
      reversalId,
      from: status,
      to: 'processing',
      tries: status === 'processing' ? 0 : 1,
      isRefusal: false,
      dueAt: lease.expiresAt,
      reason: null,
      reference: null,
    })),
    lease.now,
  )
  await recordAudit(
    tx,
    begun
      .filter(({ reversal }) => reversal.status !== 'processing')
      .map(({ reversal, attempt: { instruction } }) => ({
        actor: 'payouts',
        action: 'payout_reversal.claimed',
        subject: { type: PAYABLE, id: reversal.reversalId },
        before: { status: reversal.status },
        after: {
          status: 'processing',
          key: instruction.idempotencyKey,
          transfer: instruction.destination,
          ...instruction.money,
        },
      })),
  )
  return begun.map(({ reversal: { reversalId, payoutId, providerId, status, attempts, refusals }, attempt }) => ({
    reversalId,
    payoutId,
    providerId,
    tryNumber: attempts + (status === 'processing' ? 0 : 1),
    isNewTry: status !== 'processing',
    attempt,
    counted: { attempts: refusals, fundsRefusals: 0, calls: attempt.calls },
  }))
}
