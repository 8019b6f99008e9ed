import type { AuditAction } from '@remesa/domain/audit-action'
import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** One decision or change of state. */
export interface AuditRow {
  /** Who decided: a service's name, or `operator:<who>`. */
  readonly actor: string
  /** What was done, e.g. `seller_balance.retrieved`. */
  readonly action: AuditAction
  readonly subject: { readonly type: string; readonly id: string }
  readonly reason?: string | null
  /** The fields that changed, as they were and as they are; bigint is written as a decimal string. */
  readonly before?: object | null
  readonly after?: object | null
}

/** Writes audit rows in one statement, beside the change that they tell of. */
export async function recordAudit(tx: Transaction<Schema>, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return
  const flat = rows.map(({ subject, ...row }) => ({ ...row, subject_type: subject.type, subject_id: subject.id }))
  await sql`
    insert into audit_log (actor, action, subject_type, subject_id, reason, before, after)
    select actor, action, subject_type, subject_id, reason, before, after
    from jsonb_to_recordset(${JSON.stringify(flat, bigintAsString)}::jsonb) as r(actor text, action text,
      subject_type text, subject_id text, reason text, before jsonb, after jsonb)`.execute(tx)
}

/** For `JSON.stringify`, which knows no bigint: a decimal string, since a JSON number would be rounded when it is read. */
export const bigintAsString = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)
