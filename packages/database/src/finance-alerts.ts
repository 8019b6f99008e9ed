import { type FinanceAlertKind, type FinanceAlertSeverity, severityOf } from '@remesa/domain/finance-alert'
import { sql, type Transaction } from 'kysely'
import { bigintAsString } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** Something to tell the finance team, as the one who noticed it says it. */
export interface NewAlert {
  readonly kind: FinanceAlertKind
  /** Names the matter: raised again under the same key it is counted, not repeated. */
  readonly dedupKey: string
  readonly subject: { readonly type: string; readonly id: string }
  readonly businessDate: string | null
  /** In full, for the person who settles it; amounts as decimal strings of minor units with their currency beside. */
  readonly details: object
}

export interface FinanceAlert extends NewAlert {
  readonly id: string
  readonly severity: FinanceAlertSeverity
  readonly status: 'open' | 'acknowledged' | 'resolved'
  readonly note: string | null
  /** How often it was raised. */
  readonly times: number
  readonly raisedAt: Date
  readonly lastRaisedAt: Date
}

/**
 * Stores alerts in one statement. Raised again, an open one only counts; a resolved one opens again and is sent anew.
 * @returns the alerts that people must be told of: new, or opened again
 */
export async function insertAlerts(
  tx: Transaction<Schema>,
  alerts: readonly NewAlert[],
): Promise<readonly FinanceAlert[]> {
  if (alerts.length === 0) return []
  const rows = [...byKey(alerts)].map(([dedupKey, { alert, times }]) => ({
    dedup_key: dedupKey,
    kind: alert.kind,
    severity: severityOf(alert.kind),
    subject_type: alert.subject.type,
    subject_id: alert.subject.id,
    business_date: alert.businessDate,
    details: alert.details,
    times,
  }))
  // Rows are locked in the order of their keys, so that two batches with the same matters cannot wait in a circle.
  const { rows: stored } = await sql<AlertRow & { fresh: boolean }>`
    with told as (
      select * from jsonb_to_recordset(${JSON.stringify(rows, bigintAsString)}::jsonb) as t(dedup_key text, kind text,
        severity text, subject_type text, subject_id text, business_date date, details jsonb, times int)
    ), stored as (
      insert into finance_alerts as a (dedup_key, kind, severity, subject_type, subject_id, business_date, details, times)
      select dedup_key, kind, severity, subject_type, subject_id, business_date, details, times
      from told order by dedup_key
      on conflict (dedup_key) do update set times = a.times + excluded.times, last_raised_at = now(),
        details = excluded.details,
        status = case a.status when 'resolved' then 'open' else a.status end,
        sent_at = case a.status when 'resolved' then null else a.sent_at end,
        raised_at = case a.status when 'resolved' then now() else a.raised_at end
      returning *
    )
    select *, raised_at = now() and last_raised_at = now() as fresh from stored order by dedup_key`.execute(tx)
  return stored.filter(({ fresh }) => fresh).map(alertOf)
}

/**
 * Takes those of these alerts that nobody sent yet, for this sender alone until its lease ends. The sender calls Slack
 * with no transaction open; one that dies leaves them to whoever asks after the lease.
 * @returns the alerts to send, oldest first, and the ids that another sender has in hand
 */
export async function claimUnsentAlerts(
  database: Database,
  { ids, leaseMs }: { ids: readonly string[]; leaseMs: number },
): Promise<{ claimed: readonly FinanceAlert[]; inOtherHands: ReadonlySet<string> }> {
  const { rows } = await sql<AlertRow & { claimed: boolean }>`
    with unsent as (
      select id, coalesce(send_lease_expires_at <= now(), true) as free from finance_alerts
      where id = any(${ids}::uuid[]) and sent_at is null and status <> 'resolved' order by id for update
    ), claimed as (
      update finance_alerts set send_lease_expires_at = now() + ${leaseMs} * interval '1 millisecond'
      where id in (select id from unsent where free)
    )
    select a.*, u.free as claimed from unsent u join finance_alerts a on a.id = u.id
    order by a.raised_at, a.id`.execute(database)
  return {
    claimed: rows.filter(({ claimed }) => claimed).map(alertOf),
    inOtherHands: new Set(rows.filter(({ claimed }) => !claimed).map(({ id }) => id)),
  }
}

/** Gives alerts back that could not be sent, for the next try. */
export async function releaseUnsentAlerts(database: Database, ids: readonly string[]): Promise<void> {
  await sql`update finance_alerts set send_lease_expires_at = null where id = any(${ids}::uuid[])`.execute(database)
}

export async function markAlertsSent(database: Database, ids: readonly string[]): Promise<void> {
  await sql`
    update finance_alerts set sent_at = now(), send_lease_expires_at = null
    where id = any(${ids}::uuid[]) and sent_at is null`.execute(database)
}

/**
 * Closes matters that settled themselves, e.g. the closing that was missing arrived.
 * @param note - why, for people
 * @returns how many were open
 */
export async function resolveAlerts(
  tx: Transaction<Schema>,
  { dedupKeys, note }: { dedupKeys: readonly string[]; note: string },
): Promise<number> {
  if (dedupKeys.length === 0) return 0
  const { numAffectedRows } = await sql`
    update finance_alerts set status = 'resolved', note = ${note}
    where id in (
      select id from finance_alerts where dedup_key = any(${dedupKeys}::text[]) and status <> 'resolved'
      order by dedup_key for update
    )`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

/** The kinds of those among these matters that wait for a person. */
export async function openAmong(
  tx: Transaction<Schema>,
  dedupKeys: readonly string[],
): Promise<readonly FinanceAlertKind[]> {
  const { rows } = await sql<{ kind: FinanceAlertKind }>`
    select distinct kind from finance_alerts where dedup_key = any(${dedupKeys}::text[]) and status <> 'resolved'
    order by kind`.execute(tx)
  return rows.map(({ kind }) => kind)
}

/** Alerts that wait for a person, newest first. */
export async function openAlerts(database: Database, { limit }: { limit: number }): Promise<readonly FinanceAlert[]> {
  const { rows } = await sql<AlertRow>`
    select * from finance_alerts where status <> 'resolved' order by raised_at desc, id limit ${limit}`.execute(
    database,
  )
  return rows.map(alertOf)
}

/** A row of `finance_alerts`. */
export interface AlertRow {
  id: string
  kind: FinanceAlertKind
  dedup_key: string
  severity: FinanceAlertSeverity
  subject_type: string
  subject_id: string
  business_date: string | null
  details: object
  status: FinanceAlert['status']
  note: string | null
  times: number
  raised_at: Date
  last_raised_at: Date
}

export const alertOf = (row: AlertRow): FinanceAlert => ({
  id: row.id,
  kind: row.kind,
  dedupKey: row.dedup_key,
  severity: row.severity,
  subject: { type: row.subject_type, id: row.subject_id },
  businessDate: row.business_date,
  details: row.details,
  status: row.status,
  note: row.note,
  times: row.times,
  raisedAt: row.raised_at,
  lastRaisedAt: row.last_raised_at,
})

/** One matter told of several times in a batch is one row; its last details stand. */
function byKey(alerts: readonly NewAlert[]): ReadonlyMap<string, { alert: NewAlert; times: number }> {
  const matters = new Map<string, { alert: NewAlert; times: number }>()
  for (const alert of alerts) {
    matters.set(alert.dedupKey, { alert, times: (matters.get(alert.dedupKey)?.times ?? 0) + 1 })
  }
  return matters
}
