import { createPacer, type PacerOptions, type Sent } from '../src/pacer.ts'

/** How a provider counts: a bucket with so many requests' worth, or a window of one second. */
export type LimitModel = { readonly kind: 'bucket'; readonly burstSeconds: number } | { readonly kind: 'window' }

export interface Scenario {
  readonly model: LimitModel
  /** What the provider allows, requests per second, from each time on, seconds. */
  readonly limits: readonly { readonly from: number; readonly perSecond: number }[]
  readonly seconds: number
  readonly latencyMs: number
  /** A refusal comes without the work. Default: as late as any answer. */
  readonly refusalLatencyMs?: number
  /** Answers scatter by up to so much. */
  readonly jitterMs?: number
  readonly processes?: number
  readonly pacer: PacerOptions
  readonly seed?: number
}

export interface Course {
  /** Accepted and refused requests of each whole second. */
  readonly accepted: readonly number[]
  readonly refused: readonly number[]
  readonly byProcess: readonly number[]
  /** Sums from one second to another, the latter excluded. */
  between(from: number, to: number): { accepted: number; refused: number; perSecond: number; refusedShare: number }
}

/** Runs pacers against a limit in simulated time: every process always has something to send. */
export function simulate(scenario: Scenario): Course {
  const { seconds, latencyMs, refusalLatencyMs = latencyMs, jitterMs = 0, processes = 1, limits } = scenario
  const random = seeded(scenario.seed ?? 1)
  const admit = provider(scenario.model)
  const pacers = Array.from({ length: processes }, () => createPacer(scenario.pacer))
  const accepted = new Array<number>(seconds).fill(0)
  const refused = new Array<number>(seconds).fill(0)
  const byProcess = new Array<number>(processes).fill(0)
  const answers: { at: number; process: number; sent: Sent; ok: boolean }[] = []
  const limitAt = (now: number) => limits.findLast(({ from }) => from * 1_000 <= now)?.perSecond ?? 0

  const nextAt = () => Math.ceil(Math.min(answers[0]?.at ?? Infinity, ...pacers.map((pacer) => pacer.readyAt())))

  for (let now = 0; now < seconds * 1_000; now = Math.max(now + 1, nextAt())) {
    while (answers[0] && answers[0].at <= now) {
      const answer = answers.shift()
      if (answer) pacers[answer.process]?.answered(answer.sent, answer.ok ? 'accepted' : 'refused', now)
    }
    for (const [process, pacer] of pacers.entries()) {
      while (pacer.readyAt() <= now) {
        const sent = pacer.sent(now, now - 1_000)
        const ok = admit(now, limitAt(now))
        const second = Math.floor(now / 1_000)
        const counts = ok ? accepted : refused
        counts[second] = (counts[second] ?? 0) + 1
        if (ok) byProcess[process] = (byProcess[process] ?? 0) + 1
        const at = now + (ok ? latencyMs : refusalLatencyMs) + random() * jitterMs
        const place = answers.findIndex((other) => other.at > at)
        answers.splice(place === -1 ? answers.length : place, 0, { at, process, sent, ok })
      }
    }
  }
  return {
    accepted,
    refused,
    byProcess,
    between(from, to) {
      const sum = (counts: readonly number[]) => counts.slice(from, to).reduce((total, count) => total + count, 0)
      const [good, bad] = [sum(accepted), sum(refused)]
      return { accepted: good, refused: bad, perSecond: good / (to - from), refusedShare: bad / (good + bad) }
    },
  }
}

function provider(model: LimitModel): (now: number, limit: number) => boolean {
  if (model.kind === 'window') {
    const times: number[] = []
    return (now, limit) => {
      while (times[0] !== undefined && times[0] <= now - 1_000) times.shift()
      if (times.length >= limit) return false
      times.push(now)
      return true
    }
  }
  let tokens = Number.POSITIVE_INFINITY
  let filledAt = 0
  return (now, limit) => {
    tokens = Math.min(Math.max(1, limit * model.burstSeconds), tokens + ((now - filledAt) / 1_000) * limit)
    filledAt = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}

/** A small generator, so that a run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
