import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A callback of a provider, by the provider's own id of it. */
export interface WebhookEvent {
  readonly provider: string
  readonly eventId: string
}

/**
 * Remembers callbacks in one statement.
 * @returns those that had not come before, each once, by their place in `events`
 */
export async function insertWebhookEventsOnce(
  tx: Transaction<Schema>,
  events: readonly WebhookEvent[],
): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ provider: string; event_id: string }>`
    insert into webhook_events (provider, event_id)
    select distinct provider, "eventId"
    from jsonb_to_recordset(${JSON.stringify(events)}::jsonb) as e(provider text, "eventId" text)
    order by provider, "eventId"
    on conflict do nothing
    returning provider, event_id`.execute(tx)
  const fresh = new Set(rows.map(({ provider, event_id }) => `${provider}:${event_id}`))
  const places = new Set<number>()
  events.forEach(({ provider, eventId }, place) => {
    if (fresh.delete(`${provider}:${eventId}`)) places.add(place)
  })
  return places
}

/**
 * Forgets callbacks that came before a moment; one of them that came again would be taken for new.
 * @returns how many there were
 */
export async function deleteWebhookEvents(database: Database, { before }: { before: Date }): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from webhook_events where received_at < ${before}`.execute(database)
  return Number(numAffectedRows)
}
