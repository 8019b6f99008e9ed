import { randomUUID } from 'node:crypto'
import type { Schema } from '@remesa/database/schema'
import { currentTraceparent } from '@remesa/service-kit/trace'
import { sql, type Transaction } from 'kysely'
import { z } from 'zod'
import type { Topic } from './topic.ts'

/** What is to be published. */
export interface OutgoingMessage<Data extends object> {
  readonly data: Data
  /** Where it differs from what the topic derives from the data. */
  readonly orderingKey?: string
  /** Not before this moment; at once when absent. The durable timer of the system: no process has to stay alive for it. */
  readonly deliverAt?: Date
}

/** Attributes that each message of ours carries; `traceparent` beside them, within a trace. */
export interface MessageAttributes extends Record<string, string> {
  eventId: string
  schemaVersion: string
  occurredAt: string
}

/**
 * Writes messages down beside the state they tell of; the relay publishes them once the transaction has committed, at
 * least once, those of one ordering key in the order of their insertion. One statement, whatever their number.
 * @throws Error naming topic and field when data does not fit the topic's schema: a bug of the caller
 */
export async function enqueue<Data extends object>(
  tx: Transaction<Schema>,
  topic: Topic<Data>,
  messages: readonly OutgoingMessage<NoInfer<Data>>[],
): Promise<void> {
  const common = { schemaVersion: String(topic.schemaVersion), occurredAt: new Date().toISOString(), ...trace() }
  await insertOutboxRows(
    tx,
    messages.map(({ data, orderingKey, deliverAt }) => {
      const checked = check(topic, data)
      return {
        topic: topic.name,
        orderingKey: orderingKey ?? topic.orderingKeyOf?.(checked) ?? null,
        data: checked,
        attributes: { eventId: randomUUID(), ...common },
        deliverAt: deliverAt?.toISOString() ?? null,
        delayMs: null,
      }
    }),
  )
}

/** A row before it is one. Its delay is counted from the database's own clock, which also decides when it is due. */
export interface OutboxRow {
  readonly topic: string
  readonly orderingKey: string | null
  readonly data: object
  readonly attributes: Readonly<Record<string, string>>
  readonly deliverAt: string | null
  readonly delayMs: number | null
}

/** As they are: for messages that were checked when they came. */
export async function insertOutboxRows(tx: Transaction<Schema>, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return
  // One JSON parameter costs a fraction of a values list: nothing to plan per row, nothing to escape twice.
  await sql`
    insert into outbox (topic, ordering_key, data, attributes, deliver_at)
    select topic, "orderingKey", data, attributes,
      coalesce("deliverAt", now()) + coalesce("delayMs", 0) * interval '1 millisecond'
    from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as (topic text, "orderingKey" text, data jsonb,
      attributes jsonb, "deliverAt" timestamptz, "delayMs" float8)) with ordinality as r(topic, "orderingKey", data,
      attributes, "deliverAt", "delayMs", position)
    order by position`.execute(tx)
}

function check<Data extends object>(topic: Topic<Data>, data: Data): Data {
  const parsed = topic.schema.safeParse(data)
  if (parsed.success) return parsed.data
  throw new Error(`data does not fit ${topic.name}: ${z.prettifyError(parsed.error)}`)
}

function trace(): { traceparent?: string } {
  const traceparent = currentTraceparent()
  return traceparent ? { traceparent } : {}
}
