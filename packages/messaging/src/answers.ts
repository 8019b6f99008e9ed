import type { Database } from '@remesa/database/connection'
import type { MessageOutcome } from '@remesa/service-kit/metrics'
import { countOf, ONLY_FOR, publishable, RETRIES, THROWN } from './attributes.ts'
import { insertDeadLettersOnce, type NewDeadLetter } from './dead-letters.ts'
import type { Verdict } from './handler.ts'
import { insertOutboxRows, type OutboxRow } from './outbox.ts'
import type { Delivery, Reading } from './read-delivery.ts'
import type { AnyTopic } from './topic.ts'

/** What is written down before a message is acknowledged. */
export type Answer =
  | { readonly kind: 'nothing' }
  /** `counts` are the attributes that tell of its tries. */
  | {
      readonly kind: 'again'
      readonly afterMs: number
      readonly counts: Readonly<Record<string, string>>
      readonly reason: string
    }
  | { readonly kind: 'set-aside'; readonly reason: string }

export interface Answered {
  readonly delivery: Delivery
  readonly reading: Reading<object>
  readonly answer: Answer
  readonly outcome: MessageOutcome | 'not-ours'
  /** Of a handler that threw. */
  readonly error?: unknown
}

/**
 * @param verdict - of the handler, for a message that could be read
 * @param maxThrows - how often a message may throw before it is set aside
 */
export function answerDelivery(
  delivery: Delivery,
  reading: Reading<object>,
  verdict: Verdict | undefined,
  maxThrows: number,
): Answered {
  const about = { delivery, reading }
  if (reading.kind === 'for-another') return { ...about, outcome: 'not-ours', answer: { kind: 'nothing' } }
  if (reading.kind === 'unreadable') {
    return { ...about, outcome: 'unreadable', answer: { kind: 'set-aside', reason: reading.reason } }
  }
  switch (verdict?.kind) {
    case 'done':
      return { ...about, outcome: 'done', answer: { kind: 'nothing' } }
    case 'retry': {
      const { [THROWN]: thrown } = delivery.attributes
      const counts = {
        [RETRIES]: String(reading.message.retries + 1),
        ...(thrown !== undefined && { [THROWN]: thrown }),
      }
      const { reason } = verdict
      return {
        ...about,
        outcome: 'retry',
        answer: { kind: 'again', afterMs: milliseconds(verdict.afterMs), counts, reason },
      }
    }
    case 'reject':
      return { ...about, outcome: 'reject', answer: { kind: 'set-aside', reason: verdict.reason } }
    default: {
      const error = verdict ? verdict.error : new Error('the handler gave no verdict')
      return { ...about, outcome: 'threw', error, answer: afterThrow(delivery, error, maxThrows) }
    }
  }
}

function afterThrow({ attributes }: Delivery, error: unknown, maxThrows: number): Answer {
  const thrown = countOf(attributes, THROWN) + 1
  const reason = `threw ${thrown} times: ${error instanceof Error ? error.message : error}`
  if (thrown >= maxThrows) return { kind: 'set-aside', reason }
  const afterMs = Math.min(MAXIMUM_BACKOFF_MS, MINIMUM_BACKOFF_MS * 2 ** (thrown - 1))
  return { kind: 'again', afterMs: afterMs * (0.75 + Math.random() / 2), counts: { [THROWN]: String(thrown) }, reason }
}

const MINIMUM_BACKOFF_MS = 1000
const MAXIMUM_BACKOFF_MS = 600_000
/** A number that PostgreSQL takes as a delay: a handler's arithmetic must not cost its message. */
const milliseconds = (ms: number) => (Number.isFinite(ms) ? Math.min(Math.max(0, ms), 366 * 86_400_000) : 0)

/**
 * Writes down what must outlive the acknowledgements, messages that come again and dead letters, in one transaction.
 */
export async function recordAnswers(
  database: Database,
  { topic, subscription }: { topic: AnyTopic; subscription: string },
  answered: readonly Answered[],
): Promise<void> {
  const again: OutboxRow[] = []
  const setAside: NewDeadLetter[] = []
  for (const { delivery, reading, answer } of answered) {
    const orderingKey = delivery.orderingKey || null
    if (answer.kind === 'again' && reading.kind === 'message') {
      const attributes = { ...publishable(delivery.attributes), ...answer.counts, [ONLY_FOR]: subscription }
      const { raw: data } = reading
      again.push({ topic: topic.name, orderingKey, data, attributes, deliverAt: null, delayMs: answer.afterMs })
    } else if (answer.kind === 'set-aside') {
      const { id: messageId, data, attributes } = delivery
      setAside.push({
        topic: topic.name,
        subscription,
        messageId,
        orderingKey,
        data,
        attributes,
        reason: answer.reason,
      })
    }
  }
  if (again.length + setAside.length === 0) return
  await database.transaction().execute(async (tx) => {
    await insertOutboxRows(tx, again)
    await insertDeadLettersOnce(tx, setAside)
  })
}
