import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A request as its operator named it. */
export interface RequestKey {
  readonly actor: string
  readonly key: string
}

/** What a request was, and how it was answered. */
export interface AnsweredRequest {
  /** SHA-256 of what was asked, in hex. */
  readonly digest: string
  /** HTTP, 200 to 499. */
  readonly status: number
  /** JSON. */
  readonly answer: object
}

/**
 * Takes a request's key until the transaction ends: of two that arrive at once the second waits, and finds the answer.
 * @returns what was answered before; undefined when the key is new
 */
export async function lockRequestKey(
  tx: Transaction<Schema>,
  { actor, key }: RequestKey,
): Promise<AnsweredRequest | undefined> {
  // A key that has no row yet cannot be locked as one. Two keys with one hash only wait for each other.
  const name = JSON.stringify(['admin_requests', actor, key])
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx)
  return tx
    .selectFrom('admin_requests')
    .select(['digest', 'status', 'answer'])
    .where('actor', '=', actor)
    .where('key', '=', key)
    .executeTakeFirst()
}

/** Keeps the answer of a request under its key, beside what the request did. @throws when the key has an answer */
export async function insertAdminRequest(
  tx: Transaction<Schema>,
  { actor, key }: RequestKey,
  { digest, status, answer }: AnsweredRequest,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('admin_requests')
    .values({ actor, key, digest, status, answer: JSON.stringify(answer), answered_at: now })
    .execute()
}

/** Forgets answers that were given so long ago that nobody asks for them again. */
export async function deleteAdminRequests(database: Database, { before }: { before: Date }): Promise<void> {
  await database.deleteFrom('admin_requests').where('answered_at', '<', before).execute()
}
