import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** How the handling of one message ended: what the handler answered, or what kept it from answering. */
export type MessageOutcome = 'done' | 'retry' | 'reject' | 'unreadable' | 'threw'

/** What workers, clients and the outbox relay report; all names begin with `remesa_`, all times are seconds. */
export interface Metrics {
  readonly registry: Registry
  messageHandled(labels: { subscription: string; outcome: MessageOutcome }): void
  /** One call of a handler, with however many messages. */
  batchHandled(labels: { subscription: string }, observed: { messages: number; seconds: number }): void
  /** @param labels.outcome - a short word of a small set (`ok`, `unavailable`, …): each new word is a new time series */
  providerCall(labels: { provider: string; operation: string; outcome: string }, observed: { seconds: number }): void
  /**
   * What a worker has taken and not yet answered, asked for at each scrape: `oldestSeconds` since it was published, which
   * is how late the subscription is.
   */
  messagesInHand(labels: { subscription: string }, read: () => { messages: number; oldestSeconds: number }): void
  /** @param labels.route - as it is registered, never the address: each new word is a new time series */
  requestAnswered(labels: { method: string; route: string; status: number }, observed: { seconds: number }): void
  published(labels: { topic: string }, observed: { messages: number }): void
  /** Messages that stay in the outbox, to be tried again. */
  publishFailed(labels: { topic: string }, observed: { messages: number }): void
  /** What is due in the outbox and not yet published: how many rows, and how long the oldest has been due. */
  outboxLag(observed: { rows: number; oldestSeconds: number }): void
}

/** Often enough to see what holds a process up; every 10 ms, as is the default, is most of what an idle one does. */
const EVENT_LOOP_SAMPLE_MS = 50

/** Adds the process's own figures (memory, CPU, event loop), which are gathered until it ends: once per process. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS })
}

/** A registry of its own with our figures, labelled with the service. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  registry.setDefaultLabels({ service })

  const messages = new Counter({
    name: 'remesa_messages_handled_total',
    help: 'Messages handled, by subscription and outcome',
    labelNames: ['subscription', 'outcome'] as const,
    registers,
  })
  const batches = new Histogram({
    name: 'remesa_batch_seconds',
    help: 'How long a handler took for a batch of messages',
    labelNames: ['subscription'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  const batchSizes = new Histogram({
    name: 'remesa_batch_messages',
    help: 'How many messages a handler was given at once',
    labelNames: ['subscription'] as const,
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
    registers,
  })
  const calls = new Histogram({
    name: 'remesa_provider_call_seconds',
    help: 'How long calls to an outside API took, by outcome',
    labelNames: ['provider', 'operation', 'outcome'] as const,
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  const readsInHand = new Map<string, () => { messages: number; oldestSeconds: number }>()
  new Gauge({
    name: 'remesa_messages_in_hand',
    help: 'Messages that a worker has taken and not yet answered',
    labelNames: ['subscription'] as const,
    registers,
    collect() {
      for (const [subscription, read] of readsInHand) this.set({ subscription }, read().messages)
    },
  })
  new Gauge({
    name: 'remesa_oldest_message_seconds',
    help: 'How long ago the oldest message in hand was published; 0 when none is in hand',
    labelNames: ['subscription'] as const,
    registers,
    collect() {
      for (const [subscription, read] of readsInHand) this.set({ subscription }, read().oldestSeconds)
    },
  })
  const requests = new Histogram({
    name: 'remesa_http_request_seconds',
    help: 'How long requests took to be answered, by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const publications = new Counter({
    name: 'remesa_messages_published_total',
    help: 'Messages published from the outbox',
    labelNames: ['topic'] as const,
    registers,
  })
  const publicationFailures = new Counter({
    name: 'remesa_publish_failures_total',
    help: 'Messages whose publication from the outbox failed; each try counts',
    labelNames: ['topic'] as const,
    registers,
  })
  const outboxRows = new Gauge({ name: 'remesa_outbox_due_rows', help: 'Outbox rows that are due', registers })
  const outboxOldest = new Gauge({
    name: 'remesa_outbox_oldest_due_seconds',
    help: 'How long the oldest due outbox row has been due',
    registers,
  })

  return {
    registry,
    messageHandled: (labels) => messages.inc(labels),
    batchHandled(labels, observed) {
      batches.observe(labels, observed.seconds)
      batchSizes.observe(labels, observed.messages)
    },
    providerCall: (labels, { seconds }) => calls.observe(labels, seconds),
    messagesInHand: ({ subscription }, read) => void readsInHand.set(subscription, read),
    requestAnswered: (labels, { seconds }) => requests.observe(labels, seconds),
    published: (labels, observed) => publications.inc(labels, observed.messages),
    publishFailed: (labels, observed) => publicationFailures.inc(labels, observed.messages),
    outboxLag({ rows, oldestSeconds }) {
      outboxRows.set(rows)
      outboxOldest.set(oldestSeconds)
    },
  }
}
