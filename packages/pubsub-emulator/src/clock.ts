/** The time of the emulator: leases, backoff, retention and publish times are measured by it alone. */
export type Clock = {
  /** Milliseconds since the epoch; never goes back. */
  now(): number
  /** Runs `callback` once, `delayMs` from now at the earliest. @returns what cancels it, harmless when it already ran. */
  setTimer(callback: () => void, delayMs: number): () => void
}

let latest = 0

/** The machine's clock, held still while the machine sets its own back. */
export const systemClock: Clock = {
  now() {
    latest = Math.max(latest, Date.now())
    return latest
  },
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    timer.unref() // a waiting redelivery is no reason for a process to stay
    return () => clearTimeout(timer)
  },
}

/** A clock that stands still until a test moves it. */
export type ManualClock = Clock & {
  /** Moves time on by `ms`, running every timer that falls due on the way, in order, at its own moment. */
  advance(ms: number): void
}

/** @param startMs - milliseconds since the epoch; the default is the moment of the call */
export function createManualClock(startMs: number = Date.now()): ManualClock {
  let now = startMs
  const timers = new Set<{ at: number; callback: () => void }>()
  return {
    now: () => now,
    setTimer(callback, delayMs) {
      const timer = { at: now + Math.max(0, delayMs), callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        let next: { at: number; callback: () => void } | undefined
        for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer
        if (!next) break
        timers.delete(next)
        now = next.at
        next.callback()
      }
      now = end
    },
  }
}
