/** What an answer says about the rate: `refused` is a 429 for the rate of requests, `other` says nothing about it. */
export type RateVerdict = 'accepted' | 'refused' | 'other'

/** A request that went out, to be given back with its answer. */
export interface Sent {
  readonly at: number
  readonly perSecond: number
  /** It was held until the pace allowed it. What went out at once, for want of others, was not refused for our pace. */
  readonly isPaced: boolean
  /** Refusals of requests that went out before the last step tell nothing new. */
  readonly step: number
}

/**
 * Decides how fast to send to one limit, from what was refused. It has no clock and no timer: times are milliseconds
 * of any steady clock, handed in.
 */
export interface Pacer {
  /** Requests per second that it lets out now. */
  readonly perSecond: number
  /** When the next request may go. While answers to a refusal are gathered: when it stops to wait for them. */
  readyAt(): number
  /** @param since - since when the request has waited to be sent */
  sent(now: number, since: number): Sent
  answered(sent: Sent, verdict: RateVerdict, now: number): void
}

export interface PacerOptions {
  /** What the provider allows, as far as is known. It is where sending begins. */
  readonly perSecond: number
  /** Never faster than this. Default `perSecond`: then a limit that holds is never probed, and nothing is refused. */
  readonly upTo?: number
}

/** Below the limit by so much, since clocks and networks are not exact. */
const HEADROOM = 0.975
/** Never slower than this part of where sending began: who refuses even that refuses for another reason than our pace. */
const SLOWEST_SHARE = 0.1
/** How far behind its schedule sending may be and still catch up: timers come late, above all on a busy process. */
const CATCH_UP_MS = 200
/** A shorter wait is a timer's doing. */
const HELD_MS = 2
/** After a refusal, answers to what is already under way are awaited at most so long before the step is taken. */
const GATHER_MS = 1_000
/** A climb from any rate to the highest. With the rest before it, a limit that rose is in use within 10 s. */
const CLIMB_MS = 4_000
const REST_MS = 4_500
const REST_AFTER_CUT_MS = 1_000
/** A limit that has not changed for so long is not expected to change soon … */
const KEEN_MS = 120_000
/** … and climbs in vain may then cost no more than this share of all requests. */
const PROBING_SHARE = 0.000_8
/** Between refusals so far apart, and no farther, enough was accepted to measure the limit by, while it was the same. */
const MEASURED_OVER_MS = { least: 1_500, most: 30_000 } as const
/** A limit measured lately that is so far from what it was before has changed. */
const CHANGED_BY = 0.15
const TRIAL_MS = 1_500
/** A trial so little above the limit as measured would find nothing worth a refusal. */
const WORTH_A_TRIAL = 1.08
/** Climbs that end no further apart than this met the same limit. */
const SAME_WALL = 1.05
/** A step back where too few answers were under way to say how far. */
const STEP = 0.85
const LARGEST_STEP = 0.3
/** A step back so soon after another waits for a window of one second to pass. */
const AGAIN_MS = 1_500
const WINDOW_MS = 1_000

type Mode =
  /** At the base, which is thought to be good. */
  | 'cruise'
  /** Faster and faster, from the base to the highest. */
  | 'climb'
  /** Between the base and what the climb ended at. */
  | 'trial'

/** What is learned from a refusal on, until the step is taken. */
interface Evidence {
  readonly firstSentAt: number
  readonly perSecond: number
  readonly until: number
  accepted: number
  refused: number
}

const ratePerSecond = (from: Mark, to: Mark): number => ((to.accepted - from.accepted) * 1_000) / (to.at - from.at)

/** A moment, and how much had been accepted until then. */
interface Mark {
  readonly at: number
  readonly accepted: number
}

/**
 * An adaptive pace for a limit that may be a token bucket or a window, and that others may share.
 *
 * It cruises at its base. A refusal while cruising means that the limit fell, or that somebody else uses it: the share
 * of refusals among what was under way says how far to step back. Below the highest rate it rests, then climbs, slowly
 * at first, until it is refused or arrives. At a refusal there was nothing left to give, so what was accepted from one
 * refusal to the next, over the time between, is the limit itself; the base becomes a little less than that.
 */
