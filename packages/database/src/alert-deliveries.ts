import { type AlertMatter, matterKeyOf } from '@remesa/domain/alert-matter'
import type { AlertAction, AlertChannel, AlertStep, IncidentStanding } from '@remesa/domain/reconciliation-alert'
import { sql, type Transaction } from 'kysely'
import type { DeliveryStatus } from './alert-tables.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/**
 * Takes a matter's incident for this transaction, whether there is one or not, so that what is told of it is told in one
 * order.
 */
export async function lockIncident(tx: Transaction<Schema>, matter: AlertMatter): Promise<{ isOpen: boolean }> {
  const key = matterKeyOf(matter)
  await sql`select pg_advisory_xact_lock(hashtextextended(${`alert:${matter.kind}:${key}`}, 0))`.execute(tx)
  const incident = await tx
    .selectFrom('alert_incidents')
    .select('is_open')
    .where('kind', '=', matter.kind)
    .where('dedup_key', '=', key)
    .executeTakeFirst()
  return { isOpen: incident?.is_open ?? false }
}

/**
 * How a reconciliation that is told of stands to what was told before it; call it with the incident locked, once its
 * report is stored. Reports are stored with what is told of them, so one that is finished has been told.
 */
export async function standingOf(
  tx: Transaction<Schema>,
  matter: Extract<AlertMatter, { kind: 'billing_reconciliation' }>,
): Promise<Omit<IncidentStanding, 'incidentIsOpen'>> {
  const { rows } = await sql<{ isAboutRefunds: boolean; isOvertaken: boolean }>`
    select exists (
      select 1 from alert_incidents i join alert_deliveries d using (kind, dedup_key)
      where i.kind = ${matter.kind} and i.dedup_key = ${matterKeyOf(matter)} and i.is_open
        and d.action = 'trigger' and d.created_at >= i.opened_at
        and coalesce(d.payload #>> '{told,includesRefunds}', 'true') = 'true'
    ) as "isAboutRefunds", exists (
      select 1 from reconciliation_reports this join reconciliation_reports later
        using (kind, window_from, window_to)
      where this.id = ${matter.told.reportId} and later.started_at > this.started_at and later.status <> 'running'
        and (later.include_refunds or not this.include_refunds)
    ) as "isOvertaken"`.execute(tx)
  return rows[0] ?? { isAboutRefunds: false, isOvertaken: false }
}

/**
 * Stores what is to be sent of a matter; call it with the incident locked. A report that was told is not told again.
 * @param report - what it tells of, by id
 * @returns the deliveries that are new
 */
export async function insertDeliveriesOnce(
  tx: Transaction<Schema>,
  { matter, report, steps }: { matter: AlertMatter; report: string; steps: readonly AlertStep[] },
): Promise<readonly { readonly id: string; readonly channel: AlertChannel; readonly action: AlertAction }[]> {
  if (steps.length === 0) return []
  const about = { kind: matter.kind, dedup_key: matterKeyOf(matter) }
  const inserted = await tx
    .insertInto('alert_deliveries')
    .values(steps.map((step) => ({ ...about, report, ...step, payload: JSON.stringify(matter) })))
    .onConflict((conflict) => conflict.columns(['kind', 'report', 'channel', 'action']).doNothing())
    .returning(['id', 'channel', 'action'])
    .execute()
  for (const { action } of inserted) {
    if (action === 'trigger') await openIncident(tx, about)
    if (action === 'resolve') await closeIncident(tx, about)
  }
  return inserted
}

type IncidentKey = { readonly kind: AlertMatter['kind']; readonly dedup_key: string }

/** Opens it, or lets the open one grow. */
async function openIncident(tx: Transaction<Schema>, { kind, dedup_key }: IncidentKey): Promise<void> {
  await sql`
    insert into alert_incidents as i (kind, dedup_key, is_open) values (${kind}, ${dedup_key}, true)
    on conflict (kind, dedup_key) do update set is_open = true, resolved_at = null,
      times = case when i.is_open then i.times + 1 else 1 end,
      opened_at = case when i.is_open then i.opened_at else now() end`.execute(tx)
}

async function closeIncident(tx: Transaction<Schema>, { kind, dedup_key }: IncidentKey): Promise<void> {
  await tx
    .updateTable('alert_incidents')
    .set({ is_open: false, resolved_at: sql`now()` })
    .where('kind', '=', kind)
    .where('dedup_key', '=', dedup_key)
    .where('is_open', '=', true)
    .execute()
}

/** A delivery in this sender's hands alone, until its lease ends. */
export interface AlertDelivery {
  readonly id: string
  readonly channel: AlertChannel
  readonly action: AlertAction
  readonly matter: AlertMatter
  readonly createdAt: Date
  /** Tries begun, this one included. */
  readonly attempts: number
  readonly leaseToken: string
}

