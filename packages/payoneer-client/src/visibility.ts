/**
 * Since when a payment that Payoneer does not know has been waited for. "Unknown" (2306) also means "not visible yet",
 * so it proves nothing until the documented wait is over (facts: marketplace §5).
 */
export interface Visibility {
  /** It may have been made just now: the wait begins anew. */
  mayBeMade(reference: string): void
  /** It was not visible just now. @returns milliseconds until that proves that it was never made; 0 when it does */
  missed(reference: string): number
}

/** More are never waited for at once; one that is pushed out waits longer, nothing worse. */
const CAPACITY = 20_000

/**
 * Kept in memory: what another process sent, or this one before a restart, is waited for from the first look here on,
 * which is later than needed and therefore safe.
 * @param now - milliseconds of any steady clock
 */
export function createVisibility({ waitMs, now }: { waitMs: number; now: () => number }): Visibility {
  const since = new Map<string, number>()
  function begin(reference: string): number {
    const at = now()
    since.delete(reference) // so that the oldest stands first
    since.set(reference, at)
    const [oldest] = since.keys()
    if (since.size > CAPACITY && oldest !== undefined) since.delete(oldest)
    return at
  }
  return {
    mayBeMade: begin,
    missed: (reference) => Math.max(0, (since.get(reference) ?? begin(reference)) + waitMs - now()),
  }
}
