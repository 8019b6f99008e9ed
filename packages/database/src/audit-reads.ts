import { sql } from 'kysely'
import { type AuditEntry, findAuditEntries } from './audit-rows.ts'
import type { Database } from './connection.ts'

// The audit log as people look through it.

export interface AuditFilter {
  readonly subjectType?: string
  readonly subjectId?: string
  readonly actor?: string
  readonly action?: string
  /** The last id of the page before. */
  readonly after?: bigint
  readonly limit: number
}

/** Rows, newest first. */
export async function listAudit(database: Database, which: AuditFilter): Promise<readonly AuditEntry[]> {
  const { actor } = which
  const conditions = [
    which.subjectType !== undefined && sql`subject_type = ${which.subjectType}`,
    which.subjectId !== undefined && sql`subject_id = ${which.subjectId}`,
    actor !== undefined && sql`actor = ${actor}`,
    // Said once more, so that the index of what people did is found.
    actor?.startsWith('operator:') && sql`actor like 'operator:%'`,
    which.action !== undefined && sql`action = ${which.action}`,
    which.after !== undefined && sql`id < ${which.after}`,
  ].filter((condition) => typeof condition === 'object')
  const { rows } = await sql<{ id: bigint }>`
    select id from audit_log where ${sql.join([sql`true`, ...conditions], sql` and `)}
    order by id desc limit ${which.limit}`.execute(database)
  const entries = await findAuditEntries(
    database,
    rows.map(({ id }) => id),
  )
  return entries.toReversed()
}

/** How far the log is sealed. Whether the seals hold is for `verifyAuditLog`, which reads all of it. */
export async function sealStatus(
  database: Database,
): Promise<{ sealedRows: number; unsealedRows: number; lastSeal: { at: Date; digest: string } | null }> {
  const { rows } = await sql<{ sealed: number; unsealed: number; at: Date | null; digest: string | null }>`
    with last as (select * from audit_seals order by id desc limit 1)
    select (select coalesce(sum(cardinality(row_ids)), 0)::int from audit_seals) as sealed,
      (select count(*)::int from audit_log where (transaction_id, id) >
        (coalesce((select last_transaction_id from last), '0'::xid8), coalesce((select last_row_id from last), 0))
      ) as unsealed,
      (select sealed_at from last) as at, (select digest from last) as digest`.execute(database)
  const { sealed = 0, unsealed = 0, at = null, digest = null } = rows[0] ?? {}
  return { sealedRows: sealed, unsealedRows: unsealed, lastSeal: at && digest ? { at, digest } : null }
}
