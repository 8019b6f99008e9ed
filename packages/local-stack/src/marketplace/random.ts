/** A sequence of choices that a seed decides, the same on every machine. Not for secrets. */
export interface Random {
  /** From `from` to `to`, both included. */
  whole(from: number, to: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  /** @param probability - 0 to 1 */
  chance(probability: number): boolean
}

/** @param seeds - whole numbers; any one of them differing gives another sequence */
export function createRandom(...seeds: readonly number[]): Random {
  let state = 0x9e3779b9
  for (const seed of seeds) state = mixed(state ^ mixed(seed))

  /** From 0 up to, not including, 1; a counter stepped by the golden ratio and mixed (SplitMix32). */
  function next(): number {
    state = (state + 0x9e3779b9) | 0
    return (mixed(state) >>> 0) / 2 ** 32
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    whole,
    pick: (items) => items[whole(0, items.length - 1)] ?? items[0],
    chance: (probability) => next() < probability,
  }
}

/** Spreads each bit of a 32-bit number over all of them. */
function mixed(number: number): number {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
  return bits ^ (bits >>> 15)
}
