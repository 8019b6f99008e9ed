import { type Selectable, sql } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A row of the audit log as it is read. */
export interface AuditEntry {
  /** Rows count upwards; one that was rolled back leaves a gap. */
  readonly id: bigint
  readonly occurredAt: Date
  readonly actor: string
  readonly action: string
  readonly subject: { readonly type: string; readonly id: string }
  readonly reason: string | null
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** What is told of these subjects, oldest first. */
export async function auditOfSubjects(
  connection: Database,
  subjects: readonly { readonly type: string; readonly id: string }[],
): Promise<readonly AuditEntry[]> {
  const { rows } = await sql<Row>`
    select a.* from audit_log a
    join unnest(${subjects.map(({ type }) => type)}::text[], ${subjects.map(({ id }) => id)}::text[]) as s(type, id)
      on a.subject_type = s.type and a.subject_id = s.id
    order by a.id`.execute(connection)
  return rows.map(entryOf)
}

/** The rows of these ids that are there, oldest first. */
export async function findAuditEntries(connection: Database, ids: readonly bigint[]): Promise<readonly AuditEntry[]> {
  const { rows } = await sql<Row>`
    select * from audit_log where id = any(${ids}::bigint[]) order by id`.execute(connection)
  return rows.map(entryOf)
}

type Row = Omit<Selectable<Schema['audit_log']>, 'before' | 'after'> & Pick<AuditEntry, 'before' | 'after'>

const entryOf = (row: Row): AuditEntry => ({
  id: row.id,
  occurredAt: row.occurred_at,
  actor: row.actor,
  action: row.action,
  subject: { type: row.subject_type, id: row.subject_id },
  reason: row.reason,
  before: row.before,
  after: row.after,
})
