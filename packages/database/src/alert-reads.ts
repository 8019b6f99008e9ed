import type { FinanceAlertKind, FinanceAlertSeverity } from '@remesa/domain/finance-alert'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { type AlertRow, alertOf, type FinanceAlert } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

// Alerts as people look through them, and what people decide about them.

export interface AlertFilter {
  readonly status?: FinanceAlert['status']
  readonly severity?: FinanceAlertSeverity
  readonly kind?: FinanceAlertKind
  readonly subject?: { readonly type: string; readonly id: string }
  /** The last id of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Alerts, newest first; an id in `after` that does not exist has none after it. */
export async function listAlerts(database: Database, which: AlertFilter): Promise<readonly FinanceAlert[]> {
  let query = database.selectFrom('finance_alerts').selectAll()
  if (which.status) query = query.where('status', '=', which.status)
  if (which.severity) query = query.where('severity', '=', which.severity)
  if (which.kind) query = query.where('kind', '=', which.kind)
  if (which.subject) {
    query = query.where('subject_type', '=', which.subject.type).where('subject_id', '=', which.subject.id)
  }
  if (which.after) {
    query = query.where(
      sql<boolean>`(raised_at, id) < (select raised_at, id from finance_alerts where id = ${which.after})`,
    )
  }
  const rows = await query.orderBy('raised_at', 'desc').orderBy('id', 'desc').limit(which.limit).execute()
  return (rows as unknown as AlertRow[]).map(alertOf)
}

/** What waits for a person, the worst first, of the same severity the newest. */
export async function worstOpenAlerts(
  database: Database,
  { limit }: { limit: number },
): Promise<readonly FinanceAlert[]> {
  const { rows } = await sql<AlertRow>`
    select * from finance_alerts where status = 'open'
    order by array_position(array['critical', 'warning', 'info'], severity), raised_at desc, id desc
    limit ${limit}`.execute(database)
  return rows.map(alertOf)
}

/** How many wait for a person. */
export async function countOpenAlerts(database: Database): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) as count from finance_alerts where status = 'open'`.execute(database)
  return Number(rows[0]?.count ?? 0)
}

/** What a person makes of an alert. */
export interface AlertDecision {
  readonly to: 'acknowledged' | 'resolved'
  readonly actor: string
  /** Null leaves the note as it is. */
  readonly note: string | null
}

/**
 * An open alert is acknowledged or resolved, an acknowledged one resolved. Acknowledged again, it stays as it is.
 * @returns `changed` false when it does not fit, with the alert as it stands; undefined when there is none
 */
export async function decideAlert(
  tx: Transaction<Schema>,
  id: string,
  { to, actor, note }: AlertDecision,
): Promise<{ readonly changed: boolean; readonly alert: FinanceAlert } | undefined> {
  const { rows } = await sql<AlertRow>`select * from finance_alerts where id = ${id} for update`.execute(tx)
  const [row] = rows
  if (!row) return undefined
  if (row.status === 'resolved') return { changed: false, alert: alertOf(row) }
  const { rows: moved } = await sql<AlertRow>`
    update finance_alerts set status = ${to}, note = coalesce(${note}, note) where id = ${id} returning *`.execute(tx)
  const [now] = moved
  if (!now) throw new Error(`alert ${id} is gone under its lock`)
  await recordAudit(tx, [
    {
      actor,
      action: `finance_alert.${to}`,
      subject: { type: 'finance_alert', id },
      reason: note,
      before: { status: row.status, note: row.note },
      after: { status: now.status, note: now.note },
    },
  ])
  return { changed: true, alert: alertOf(now) }
}
