import { mayHaveForgotten, type PaymentInstruction, type PaymentOutcome, type Rail } from '@remesa/domain/rail'

/** One intent, written down, whose key this worker alone may use now. */
interface Attempt {
  readonly instruction: PaymentInstruction
  /** Calls with this key, the coming one included. */
  readonly calls: number
  readonly firstCalledAt: Date
  /** From then on another worker may call with this key. */
  readonly expiresAt: Date
  /** Given up, since its money must go elsewhere now: only looked up. */
  readonly superseded: boolean
}

/**
 * The second of claim, call, record (design §5), as the rail's contract wants it: one call with the attempt's key. Where
 * the provider may have forgotten that key, or answers it with the same error for ever, a look-up says first what is so.
 * An attempt that is given up is looked up, and ends unless it was carried out before.
 * @returns undefined when the lease ran out before the call, as it does for a process that was frozen: nothing was called,
 *   and the key is the next worker's
 */
export async function callRail(rail: Rail, attempt: Attempt, now: Date): Promise<PaymentOutcome | undefined> {
  if (attempt.expiresAt <= now) return undefined
  if (attempt.superseded) {
    const found = await rail.find(attempt.instruction)
    return found === 'not-found'
      ? { kind: 'declined_may_change', reason: 'superseded', keyIsSpent: true, facts: { status: 404 } }
      : found
  }
  if (attempt.calls > 1 && mayHaveForgotten(rail.contract, attempt.firstCalledAt, now)) {
    const found = await rail.find(attempt.instruction)
    if (found !== 'not-found') return found
  }
  const outcome = await rail.pay(attempt.instruction)
  if (outcome.kind === 'declined_for_good' && attempt.calls > 1) {
    // Providers check a request before they look into their memory of its key. An earlier call, whose reply was lost, may
    // have been carried out while the payee could still be paid.
    const found = await rail.find(attempt.instruction)
    return found === 'not-found' ? outcome : found
  }
  if (outcome.kind !== 'unknown' || outcome.reason !== 'replayed_error') return outcome
  const found = await rail.find(attempt.instruction)
  // Nothing was made, and under this key nothing ever will be: the next try needs a generation of its own.
  return found === 'not-found'
    ? { kind: 'declined_may_change', reason: 'rail_unavailable', keyIsSpent: true, facts: outcome.facts }
    : found
}
