import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** One sweep, for as long as its lease lasts. */
export interface Sweep {
  readonly token: string
  readonly startedAt: Date
  /** When the last one that was finished had begun; null: none was. */
  readonly sweptUntil: Date | null
}

/**
 * Takes the sweep for this worker alone, until the lease ends: two at once would tell of a document as each has read it.
 * @returns `busyUntil` when another has it
 */
export async function claimSweep(
  database: Database,
  { now, leaseMs }: { now: Date; leaseMs: number },
): Promise<Sweep | { readonly busyUntil: Date }> {
  const expiresAt = new Date(now.getTime() + leaseMs)
  const { rows } = await sql<{ token: string; swept_until: Date | null }>`
    update late_document_sweep set lease_token = gen_random_uuid(), lease_expires_at = ${expiresAt}
    where coalesce(lease_expires_at <= ${now}, true) returning lease_token as token, swept_until`.execute(database)
  const [row] = rows
  if (row) return { token: row.token, startedAt: now, sweptUntil: row.swept_until }
  const { rows: held } = await sql<{ until: Date | null }>`
    select lease_expires_at as until from late_document_sweep`.execute(database)
  return { busyUntil: held[0]?.until ?? now }
}

/** Holds a sweep for longer, and its row until the transaction ends. @returns false when another has it by now */
export async function renewSweep(
  tx: Transaction<Schema>,
  { token, now, leaseMs }: { token: string; now: Date; leaseMs: number },
): Promise<boolean> {
  const expiresAt = new Date(now.getTime() + leaseMs)
  const { numAffectedRows } = await sql`
    update late_document_sweep set lease_expires_at = ${expiresAt} where lease_token = ${token}`.execute(tx)
  return Number(numAffectedRows ?? 0n) === 1
}

/** Gives up a sweep that did not come to its end: the next one begins where it began. */
export async function releaseSweep(database: Database, { token }: Pick<Sweep, 'token'>): Promise<void> {
  await sql`
    update late_document_sweep set lease_token = null, lease_expires_at = null where lease_token = ${token}`.execute(
    database,
  )
}

/**
 * Notes that everything was asked about that had changed before the sweep began, and forgets what nobody asks about any more.
 * @param closedFrom - the oldest day that is looked at; of older documents those are forgotten that people have settled
 * @returns false when another has the sweep by now: what it notes stands
 */
export async function finishSweep(
  tx: Transaction<Schema>,
  { token, startedAt, closedFrom }: Pick<Sweep, 'token' | 'startedAt'> & { closedFrom: BusinessDate | null },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update late_document_sweep set swept_until = ${startedAt}, lease_token = null, lease_expires_at = null
    where lease_token = ${token}`.execute(tx)
  if (Number(numAffectedRows ?? 0n) === 0) return false
  await sql`
    delete from late_documents d where d.business_date < ${closedFrom} and not exists (
      select from finance_alerts a
      where a.dedup_key = 'late_document:' || d.erp_id || ':' || d.change and a.status <> 'resolved')`.execute(tx)
  return true
}

/** What NetSuite is to be asked for. */
export interface ClosedDays {
  readonly from: BusinessDate
  readonly to: BusinessDate
  readonly subsidiaryIds: readonly string[]
  /** Documents that people were told of: whether that still holds is asked every time. */
  readonly toldOf: readonly string[]
}

/** Of those told of, the newest: more do not fit into one query, and then people have other troubles. */
const ASKED_AGAIN = 1_000

/**
 * The days of the last `days` whose balances were made. Days before the first pay-day are none of ours.
 * @returns undefined when there are none, or NetSuite has no subsidiary of ours
 */
export async function findClosedDays(
  database: Database,
  { now, days }: { now: Date; days: number },
): Promise<ClosedDays | undefined> {
  const earliest = new Date(now.getTime() - days * DAY_MS)
  const { rows } = await sql<{ from: string | null; to: string | null; subsidiaries: string[]; told: string[] }>`
    select min(business_date) as from, max(business_date) as to,
      array(select distinct erp_subsidiary_id from countries where erp_subsidiary_id is not null order by 1) as subsidiaries,
      array(select erp_id from late_documents order by told_at desc, erp_id limit ${ASKED_AGAIN}) as told
    from pay_day_runs where initialized_at is not null and business_date >= ${earliest}::timestamptz::date`.execute(
    database,
  )
  const [row] = rows
  if (!row?.from || !row.to || row.subsidiaries.length === 0) return undefined
  const { from, to, subsidiaries: subsidiaryIds, told: toldOf } = row
  return { from: businessDate(from), to: businessDate(to), subsidiaryIds, toldOf }
}

const DAY_MS = 86_400_000
