/** How the emulator misbehaves, within what the real service may do. Rates are probabilities, 0 to 1. */
export type Knobs = {
  /** How many deliveries come a second time, acknowledged or not. 1: every message is delivered twice. */
  duplicateRate: number
  /** Waiting messages go out in random order; within an ordering key the order stays. */
  reorder: boolean
  /** A message waits up to this long, in milliseconds, before it is delivered for the first time. */
  delayMs: number
  /** How many acknowledgements are answered but forgotten, so that the message comes again when its lease ends. */
  lostAckRate: number
  /** How many publish requests fail with UNAVAILABLE and store nothing. */
  failPublishRate: number
  /** How many publish requests are stored and still fail with UNAVAILABLE: the client's retry makes a second message. */
  losePublishResponseRate: number
  /** Messages of one ordering key in a consumer's hands at once. A failed one is redelivered with all after it, acknowledged or not. */
  orderedBatch: number
  /** Where the dice start, so that a run can be repeated. */
  seed: number
}

export const NO_MISCHIEF: Readonly<Knobs> = {
  duplicateRate: 0,
  reorder: false,
  delayMs: 0,
  lostAckRate: 0,
  failPublishRate: 0,
  losePublishResponseRate: 0,
  orderedBatch: 1,
  seed: 1,
}

const isRate = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1
const isCount = (least: number) => (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least

const RULES: { readonly [name in keyof Knobs]: { holds: (value: unknown) => boolean; expected: string } } = {
  duplicateRate: { holds: isRate, expected: 'a number from 0 to 1' },
  reorder: { holds: (value) => typeof value === 'boolean', expected: 'true or false' },
  delayMs: { holds: isCount(0), expected: 'a whole number of milliseconds, 0 or more' },
  lostAckRate: { holds: isRate, expected: 'a number from 0 to 1' },
  failPublishRate: { holds: isRate, expected: 'a number from 0 to 1' },
  losePublishResponseRate: { holds: isRate, expected: 'a number from 0 to 1' },
  orderedBatch: { holds: isCount(1), expected: 'a whole number, 1 or more' },
  seed: { holds: isCount(0), expected: 'a whole number, 0 or more' },
}

/**
 * Checks settings that came from outside, some or all of them.
 * @throws RangeError that names the knob and what it accepts
 */
export function readKnobs(settings: unknown): Partial<Knobs> {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new RangeError('knobs: expected an object')
  }
  for (const [name, value] of Object.entries(settings)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof Knobs] : undefined
    if (!rule) throw new RangeError(`${name}: no such knob; there are ${Object.keys(RULES).join(', ')}`)
    if (!rule.holds(value)) throw new RangeError(`${name}: expected ${rule.expected}, not ${JSON.stringify(value)}`)
  }
  return settings
}

/** The knobs in force and the dice they are played with. */
export class Mischief {
  #knobs: Knobs = { ...NO_MISCHIEF }
  #state = NO_MISCHIEF.seed

  get knobs(): Readonly<Knobs> {
    return this.#knobs
  }

  /** @throws RangeError as {@link readKnobs} */
  set(settings: Partial<Knobs>): void {
    const checked = readKnobs(settings)
    this.#knobs = { ...this.#knobs, ...checked }
    if (checked.seed !== undefined) this.#state = checked.seed
  }

  happens(rate: number): boolean {
    return rate > 0 && this.random() < rate
  }

  /** The next throw, 0 ≤ x < 1, from a 32-bit generator (mulberry32): repeatable, which Math.random is not. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}
