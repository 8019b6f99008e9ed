import type { PaymentInstruction } from '@remesa/domain/rail'
import { isLive, isMadeBy, type Payout } from './payout.ts'

/**
 * Which of a payable's payouts is this instruction's. FPay finds payouts by external reference, which all generations
 * of a payable share, so that a look-up for the second also shows the rejected first.
 *
 * 1. The payout that was made with our key, where FPay tells.
 * 2. A live one, whichever generation began it: there is at most one, and it is the money this payable is owed.
 * 3. Of the ended ones, those whose key FPay does not tell, oldest first, the one at our generation's place: FPay
 *    admits a generation only after the one before has ended, so there are never more payouts than generations.
 *
 * Where a generation was refused without a payout, rule 3 finds one too few and answers undefined for a payout that
 * was ours. No harm comes of that: it has ended without the money staying out, so paying again pays once.
 */
export function chooseOwn(payouts: readonly Payout[], instruction: PaymentInstruction): Payout | undefined {
  const made = payouts.find((payout) => isMadeBy(payout, instruction))
  if (made) return made
  const live = payouts.find(isLive)
  if (live) return live
  if (payouts.some(({ metadata }) => metadata?.idempotencyKey !== undefined)) return undefined
  const oldestFirst = payouts.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))
  return oldestFirst[instruction.generation - 1]
}
