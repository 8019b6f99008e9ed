import { createPacer, type Pacer, type RateVerdict, type Sent } from './pacer.ts'

/** What an answer says about our haste. `accepted`: it got past the limits, whatever came of it there. */
export type Verdict = 'accepted' | 'endpoint_rate' | 'account_rate' | 'concurrency' | 'other'

/** Leave to send one request, to be ended with its answer. */
export interface Turn {
  end(verdict: Verdict): void
}

export interface Limiter {
  /**
   * Waits until a request to this endpoint may go out, first come, first served per endpoint.
   * @param endpoint - what has a limit of its own: method and path template, `POST /v1/transfers`
   * @returns its turn; or, when that would come too late, for how long the endpoint is busy
   */
  take(endpoint: string): Promise<Turn | { readonly busyForMs: number }>
  /** How fast requests to this endpoint are let out now. */
  perSecond(endpoint: string): number
  /** Lets no more out: whoever waits is told that it is busy. */
  close(): void
}

export interface LimiterOptions {
  /** What each endpoint allows this account, requests per second. */
  readonly perSecond: number
  /** Sends up to so many where an endpoint allows them, at the price of refusals. Default `perSecond`: no probing. */
  readonly upTo?: number
  /** What all endpoints together allow this account. Default 100, or `perSecond` when that is more (facts: stripe §6). */
  readonly accountPerSecond?: number
  /** How many processes share these limits; each takes its equal part. Default 1. */
  readonly processes?: number
  /** Requests under way at once. */
  readonly concurrent: number
  /** Who would wait longer is refused. */
  readonly maxWaitMs: number
  /** Default: this process's. */
  readonly clock?: Clock
}

export interface Clock {
  /** Milliseconds, steady. */
  now(): number
  /** @returns cancels */
  after(ms: number, call: () => void): () => void
}

interface Waiting {
  readonly since: number
  readonly resolve: (turn: Turn | { readonly busyForMs: number }) => void
}

interface Lane {
  readonly pacer: Pacer
  readonly waiting: Waiting[]
  /** Of lanes that may both go, the one that went before the other is next. */
  wentAt: number
}

/** How often one more request may be under way again after there were too many at once. */
const ONE_MORE_EVERY_MS = 1_000

/** Holds requests back to what the endpoints, and the account as a whole, let through. */
export function createLimiter(options: LimiterOptions): Limiter {
  const { processes = 1, concurrent, maxWaitMs, clock = systemClock } = options
  const { perSecond, upTo = perSecond, accountPerSecond = Math.max(100, upTo) } = options
  const account = createPacer({ perSecond: accountPerSecond / processes })
  const lanes = new Map<string, Lane>()
  let inFlight = 0
  let atOnce = concurrent
  let atOnceSince = 0
  let isClosed = false
  let cancelTimer = () => {}

  function laneOf(endpoint: string): Lane {
    const known = lanes.get(endpoint)
    if (known) return known
    const pacer = createPacer({ perSecond: perSecond / processes, upTo: upTo / processes })
    const lane: Lane = { pacer, waiting: [], wentAt: Number.NEGATIVE_INFINITY }
    lanes.set(endpoint, lane)
    return lane
  }

  const busyForMs = ({ pacer, waiting }: Lane): number => (waiting.length * 1_000) / pacer.perSecond

  /** Lets out whatever may go, and comes back when the next one may, or has waited for too long. */
  function pump(): void {
    cancelTimer()
    for (;;) {
      const now = clock.now()
      turnAwayLate(now)
      const next = nextLane(now)
      if (!next) return
      const at = hasPlace(now) ? Math.max(next.pacer.readyAt(), account.readyAt()) : Number.POSITIVE_INFINITY
      if (at > now) {
        cancelTimer = clock.after(Math.ceil(Math.min(at, deadlineOf()) - now), pump)
        return
      }
      next.wentAt = now
      const waiting = next.waiting.shift()
      waiting?.resolve(letOut(next.pacer, now, waiting.since))
    }
  }

  /** The lane that may go first; of those that may go already, the one that has not gone for longest. */
  function nextLane(now: number): Lane | undefined {
    const readyAt = ({ pacer }: Lane) => Math.max(now, pacer.readyAt())
    return [...lanes.values()]
      .filter(({ waiting }) => waiting.length > 0)
      .reduce<Lane | undefined>((best, lane) => {
        if (!best || readyAt(lane) < readyAt(best)) return lane
        return readyAt(lane) === readyAt(best) && lane.wentAt < best.wentAt ? lane : best
      }, undefined)
  }

  const deadlineOf = (): number =>
    Math.min(...[...lanes.values()].map(({ waiting: [head] }) => (head ? head.since + maxWaitMs : Infinity)))

  function turnAwayLate(now: number): void {
    for (const lane of lanes.values()) {
      while (lane.waiting[0] && now - lane.waiting[0].since >= maxWaitMs) {
        lane.waiting.shift()?.resolve({ busyForMs: busyForMs(lane) })
      }
    }
  }

  function hasPlace(now: number): boolean {
    if (inFlight < atOnce) return true
    if (atOnce < concurrent && now - atOnceSince >= ONE_MORE_EVERY_MS) {
      atOnce += 1
      atOnceSince = now
    }
    return inFlight < atOnce
  }

  function letOut(pacer: Pacer, now: number, since: number): Turn {
    const sent: Sent = pacer.sent(now, since)
    const sentByAccount = account.sent(now, since)
    inFlight += 1
    let isOver = false
    return {
      end(verdict) {
        if (isOver) return
        isOver = true
        const at = clock.now()
        if (verdict === 'concurrency') {
          atOnce = Math.max(1, Math.floor(inFlight * 0.75))
          atOnceSince = at
        }
        inFlight -= 1
        pacer.answered(sent, rateVerdict(verdict, 'endpoint_rate'), at)
        account.answered(sentByAccount, rateVerdict(verdict, 'account_rate'), at)
        pump()
      },
    }
  }

  return {
    take(endpoint) {
      const lane = laneOf(endpoint)
      const busy = busyForMs(lane)
      if (isClosed || busy >= maxWaitMs) return Promise.resolve({ busyForMs: busy })
      return new Promise((resolve) => {
        lane.waiting.push({ since: clock.now(), resolve })
        pump()
      })
    },
    perSecond: (endpoint) => laneOf(endpoint).pacer.perSecond,
    close() {
      isClosed = true
      cancelTimer()
      for (const lane of lanes.values()) {
        for (const { resolve } of lane.waiting.splice(0)) resolve({ busyForMs: 0 })
      }
    },
  }
}

/** A refusal for another limit than this one got no further, so it says nothing about this one. */
function rateVerdict(verdict: Verdict, own: 'endpoint_rate' | 'account_rate'): RateVerdict {
  if (verdict === 'accepted') return 'accepted'
  return verdict === own ? 'refused' : 'other'
}

const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
