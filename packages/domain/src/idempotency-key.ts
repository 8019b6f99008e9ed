/** Names one intent to pay a seller balance at its rail: `seller-balance:<id>`, then `seller-balance:<id>:g2`, … */
export const sellerBalanceKey = (id: string, generation: number): string => key('seller-balance', id, generation)

/** Names one intent to pay a payout transfer: `payout:<id>`, then `payout:<id>:g2`, … */
export const payoutKey = (id: string, generation: number): string => key('payout', id, generation)

/** Names one intent to take a part of a transfer back: `reversal:<id>`, then `reversal:<id>:g2`, … */
export const reversalKey = (id: string, generation: number): string => key('reversal', id, generation)

/** @throws RangeError for a generation that is no whole number from 1, or an id that would read as another key. */
function key(prefix: string, id: string, generation: number): string {
  if (!Number.isSafeInteger(generation) || generation < 1) throw new RangeError(`${generation} is no generation`)
  if (id === '' || id.includes(':')) throw new RangeError(`${JSON.stringify(id)} cannot be part of an idempotency key`)
  return generation === 1 ? `${prefix}:${id}` : `${prefix}:${id}:g${generation}`
}
