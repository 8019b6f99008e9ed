import { askAgainAt } from '@remesa/domain/payment-controls'
import type { RailName } from '@remesa/domain/rail'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import {
  type ControlApproval,
  decideControlApproval,
  insertControlApproval,
  listControlApprovals,
  lockOpenControlApproval,
} from './control-approvals.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

// The switch of each rail. One person stops it, two restart it; the database refuses a restart by one.

/** A rail as people see it. */
export interface RailState {
  readonly name: RailName
  /** By whom and why; null while it runs. */
  readonly stopped: { readonly at: Date; readonly by: string; readonly reason: string } | null
  /** It refuses our credentials, and rests by itself; null otherwise. */
  readonly paused: { readonly until: Date; readonly reason: string | null } | null
  /** The restart that waits for a second person. */
  readonly restart: ControlApproval | null
}

/** Who asks, and why. */
export interface Asked {
  /** `operator:<subject>`. */
  readonly actor: string
  readonly reason: string
  readonly now: Date
}

/** How long a rail takes nothing new, and why. */
export interface RailRest {
  readonly until: Date
  readonly why: 'rail_paused' | 'rail_stopped'
}

/**
 * The rails among these through which nothing new may go now. A rail that is stopped at this moment by somebody else either
 * waits until this transaction has ended, or is seen here as stopped: nothing is claimed after a stop has committed.
 */
export async function restingRails(
  tx: Transaction<Schema>,
  rails: readonly RailName[],
  now: Date,
): Promise<ReadonlyMap<RailName, RailRest>> {
  // A lock by name and not of the row: those who share a row's lock can keep whoever wants it alone waiting for ever, and
  // each of them would write to the row. Whoever waits for this one goes before those who come after.
  await sql`
    select pg_advisory_xact_lock_shared(hashtextextended('rail_stops:' || rail, 0))
    from unnest(${[...rails].sort()}::text[]) as r(rail)`.execute(tx)
  // A statement of its own: it sees what was committed while the one before waited.
  const { rows } = await sql<{ name: RailName; paused_until: Date | null; stopped_at: Date | null }>`
    select r.name, r.paused_until, s.stopped_at from rails r join rail_stops s on s.rail = r.name
    where r.name = any(${[...rails]}::text[]) and (r.paused_until > ${now} or s.stopped_at is not null)`.execute(tx)
  return new Map(
    rows.flatMap(({ name, paused_until, stopped_at }): [RailName, RailRest][] => {
      // A rail that refuses our credentials takes nothing, not even what is finished while people have stopped it.
      if (paused_until && paused_until > now) return [[name, { until: paused_until, why: 'rail_paused' }]]
      return stopped_at ? [[name, { until: askAgainAt({ stoppedAt: stopped_at, now }), why: 'rail_stopped' }]] : []
    }),
  )
}

/**
 * Waits for the claims of these rails that have begun, and keeps later ones waiting until this transaction has ended: what it
 * changes, every claim has seen or sees.
 */
