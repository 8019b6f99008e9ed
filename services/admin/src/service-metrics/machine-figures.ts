import { type Figures, type Series, seriesOf } from './prometheus-text.ts'
import { growthOf, type ServiceHistory } from './service-history.ts'

/** How the calls of a provider went. */
export interface ProviderFigures {
  readonly name: string
  readonly calls: number
  /** Answered, with a status from 400 that is the caller's doing. */
  readonly refused: number
  /** No answer, one that says that the provider is at fault, or that it is asked too often. */
  readonly failed: number
  /** Half of the calls took no longer, milliseconds; null without a call. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** Calls under way at once, on average, over the last minute or so. */
  readonly inUse: number
}

/** How the messages of a subscription went. */
export interface SubscriptionFigures {
  readonly name: string
  readonly done: number
  readonly retried: number
  /** Set aside, unreadable, or thrown at. */
  readonly failed: number
  /** Over the last minute or so. */
  readonly perMinute: number
  /** Taken and not yet answered, of services that answered within the last minute. */
  readonly inHand: number
  /** Since the oldest of those was published. */
  readonly oldestSeconds: number
}

export interface ServiceState {
  readonly name: string
  /** When it last told something; null: never. */
  readonly at: Date | null
  readonly trouble: string | null
  /** Over how long its figures go; less than an hour for one that began, or is watched, for less. */
  readonly windowSeconds: number
}

export interface MachineFigures {
  readonly services: readonly ServiceState[]
  readonly providers: readonly ProviderFigures[]
  readonly subscriptions: readonly SubscriptionFigures[]
}

/** Gauges of a service that has been silent for longer say nothing of now. */
const FRESH_MS = 60_000

/** @param windowMs - how far back figures go */
export function machineFigures(
  histories: readonly ServiceHistory[],
  { now, windowMs }: { now: Date; windowMs: number },
): MachineFigures {
  const providers = new Map<string, ProviderSum>()
  const subscriptions = new Map<string, SubscriptionSum>()
  const services = histories.map(({ name, scrapes, trouble }): ServiceState => {
    const last = scrapes.at(-1)
    const whole = growthOf(scrapes, windowMs)
    addProviders(providers, whole.figures)
    addHandled(subscriptions, whole.figures)
    const isFresh = last !== undefined && now.getTime() - last.at.getTime() <= FRESH_MS
    if (last && isFresh) {
      const [before] = scrapes.slice(-2)
      const recent = before === last ? whole : growthOf(scrapes.slice(-2), 0)
      addRates(providers, subscriptions, recent)
      addInHand(subscriptions, last.figures)
    }
    return { name, at: last?.at ?? null, trouble, windowSeconds: Math.round(whole.seconds) }
  })
  return {
    services,
    providers: [...providers].map(([name, sum]) => providerOf(name, sum)).sort(byName),
    subscriptions: [...subscriptions].map(([name, sum]) => ({ name, ...sum })).sort(byName),
  }
}

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1)

interface ProviderSum {
  calls: number
  refused: number
  failed: number
  inUse: number
  /** Calls that took no longer than so many seconds, cumulative. */
  readonly buckets: Map<number, number>
}

type SubscriptionSum = { -readonly [Field in Exclude<keyof SubscriptionFigures, 'name'>]: number }

const providerSum = (sums: Map<string, ProviderSum>, name: string): ProviderSum =>
  kept(sums, name, () => ({ calls: 0, refused: 0, failed: 0, inUse: 0, buckets: new Map() }))
const subscriptionSum = (sums: Map<string, SubscriptionSum>, name: string): SubscriptionSum =>
  kept(sums, name, () => ({ done: 0, retried: 0, failed: 0, perMinute: 0, inHand: 0, oldestSeconds: 0 }))

function kept<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}

function* withSeries(figures: Figures): Generator<readonly [Series, number]> {
  for (const [key, figure] of figures) yield [seriesOf(key), figure]
}