export type DeliveryClaim =
  | { readonly kind: 'claimed'; readonly delivery: AlertDelivery }
  /** It was sent, or never will be. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'in-other-hands'; readonly leaseEndsInMs: number }
  /** Something told earlier of the same matter has not gone out yet: an incident must not be opened after its end. */
  | { readonly kind: 'not-its-turn' }

/**
 * Takes a delivery for this sender alone until its lease ends, and counts the try. The sender calls out with no
 * transaction open; what one that died had in hand goes to whoever asks after the lease.
 * @throws Error when there is no such delivery
 */
export async function claimDelivery(
  database: Database,
  { id, leaseMs }: { id: string; leaseMs: number },
): Promise<DeliveryClaim> {
  // The order within a matter is PagerDuty's alone: Slack shows what it shows.
  const { rows } = await sql<ClaimRow>`
    with this as (
      select * from alert_deliveries where id = ${id} for update
    ), looked as (
      select *, coalesce(lease_expires_at <= now(), true) as free, channel = 'pagerduty' and exists (
        select 1 from alert_deliveries o where o.status = 'pending' and o.kind = this.kind
          and o.dedup_key = this.dedup_key and o.channel = this.channel and o.position < this.position
      ) as behind from this
    ), claimed as (
      update alert_deliveries set attempts = attempts + 1, lease_token = gen_random_uuid(),
        lease_expires_at = now() + ${leaseMs} * interval '1 millisecond'
      where id in (select id from looked where status = 'pending' and free and not behind)
      returning id, attempts, lease_token
    )
    select l.id, l.channel, l.action, l.payload, l.created_at, l.status, l.free, l.behind, c.attempts, c.lease_token,
      extract(epoch from l.lease_expires_at - now())::float8 * 1000 as "leaseEndsInMs"
    from looked l left join claimed c on c.id = l.id`.execute(database)
  const row = rows[0]
  if (!row) throw new Error(`there is no alert delivery ${id}`)
  if (row.status !== 'pending') return { kind: 'ended' }
  if (!row.free) return { kind: 'in-other-hands', leaseEndsInMs: Math.max(0, row.leaseEndsInMs ?? 0) }
  if (row.attempts === null || row.lease_token === null) return { kind: 'not-its-turn' }
  const { channel, action, payload: matter, created_at: createdAt, attempts, lease_token: leaseToken } = row
  return { kind: 'claimed', delivery: { id, channel, action, matter, createdAt, attempts, leaseToken } }
}

interface ClaimRow {
  id: string
  channel: AlertChannel
  action: AlertAction
  payload: AlertMatter
  created_at: Date
  status: DeliveryStatus
  free: boolean
  behind: boolean
  attempts: number | null
  lease_token: string | null
  leaseEndsInMs: number | null
}

type Held = Pick<AlertDelivery, 'id' | 'leaseToken'>

/**
 * Notes how a delivery ended. A sender that was slower than its lease notes it, too, unless another did: what it says
 * is true all the same.
 */
export async function endDelivery(
  database: Database,
  { id }: Held,
  { status, problem }: { status: Exclude<DeliveryStatus, 'pending'>; problem?: string },
): Promise<void> {
  await database
    .updateTable('alert_deliveries')
    .set({
      status,
      ended_at: sql`now()`,
      lease_token: null,
      lease_expires_at: null,
      ...(problem !== undefined && { last_problem: problem }),
    })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .execute()
}

/** Gives a delivery back that could not be sent, for the next try; not one that another holds by now. */
export async function releaseDelivery(database: Database, { id, leaseToken }: Held, problem: string): Promise<void> {
  await database
    .updateTable('alert_deliveries')
    .set({ lease_token: null, lease_expires_at: null, last_problem: problem })
    .where('id', '=', id)
    .where('lease_token', '=', leaseToken)
    .execute()
}

/** How many billing alerts people were told of by each channel; resolved incidents are none. */
export async function alertsSent(database: Database): Promise<Readonly<Record<AlertChannel, number>>> {
  const rows = await database
    .selectFrom('alert_deliveries')
    .select(['channel', sql<number>`count(*)::int`.as('sent')])
    .where('kind', '=', 'billing_reconciliation')
    .where('status', '=', 'sent')
    .where('action', '<>', 'resolve')
    .groupBy('channel')
    .execute()
  const sent = new Map(rows.map((row) => [row.channel, row.sent]))
  return { slack: sent.get('slack') ?? 0, pagerduty: sent.get('pagerduty') ?? 0 }
}