export async function lockOutClaims(tx: Transaction<Schema>, rails: readonly RailName[]): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended('rail_stops:' || rail, 0))
    from unnest(${[...rails].sort()}::text[]) as r(rail)`.execute(tx)
}

/**
 * Stops a rail: from the moment this commits no worker claims anything new for it. Stopped again it stays as it was, and a
 * restart that somebody asked for is void.
 * @returns what to tell people, where they do not know yet
 */
export async function stopRail(
  tx: Transaction<Schema>,
  rail: RailName,
  { actor, reason, now }: Asked,
): Promise<readonly NewAlert[]> {
  await lockOutClaims(tx, [rail])
  const { rows } = await sql<{ stops: number }>`
    update rail_stops set stops = stops + 1, stopped_at = ${now}, stopped_by = ${actor}, reason = ${reason}
    where rail = ${rail} and stopped_at is null returning stops`.execute(tx)
  const [stopped] = rows
  if (!stopped) {
    await voidRestart(tx, rail, { actor, reason, now })
    return []
  }
  await recordAudit(tx, [
    {
      actor,
      action: 'rail.stopped',
      subject: { type: 'rail', id: rail },
      reason,
      before: { stopped: false },
      after: { stopped: true, stop: stopped.stops },
    },
  ])
  return [
    {
      kind: 'rail_stopped',
      dedupKey: stoppedKey(rail),
      subject: { type: 'rail', id: rail },
      businessDate: null,
      details: { stoppedBy: actor, reason },
    },
  ]
}

/** Asks for a restart, which takes a second person. */
export async function askForRestart(
  tx: Transaction<Schema>,
  rail: RailName,
  { actor, reason, now }: Asked,
): Promise<
  | { readonly kind: 'asked'; readonly approval: ControlApproval }
  | { readonly kind: 'not_stopped' }
  | { readonly kind: 'open'; readonly approval: ControlApproval }
> {
  const stop = await lockStop(tx, rail)
  if (stop === null) return { kind: 'not_stopped' }
  const open = await lockOpenControlApproval(tx, { kind: 'rail_restart', subjectId: rail })
  if (open) return { kind: 'open', approval: open }
  const approval = await insertControlApproval(
    tx,
    { kind: 'rail_restart', subjectId: rail, wish: { stop }, reason, requestedBy: actor },
    now,
  )
  await recordAudit(tx, [
    {
      actor,
      action: 'rail.restart_requested',
      subject: { type: 'rail', id: rail },
      reason,
      after: { approvalId: approval.id, stop },
    },
  ])
  return { kind: 'asked', approval }
}

/**
 * Restarts a rail, as an approval says that has just been given. The deed is whose wish it was.
 * @throws from the database without a second person's approval of this very stop
 */
export async function restartRail(
  tx: Transaction<Schema>,
  { id, subjectId, requestedBy, reason }: ControlApproval,
): Promise<void> {
  await sql`
    update rail_stops set stopped_at = null, stopped_by = null, reason = null, restart_approval_id = ${id}
    where rail = ${subjectId} and stopped_at is not null`.execute(tx)
  await recordAudit(tx, [
    {
      actor: requestedBy,
      action: 'rail.restarted',
      subject: { type: 'rail', id: subjectId },
      reason,
      before: { stopped: true },
      after: { stopped: false, approvalId: id },
    },
  ])
  await resolveAlerts(tx, { dedupKeys: [stoppedKey(subjectId)], note: 'Two people restarted the rail.' })
}

/** Locks a rail's switch, before its approval. @returns the number of the stop that lasts; null while the rail runs */
export async function lockStop(tx: Transaction<Schema>, rail: string): Promise<number | null> {
  const row = await tx
    .selectFrom('rail_stops')
    .select(['stops', 'stopped_at'])
    .where('rail', '=', sql<RailName>`${rail}`)
    .forUpdate()
    .executeTakeFirstOrThrow()
  return row.stopped_at && row.stops
}

/** Every rail, by name. */
export async function listRails(connection: Database): Promise<readonly RailState[]> {
  const { rows } = await sql<{
    name: RailName
    paused_until: Date | null
    paused_reason: string | null
    stopped_at: Date | null
    stopped_by: string
    reason: string
  }>`
    select r.name, case when r.paused_until > now() then r.paused_until end as paused_until, r.paused_reason,
      s.stopped_at, s.stopped_by, s.reason
    from rails r join rail_stops s on s.rail = r.name order by r.name`.execute(connection)
  const open = await listControlApprovals(connection, { status: 'open', kind: 'rail_restart', limit: rows.length })
  const restartOf = new Map(open.map((approval) => [approval.subjectId, approval]))
  return rows.map((row) => ({
    name: row.name,
    stopped: row.stopped_at && { at: row.stopped_at, by: row.stopped_by, reason: row.reason },
    paused: row.paused_until && { until: row.paused_until, reason: row.paused_reason },
    restart: restartOf.get(row.name) ?? null,
  }))
}

/** @param name - as somebody wrote it; of one that is no rail there is nothing */
export const findRail = async (connection: Database, name: string): Promise<RailState | undefined> =>
  (await listRails(connection)).find((rail) => rail.name === name)

async function voidRestart(tx: Transaction<Schema>, rail: RailName, { actor, reason, now }: Asked): Promise<void> {
  const open = await lockOpenControlApproval(tx, { kind: 'rail_restart', subjectId: rail })
  if (!open) return
  await decideControlApproval(tx, open.id, { status: 'void', reason: `The rail was stopped again: ${reason}` }, now)
  await recordAudit(tx, [
    {
      actor,
      action: 'rail.restart_void',
      subject: { type: 'rail', id: rail },
      reason,
      before: { approvalId: open.id, status: 'open' },
      after: { approvalId: open.id, status: 'void' },
    },
  ])
}

const stoppedKey = (rail: string): string => `rail_stopped:${rail}`
