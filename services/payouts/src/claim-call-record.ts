import type { ClaimedAttempt } from '@remesa/database/payment-attempts'
import type { PaymentOutcome, Rail } from '@remesa/domain/rail'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { callRail } from '@remesa/rails/call-rail'

/** What became of asking for one payable: it is this worker's now, or must be asked for later, or there is nothing to do. */
type ClaimAnswer<Claim> =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'later'; readonly at: Date; readonly why: string }
  | { readonly kind: 'held' | 'wanted_back' | 'nothing_to_pay' | 'nothing_to_do' }

interface Steps<Data, Claim> {
  readonly idOf: (data: Data) => string
  /** Each id once. */
  readonly claim: (ids: readonly string[]) => Promise<ReadonlyMap<string, ClaimAnswer<Claim>>>
  readonly rail: Rail
  readonly record: (claim: Claim, outcome: PaymentOutcome) => Promise<void>
  readonly now: () => Date
}

/** Claim, call, record (design §5), for a batch of messages that each name a payable of one rail. */
export function claimCallRecord<Data extends object, Claim extends { readonly attempt: ClaimedAttempt }>({
  idOf,
  claim,
  rail,
  record,
  now,
}: Steps<Data, Claim>): BatchHandler<Data> {
  async function callAndRecord(claimed: Claim): Promise<Verdict> {
    try {
      // No transaction is open here: a slow rail must not hold row locks. The attempt and its key are committed, so that
      // after a crash the same request goes out again and is answered from the rail's memory.
      const outcome = await callRail(rail, claimed.attempt, now())
      if (!outcome) return retry(0, 'the lease ran out before the call')
      await record(claimed, outcome)
      return done
    } catch (error) {
      return { kind: 'threw', error } // one payable's trouble leaves its neighbours alone
    }
  }

  return async (batch) => {
    const answers = new Map(await claim([...new Set(batch.map(({ data }) => idOf(data)))]))
    return Promise.all(
      batch.map(async ({ data }): Promise<Verdict> => {
        const answer = answers.get(idOf(data))
        answers.delete(idOf(data)) // a second message for it in this batch has nothing left to do
        if (answer?.kind === 'later') return retry(Math.max(0, answer.at.getTime() - now().getTime()), answer.why)
        return answer?.kind === 'claimed' ? callAndRecord(answer.claim) : done
      }),
    )
  }
}