function addProviders(sums: Map<string, ProviderSum>, figures: Figures): void {
  for (const [{ name, labels }, figure] of withSeries(figures)) {
    const { provider, outcome = '', le } = labels
    if (provider === undefined) continue
    const sum = providerSum(sums, provider)
    if (name === 'remesa_provider_call_seconds_bucket') {
      const bound = le === '+Inf' ? Infinity : Number(le)
      sum.buckets.set(bound, (sum.buckets.get(bound) ?? 0) + figure)
    }
    if (name !== 'remesa_provider_call_seconds_count') continue
    sum.calls += figure
    const ended = endOf(outcome)
    if (ended !== 'ok') sum[ended] += figure
  }
}

/** @param outcome - `ok`, an HTTP status, or a word for no answer at all */
function endOf(outcome: string): 'ok' | 'refused' | 'failed' {
  if (outcome === 'ok') return 'ok'
  return /^4\d\d$/.test(outcome) && outcome !== '429' && outcome !== '408' ? 'refused' : 'failed'
}

function addHandled(sums: Map<string, SubscriptionSum>, figures: Figures): void {
  for (const [{ name, labels }, figure] of withSeries(figures)) {
    if (name !== 'remesa_messages_handled_total' || labels.subscription === undefined) continue
    const sum = subscriptionSum(sums, labels.subscription)
    if (labels.outcome === 'done') sum.done += figure
    else if (labels.outcome === 'retry') sum.retried += figure
    else sum.failed += figure
  }
}

function addRates(
  providers: Map<string, ProviderSum>,
  subscriptions: Map<string, SubscriptionSum>,
  { seconds, figures }: { seconds: number; figures: Figures },
): void {
  if (seconds <= 0) return
  for (const [{ name, labels }, figure] of withSeries(figures)) {
    // Little's law: what was spent in calls, by the time that passed, is how many were under way.
    if (name === 'remesa_provider_call_seconds_sum' && labels.provider !== undefined) {
      providerSum(providers, labels.provider).inUse += figure / seconds
    }
    if (name === 'remesa_messages_handled_total' && labels.subscription !== undefined) {
      subscriptionSum(subscriptions, labels.subscription).perMinute += (figure / seconds) * 60
    }
  }
}

function addInHand(sums: Map<string, SubscriptionSum>, figures: Figures): void {
  for (const [{ name, labels }, figure] of withSeries(figures)) {
    if (labels.subscription === undefined) continue
    const sum = subscriptionSum(sums, labels.subscription)
    if (name === 'remesa_messages_in_hand') sum.inHand += figure
    if (name === 'remesa_oldest_message_seconds') sum.oldestSeconds = Math.max(sum.oldestSeconds, figure)
  }
}

const providerOf = (name: string, { buckets, inUse, ...counts }: ProviderSum): ProviderFigures => ({
  ...{ name, ...counts, inUse: Math.round(inUse * 100) / 100 },
  ...{ p50Ms: quantileMs(buckets, 0.5), p95Ms: quantileMs(buckets, 0.95) },
})

/**
 * As Prometheus estimates it: calls are thought to be spread evenly within their bucket. Of what took longer than the
 * last bound only that bound is known.
 */
export function quantileMs(buckets: ReadonlyMap<number, number>, quantile: number): number | null {
  const bounds = [...buckets].sort(([one], [other]) => one - other)
  const total = bounds.at(-1)?.[1] ?? 0
  if (total === 0) return null
  const rank = quantile * total
  let [floor, below] = [0, 0]
  for (const [bound, count] of bounds) {
    if (count >= rank) {
      if (bound === Infinity) return Math.round(floor * 1_000)
      const share = count === below ? 1 : (rank - below) / (count - below)
      return Math.round((floor + (bound - floor) * share) * 1_000)
    }
    ;[floor, below] = [bound, count]
  }
  return Math.round(floor * 1_000)
}
