import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import { sql, type Transaction } from 'kysely'

/** A row that a relay has claimed. */
export interface ClaimedRow {
  readonly id: bigint
  readonly topic: string
  readonly orderingKey: string | null
  /** JSON text, as it is published. */
  readonly data: string
  readonly attributes: Readonly<Record<string, string>>
  /** How often publishing it has failed. */
  readonly failures: number
}

/**
 * Takes rows that are due out of the outbox, for this transaction alone: rows without an ordering key one by one, the
 * others by whole key, whose lock lasts until the transaction ends, so that two relays never publish one key at once.
 * Rows of a key come in the order of their insertion.
 */
export async function claimDueRows(tx: Transaction<Schema>, limit: number): Promise<readonly ClaimedRow[]> {
  const { rows: taken } = await sql<PlainRow | KeyRow>`
    with plain as (
      select id from outbox where ordering_key is null and deliver_at <= now()
      order by deliver_at, id limit ${limit} for update skip locked
    ), deleted as (
      delete from outbox o using plain where o.id = plain.id
      returning o.id, o.topic, o.data::text, o.attributes
    ), next_keyed as materialized (
      select topic, ordering_key from outbox where ordering_key is not null and deliver_at <= now()
      order by deliver_at, id limit ${limit * 4}
    ), next_keys as materialized (
      select distinct topic, ordering_key from next_keyed
    )
    select id, topic, null as ordering_key, data, attributes from deleted
    union all (
      select null, topic, ordering_key, null, null from next_keys
      where pg_try_advisory_xact_lock(hashtextextended(topic || ' ' || ordering_key, 0)) limit ${limit}
    )`.execute(tx)
  const plain: ClaimedRow[] = []
  const keys: KeyRow[] = []
  for (const row of taken) row.id === null ? keys.push(row) : plain.push(claimed(row))
  return keys.length === 0 ? plain : [...plain, ...(await claimKeys(tx, keys, limit))]
}

/**
 * A statement of its own, begun when the locks were held: an earlier snapshot could still show rows that the last
 * holder published, or hide those that it had to put back. A key whose publication failed waits as a whole.
 */
async function claimKeys(tx: Transaction<Schema>, keys: readonly KeyRow[], limit: number): Promise<ClaimedRow[]> {
  const { rows } = await sql<PlainRow & { ordering_key: string }>`
    with keys as materialized (
      select k.topic, k.ordering_key from unnest(${keys.map((key) => key.topic)}::text[],
        ${keys.map((key) => key.ordering_key)}::text[]) as k(topic, ordering_key)
      where not exists (
        select from outbox f where f.topic = k.topic and f.ordering_key = k.ordering_key
          and f.deliver_at > now() and f.attributes ? ${FAILURES}
      )
    ), due as (
      select d.id from keys k cross join lateral (
        select id from outbox o where o.topic = k.topic and o.ordering_key = k.ordering_key and o.deliver_at <= now()
        order by id limit ${ROWS_PER_KEY}
      ) d limit ${limit}
    )
    delete from outbox o using due where o.id = due.id
    returning o.id, o.topic, o.ordering_key, o.data::text, o.attributes`.execute(tx)
  return rows.map(claimed).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * Puts rows back that could not be published, as they were and with the same place in the order, due again after a
 * back-off that doubles with each failure.
 */
export async function putBack(tx: Transaction<Schema>, rows: readonly ClaimedRow[]): Promise<void> {
  if (rows.length === 0) return
  const again = rows.map((row) => {
    const failures = row.failures + 1
    return {
      id: String(row.id),
      topic: row.topic,
      ordering_key: row.orderingKey,
      data: JSON.parse(row.data) as object,
      attributes: { ...row.attributes, [FAILURES]: String(failures) },
      delay_ms: Math.min(MAXIMUM_DELAY_MS, MINIMUM_DELAY_MS * 2 ** (failures - 1)),
    }
  })
  await sql`
    insert into outbox (id, topic, ordering_key, data, attributes, deliver_at) overriding system value
    select id, topic, ordering_key, data, attributes, now() + delay_ms * interval '1 millisecond'
    from jsonb_to_recordset(${JSON.stringify(again)}::jsonb)
      as r(id bigint, topic text, ordering_key text, data jsonb, attributes jsonb, delay_ms float8)`.execute(tx)
}

/** One probe of each index, which is all that an idle relay costs. @returns infinity when the outbox is empty */
export async function millisecondsUntilDue(database: Database): Promise<number> {
  const { rows } = await sql<{ ms: number | null }>`
    select extract(epoch from least(
      (select min(deliver_at) from outbox where ordering_key is null),
      (select min(deliver_at) from outbox where ordering_key is not null)
    ) - now())::float8 * 1000 as ms`.execute(database)
  return rows[0]?.ms ?? Number.POSITIVE_INFINITY
}

/** @returns rows counted up to 10,000 of either kind: beyond that the number is only "many", and counting on would cost */
export async function measureLag(database: Database): Promise<{ rows: number; oldestSeconds: number }> {
  const { rows } = await sql<{ rows: number; oldest_seconds: number }>`
    select count(*)::int as rows, coalesce(extract(epoch from now() - min(deliver_at)), 0)::float8 as oldest_seconds
    from (
      (select deliver_at from outbox where ordering_key is null and deliver_at <= now() order by deliver_at limit 10000)
      union all
      (select deliver_at from outbox where ordering_key is not null and deliver_at <= now()
       order by deliver_at limit 10000)
    ) due`.execute(database)
  return { rows: rows[0]?.rows ?? 0, oldestSeconds: rows[0]?.oldest_seconds ?? 0 }
}

/** An attribute that only rows of the outbox have, not the messages: how often publishing them has failed. */
const FAILURES = 'publishFailures'
/** Of one key, so that a long one does not fill the batch. */
const ROWS_PER_KEY = 100
const MINIMUM_DELAY_MS = 250
const MAXIMUM_DELAY_MS = 60_000

interface PlainRow {
  id: bigint
  topic: string
  ordering_key: string | null
  data: string
  attributes: Record<string, string>
}
interface KeyRow {
  id: null
  topic: string
  ordering_key: string
}

function claimed({ id, topic, ordering_key, data, attributes }: PlainRow): ClaimedRow {
  const { [FAILURES]: failures = '0', ...published } = attributes
  return { id, topic, orderingKey: ordering_key, data, attributes: published, failures: Number(failures) }
}
