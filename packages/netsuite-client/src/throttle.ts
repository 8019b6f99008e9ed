/** What a throttle sets: how many requests may be under way. */
export interface Throttled {
  concurrency: number
}

export interface Throttle {
  /** Call when a request is made; tell what it returns how the request ended. */
  begin(): { succeeded(): void; overloaded(): void }
}

/**
 * Finds how many requests at once an account bears, which others share and nobody announces: a third fewer after
 * overload, one more after two full rounds of success, never above `maximum`.
 */
export function createThrottle(throttled: Throttled, maximum: number): Throttle {
  let round = 0 // grows with each reduction
  let successes = 0

  return {
    begin() {
      const begunIn = round
      return {
        succeeded() {
          if (throttled.concurrency >= maximum || begunIn !== round) return
          successes += 1
          if (successes < 2 * throttled.concurrency) return
          successes = 0
          throttled.concurrency += 1
        },
        overloaded() {
          // Those that were under way together are refused together: they say one thing, once.
          if (begunIn !== round) return
          round += 1
          successes = 0
          throttled.concurrency = Math.max(1, Math.floor((throttled.concurrency * 2) / 3))
        },
      }
    },
  }
}
