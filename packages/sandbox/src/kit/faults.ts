import { z } from 'zod'

/**
 * What a provider can be told to get wrong. `before` and `after` say whether the work has been done when it happens,
 * which is what a caller cannot know. The stored errors and the lock time-out are Stripe's own and strike nobody else.
 */
export const FAULT_KINDS = [
  'latency',
  'error-before',
  'error-after',
  'lost-response',
  'garbage-before',
  'garbage-after',
  'rate-limited',
  'insufficient-funds',
  'duplicate-callback',
  'late-callback',
  'stored-error-before',
  'stored-error-after',
  'lock-timeout',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

const probability = z.number().min(0).max(1)
/** The plan as JSON, for whoever switches faults over HTTP. */
export const faultPlanSchema = z.strictObject({
  /** How often each kind strikes where it can, 0 (never, the default) to 1 (always). */
  rates: z.partialRecord(z.enum(FAULT_KINDS), probability),
  /** The same seed gives the same subject the same faults, in whatever order subjects come. Default 1. */
  seed: z.int().default(1),
  /** At most this many strikes per kind and subject, so that faults stay transient. Default 2. */
  perSubject: z.int().min(0).default(2),
  /** Range of a struck request's extra latency, milliseconds. Default 20 to 250. */
  latencyMs: z.tuple([z.int().min(0), z.int().min(0)]).default([20, 250]),
  /** What Retry-After says when rate-limited, whole seconds. Default 1. */
  retryAfterSeconds: z.int().min(0).default(1),
  /** How much later than due a late callback is sent, milliseconds. Default 500: later than the one after it. */
  lateMs: z.int().min(0).default(500),
})
export type FaultPlan = z.input<typeof faultPlanSchema>

export const noFaults: FaultPlan = { rates: {} }

/** Every kind at one rate, 0 to 1. None of them changes what is right: each passes when the caller tries again. */
export function allTransientFaults(rate: number, seed = 1): FaultPlan {
  return { rates: Object.fromEntries(FAULT_KINDS.map((kind) => [kind, rate])), seed }
}

/** A fault that is certain: the next `times` occasions, whatever the plan's rates and limits say. */
export interface ScriptedFault {
  readonly kind: FaultKind
  /** Only for this subject; any when left out. */
  readonly subject?: string
  /** Only on this route, e.g. `POST /v1/payouts`; any when left out. */
  readonly route?: string
  /** Default 1. */
  readonly times?: number
}

export interface Faults {
  /** Replaces the plan, forgets scripted faults and starts the counts per subject anew. @throws ZodError for rates outside 0..1. */
  set(plan: FaultPlan): void
  /** Adds a fault that is certain to strike. */
  script(fault: ScriptedFault): void
  /** Whether this kind strikes now; asking is the occasion, so ask once per occasion. */
  strikes(kind: FaultKind, subject: string, route?: string): boolean
  /** Extra latency of this request, milliseconds; 0 when latency does not strike. */
  latencyMs(subject: string, route?: string): number
  readonly retryAfterSeconds: number
  readonly lateMs: number
  /** Strikes so far per kind, since the start. */
  injected(): Record<FaultKind, number>
}

/** The faults of one provider. */
export function createFaults(initial: FaultPlan = noFaults): Faults {
  let plan = faultPlanSchema.parse(initial)
  let tallies = new Map<string, { asked: number; struck: number }>()
  const scripts: { fault: ScriptedFault; left: number }[] = []
  const injected = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>

  function scripted(kind: FaultKind, subject: string, route?: string): boolean {
    const index = scripts.findIndex(
      ({ fault }) =>
        fault.kind === kind &&
        (fault.subject === undefined || fault.subject === subject) &&
        (fault.route === undefined || fault.route === route),
    )
    const script = scripts[index]
    if (!script) return false
    script.left -= 1
    if (script.left === 0) scripts.splice(index, 1)
    return true
  }

  function strikes(kind: FaultKind, subject: string, route?: string): boolean {
    if (scripts.length > 0 && scripted(kind, subject, route)) {
      injected[kind] += 1
      return true
    }
    const rate = plan.rates[kind] ?? 0
    if (rate === 0) return false
    const key = `${kind} ${subject}`
    const tally = tallies.get(key) ?? { asked: 0, struck: 0 }
    tallies.set(key, tally)
    tally.asked += 1
    if (tally.struck >= plan.perSubject || drawn(`${plan.seed} ${key} ${tally.asked}`) >= rate) return false
    tally.struck += 1
    injected[kind] += 1
    return true
  }

  return {
    set(next) {
      plan = faultPlanSchema.parse(next)
      tallies = new Map()
      scripts.length = 0
    },
    script(fault) {
      scripts.push({ fault, left: fault.times ?? 1 })
    },
    strikes,
    latencyMs(subject, route) {
      if (!strikes('latency', subject, route)) return 0
      const [least, most] = plan.latencyMs
      return Math.round(least + drawn(`${plan.seed} ms ${subject} ${injected.latency}`) * Math.max(0, most - least))
    },
    get retryAfterSeconds() {
      return plan.retryAfterSeconds
    },
    get lateMs() {
      return plan.lateMs
    },
    injected: () => ({ ...injected }),
  }
}

/**
 * A number from 0 (included) to 1 (excluded) that depends on the text alone: requests interleave differently in every
 * run, so a shared sequence of random numbers would not repeat.
 */
export function drawn(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