export function createPacer({ perSecond: start, upTo = start }: PacerOptions): Pacer {
  const highest = upTo * HEADROOM
  const slowest = start * SLOWEST_SHARE
  let perSecond = Math.min(start, upTo) * HEADROOM
  let base = perSecond
  let mode: Mode = 'cruise'
  /** Where the climb ended whose trial was refused: another that gets no further needs no trial. */
  let wall = 0
  /** Time in this mode while there was something to send: what was not tried was not allowed either. */
  let busyMs = 0
  let restMs = REST_MS
  let evidence: Evidence | undefined
  let marks: Mark[] = []
  let accepted = 0
  let inFlight = 0
  let step = 0
  let slot = Number.NEGATIVE_INFINITY
  let lastSentAt = Number.NEGATIVE_INFINITY
  /** The last step back. */
  let cut: Mark = { at: Number.NEGATIVE_INFINITY, accepted: 0 }
  /** How much had been accepted when a window was last waited for: once is enough until more is. */
  let waitedFor = -1
  /** The base when it last changed by much, and when that was. */
  let level = base
  let changedAt: number | undefined
  let sentSinceClimb = 0
  let refusedSinceClimb = 0

  const within = (rate: number): number => Math.min(highest, Math.max(slowest, rate))

  function cruise(rate: number, rest: number, now: number): void {
    mode = 'cruise'
    busyMs = 0
    restMs = rest
    base = within(rate)
    perSecond = base
    if (base < level / 1.3 || base > level * 1.3) {
      level = base
      changedAt = now
    }
  }

  function mayClimb(now: number): boolean {
    if (base >= highest || busyMs < restMs) return false
    return now - (changedAt ?? now) < KEEN_MS || sentSinceClimb * PROBING_SHARE >= refusedSinceClimb
  }

  function speedUp(now: number): void {
    if (mode === 'climb') {
      perSecond = within(base + (highest - base) * (busyMs / CLIMB_MS) ** 2)
      if (perSecond < highest) return
      marks = []
      wall = 0
      cruise(highest, REST_MS, now)
    } else if (mode === 'trial') {
      if (busyMs >= TRIAL_MS) cruise(perSecond, REST_AFTER_CUT_MS, now)
    } else if (mayClimb(now)) {
      mode = 'climb'
      busyMs = 0
      sentSinceClimb = 0
      refusedSinceClimb = 0
    }
  }

  function takeStep(seen: Evidence, now: number): void {
    evidence = undefined
    step += 1
    slot = now
    const limit = measure(seen)
    if (mode === 'cruise' && (limit === undefined || limit < base * 0.8)) stepBack(seen, now)
    else settle(seen, limit, now)
  }

  function settle(seen: Evidence, limit: number | undefined, now: number): void {
    const endedAt = seen.perSecond
    const trial = ((limit ?? base) + endedAt) / 2
    const isWorthATrial = mode === 'climb' && endedAt > wall * SAME_WALL && trial > (limit ?? base) * WORTH_A_TRIAL
    if (mode === 'climb') wall = endedAt
    const measured = (limit ?? 0) * HEADROOM
    // While it rested a bucket may have run over, and less than the limit was measured: what held is good.
    cruise(mode === 'cruise' ? measured : Math.max(base, measured), REST_MS, now)
    if (!isWorthATrial) return
    mode = 'trial'
    perSecond = within(trial)
  }

  /** @returns requests per second, or undefined when refusals are too close together or too far apart to tell */
  function measure(seen: Evidence): number | undefined {
    const mark = { at: seen.firstSentAt, accepted: accepted - seen.accepted }
    marks = [...marks.filter(({ at }) => mark.at - at <= MEASURED_OVER_MS.most), mark]
    const latest = marks.findLastIndex(({ at }) => mark.at - at >= MEASURED_OVER_MS.least)
    if (latest === -1) return undefined
    // The longer the more exact, unless the limit has changed on the way.
    const overall = ratePerSecond(marks[0] ?? mark, mark)
    const lately = ratePerSecond(marks[latest] ?? mark, mark)
    if (Math.abs(lately - overall) <= CHANGED_BY * overall) return overall
    marks = marks.slice(latest)
    return lately
  }

  function stepBack(seen: Evidence, now: number): void {
    // A window that is full of what a higher limit let in refuses everything until it has passed.
    if (now - cut.at < AGAIN_MS && accepted === cut.accepted && accepted !== waitedFor) {
      slot = now + WINDOW_MS
      waitedFor = accepted
    }
    cut = { at: now, accepted }
    wall = 0
    marks = marks.slice(-1)
    const all = seen.accepted + seen.refused
    const share = all >= 4 && seen.refused > 1 ? Math.max(LARGEST_STEP, seen.accepted / all) : STEP
    cruise(base * share, REST_AFTER_CUT_MS, now)
  }

  return {
    get perSecond() {
      return perSecond
    },
    readyAt: () => (evidence ? Math.max(slot, evidence.until) : slot),
    sent(now, since) {
      if (evidence) takeStep(evidence, now)
      const interval = 1_000 / perSecond
      if (changedAt === undefined) changedAt = now
      busyMs += Math.min(now - lastSentAt, 2 * interval)
      lastSentAt = now
      speedUp(now)
      const isOnTime = now - slot <= Math.max(CATCH_UP_MS, interval)
      const isPaced = isOnTime && now - since >= HELD_MS
      slot = (isOnTime ? slot : now) + 1_000 / perSecond
      inFlight += 1
      sentSinceClimb += 1
      return { at: now, perSecond, isPaced, step }
    },
    answered(sent, verdict, now) {
      inFlight -= 1
      if (verdict === 'accepted') accepted += 1
      if (verdict === 'refused') refusedSinceClimb += 1
      if (evidence) {
        if (sent.at >= evidence.firstSentAt && verdict === 'accepted') evidence.accepted += 1
        if (sent.at >= evidence.firstSentAt && verdict === 'refused') evidence.refused += 1
      } else if (verdict === 'refused' && sent.isPaced && sent.step === step && sent.perSecond > slowest) {
        const until = now + GATHER_MS
        evidence = { firstSentAt: sent.at, perSecond: sent.perSecond, until, accepted: 0, refused: 1 }
      }
      if (evidence && inFlight === 0) takeStep(evidence, now)
    },
  }
}
