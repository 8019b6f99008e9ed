import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import { sql, type Transaction } from 'kysely'
import { ONLY_FOR, publishable } from './attributes.ts'
import { parseJsonObject } from './json-object.ts'
import { insertOutboxRows } from './outbox.ts'

/** A message that was set aside with its reason, as it came. */
export interface NewDeadLetter {
  readonly topic: string
  /** Whose worker could not handle it. */
  readonly subscription: string
  readonly messageId: string
  readonly orderingKey: string | null
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly reason: string
}

export interface DeadLetter extends NewDeadLetter {
  readonly id: string
  readonly receivedAt: Date
  readonly replayedAt: Date | null
}

/** One statement; a message that is there already stays as it is. */
export async function insertDeadLettersOnce(tx: Transaction<Schema>, letters: readonly NewDeadLetter[]): Promise<void> {
  if (letters.length === 0) return
  const rows = letters.map((letter) => ({
    topic: letter.topic,
    subscription: letter.subscription,
    message_id: letter.messageId,
    ordering_key: letter.orderingKey,
    data: letter.data.toString('base64'),
    attributes: letter.attributes,
    reason: letter.reason.toWellFormed(),
  }))
  await sql`
    insert into dead_letters (topic, subscription, message_id, ordering_key, data, attributes, reason)
    select topic, subscription, message_id, ordering_key, decode(data, 'base64'), attributes, reason
    from jsonb_to_recordset(${JSON.stringify(rows).replaceAll('\\u0000', '\\ufffd')}::jsonb) as r(topic text,
      subscription text, message_id text, ordering_key text, data text, attributes jsonb, reason text)
    on conflict (subscription, message_id) do nothing`.execute(tx)
}

/** Newest first. @param options.before - the id of the last page's last letter */
export async function listDeadLetters(
  database: Database,
  options: { topic?: string; waitingOnly?: boolean; before?: string; limit: number },
): Promise<readonly DeadLetter[]> {
  const { topic, waitingOnly = false, before, limit } = options
  let query = database.selectFrom('dead_letters').selectAll()
  if (topic !== undefined) query = query.where('topic', '=', topic)
  if (waitingOnly) query = query.where('replayed_at', 'is', null)
  if (before !== undefined) {
    query = query.where(
      sql<boolean>`(received_at, id) < (select received_at, id from dead_letters where id = ${before})`,
    )
  }
  const rows = await query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return rows.map(letterOf)
}

export async function findDeadLetter(database: Database, id: string): Promise<DeadLetter | undefined> {
  const row = await database.selectFrom('dead_letters').selectAll().where('id', '=', id).executeTakeFirst()
  return row && letterOf(row)
}

/**
 * Has a dead letter delivered again, as it was, to the subscription that set it aside and to no other.
 * @returns why not: there is none, it was replayed before, or its data is no JSON object and would come straight back
 */
export async function replayDeadLetter(
  tx: Transaction<Schema>,
  id: string,
): Promise<'replayed' | 'not_found' | 'replayed_before' | 'unreadable'> {
  const row = await tx.selectFrom('dead_letters').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row) return 'not_found'
  if (row.replayed_at) return 'replayed_before'
  const letter = letterOf(row)
  const { data } = parseJsonObject(letter.data)
  if (!data) return 'unreadable'
  await insertOutboxRows(tx, [
    {
      topic: letter.topic,
      orderingKey: letter.orderingKey,
      data,
      attributes: { ...publishable(letter.attributes), [ONLY_FOR]: letter.subscription },
      deliverAt: null,
      delayMs: null,
    },
  ])
  await tx.updateTable('dead_letters').set({ replayed_at: new Date() }).where('id', '=', id).execute()
  return 'replayed'
}

interface Row {
  id: string
  topic: string
  subscription: string
  message_id: string
  ordering_key: string | null
  data: Buffer
  attributes: Record<string, string>
  reason: string
  received_at: Date
  replayed_at: Date | null
}

const letterOf = (row: Row): DeadLetter => ({
  id: row.id,
  topic: row.topic,
  subscription: row.subscription,
  messageId: row.message_id,
  orderingKey: row.ordering_key,
  data: row.data,
  attributes: row.attributes,
  reason: row.reason,
  receivedAt: row.received_at,
  replayedAt: row.replayed_at,
})
