import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { HeldReason } from '@remesa/domain/stripe-account'
import { type Selectable, sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** What a transfer pays: a winner's part of a contest, or a payout of a booking. */
export type TransferOwner =
  | { readonly kind: 'contest'; readonly jobId: string; readonly contestId: string }
  | { readonly kind: 'booking'; readonly payoutId: string; readonly bookingId: string }

/** The job to count it in; nothing for a booking's. */
export const jobIdOf = (owner: TransferOwner): readonly string[] => (owner.kind === 'contest' ? [owner.jobId] : [])

/** What one user is paid at once: the engine is one, whatever it is paid for. */
export interface PayoutTransfer {
  readonly transferId: string
  readonly owner: TransferOwner
  readonly userId: string
  readonly money: Money
  readonly status: TransferStatus
  readonly heldReason: HeldReason | null
  /** The account that its newest attempt pays. */
  readonly destination: string | null
  /** Tries begun, without those that our own limiter turned away. */
  readonly attempts: number
  /** Tries that our own limiter turned away: Stripe was not asked. */
  readonly turnedAway: number
  /** Refusals that count towards the maximum; those for want of funds are counted apart. */
  readonly refusals: number
  readonly fundsRefusals: number
  readonly nextTryAt: Date | null
  readonly failureReason: string | null
  readonly providerReference: string | null
  /** Its booking wants it back: no new attempt begins. */
  readonly withdrawRequested: boolean
  readonly createdAt: Date
  readonly completedAt: Date | null
}

export interface NewContestTransfer {
  readonly jobId: string
  readonly contestId: string
  readonly userId: string
  readonly money: Money
}

/**
 * Inserts the transfers of contests in one statement, due at once. Who has one for a contest gets no second, whatever settlement asks.
 * @returns those that are new
 */
export async function insertTransfers(
  tx: Transaction<Schema>,
  transfers: readonly NewContestTransfer[],
  now: Date,
): Promise<readonly PayoutTransfer[]> {
  if (transfers.length === 0) return []
  const rows = transfers.map(({ jobId, contestId, userId, money }) => ({
    job_id: jobId,
    contest_id: contestId,
    user_id: userId,
    amount: money.amount.toString(),
    currency: money.currency,
  }))
  const inserted = await sql<TransferRow>`
    insert into payout_transfers (job_id, contest_id, user_id, amount, currency, due_at, created_at, updated_at)
    select job_id, contest_id, user_id, amount, currency, ${now}, ${now}, ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as t(job_id uuid, contest_id text, user_id text, amount bigint, currency text)
    order by contest_id, user_id
    on conflict (contest_id, user_id) do nothing
    returning *, null as booking_id`.execute(tx)
  return inserted.rows.map(transferOf)
}

export async function findByJobId(database: Database, jobId: string): Promise<readonly PayoutTransfer[]> {
  const rows = await database
    .selectFrom('payout_transfers')
    .selectAll()
    .select(OF_NO_BOOKING)
    .where('job_id', '=', jobId)
    .orderBy('user_id')
    .execute()
  return rows.map(transferOf)
}

/** A job's transfers that nobody has begun to pay. */
export async function findPendingByJobId(database: Database, jobId: string): Promise<readonly PayoutTransfer[]> {
  const rows = await database
    .selectFrom('payout_transfers')
    .selectAll()
    .select(OF_NO_BOOKING)
    .where('job_id', '=', jobId)
    .where('status', '=', 'pending')
    .orderBy('user_id')
    .execute()
  return rows.map(transferOf)
}

/**
 * Takes the rows of these transfers for this transaction. Rows that others hold are left out instead of waited for, and
 * so are unknown ids.
 */
export async function claimForProcessing(
  tx: Transaction<Schema>,
  ids: readonly string[],
): Promise<readonly PayoutTransfer[]> {
  const { rows } = await sql<TransferRow>`
    select t.*, ${BOOKING} from payout_transfers t where id = any(${ids}::uuid[]) order by id for update skip locked`.execute(
    tx,
  )
  return rows.map(transferOf)
}

/** Takes the rows of these transfers, waiting for whoever holds them, in the order of their ids. */
export async function lockTransfers(
  tx: Transaction<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PayoutTransfer>> {
  const { rows } = await sql<TransferRow>`
    select t.*, ${BOOKING} from payout_transfers t where id = any(${ids}::uuid[]) order by id for update`.execute(tx)
  return new Map(rows.map((row) => [row.id, transferOf(row)]))
}

/** What names a try: the ledger's entries go by the sum of both. */
export type TryCounts = Pick<PayoutTransfer, 'attempts' | 'turnedAway'>
export const entryNumber = ({ attempts, turnedAway }: TryCounts): number => attempts + turnedAway

/**
 * Puts claimed transfers to processing. A try is counted when it begins: one that is taken up again after its worker
 * died is the same try, and counts no second time.
 * @param leaseExpiresAt - when others may take them up
 * @returns the number of each one's present try, from 1
 */
export async function markProcessing(
  tx: Transaction<Schema>,
  transfers: readonly { readonly transferId: string; readonly destination: string }[],
  { now, leaseExpiresAt }: { now: Date; leaseExpiresAt: Date },
): Promise<ReadonlyMap<string, TryCounts>> {
  if (transfers.length === 0) return new Map()
  const { rows } = await sql<TryCounts & { id: string }>`
    update payout_transfers t set status = 'processing', destination = r.destination, next_try_at = null,
      attempts = t.attempts + case when t.status = 'processing' then 0 else 1 end,
      due_at = ${leaseExpiresAt}, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb) as r("transferId" uuid, destination text)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status in ('pending', 'retryable', 'processing')
    returning t.id, t.attempts, t.turned_away as "turnedAway"`.execute(tx)
  refuseUnmoved('processing', transfers, new Set(rows.map(({ id }) => id)))
  return new Map(rows.map(({ id, ...counts }) => [id, counts]))
}

/**
 * Holds transfers that have nowhere to go, or go somewhere else since lately. No try is counted.
 * @param transfers.until - when one goes on by itself: set for `destination_changed`, and for nothing else
 */
export async function markAwaitingDestination(
  tx: Transaction<Schema>,
  transfers: readonly { readonly transferId: string; readonly reason: HeldReason; readonly until?: Date | null }[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers t set status = 'awaiting_destination', held_reason = r.reason, next_try_at = r.until,
      due_at = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb) as r("transferId" uuid, reason text, until timestamptz)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status in ('pending', 'retryable')
    returning t.id`.execute(tx)
  refuseUnmoved('awaiting_destination', transfers, new Set(rows.map(({ id }) => id)))
}

/** Releases held transfers, due at once. The caller holds their rows. */
export async function markPending(tx: Transaction<Schema>, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers set status = 'pending', held_reason = null, next_try_at = null, due_at = ${now}, updated_at = ${now}
    where id = any(${ids}::uuid[]) and status = 'awaiting_destination'
    returning id`.execute(tx)
  const asked = ids.map((transferId) => ({ transferId }))
  refuseUnmoved('pending', asked, new Set(rows.map(({ id }) => id)))
}

/** `late`: the answer came after another call's refusal had put the transfer back, so its own try was not counted yet. */
interface Answered {
  readonly transferId: string
  readonly late: boolean
}

/** The rail moved the money. */
export async function markCompleted(
  tx: Transaction<Schema>,
  transfers: readonly (Answered & { readonly reference: string })[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers t set status = 'completed', provider_reference = r.reference, completed_at = ${now},
      attempts = t.attempts + r.late::int, next_try_at = null, due_at = null, failure_reason = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb) as r("transferId" uuid, late boolean, reference text)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status = case when r.late then 'retryable' else 'processing' end
    returning t.id`.execute(tx)
  refuseUnmoved('completed', transfers, new Set(rows.map(({ id }) => id)))
}

/** What a refusal adds to a transfer's counts. */
export type RefusalCount = 'nothing' | 'attempt' | 'funds_refusal'

/** The rail refused for now. */
export async function markRetryable(
  tx: Transaction<Schema>,
  transfers: readonly {
    readonly transferId: string
    readonly retryAt: Date
    readonly reason: string
    readonly counts: RefusalCount
    /** The try that began with this claim was none: it is not counted among the attempts any more. */
    readonly isTurnedAway: boolean
  }[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers t set status = 'retryable', next_try_at = r."retryAt", due_at = r."retryAt",
      attempts = t.attempts - r."isTurnedAway"::int, turned_away = t.turned_away + r."isTurnedAway"::int,
      failure_reason = r.reason, refusals = t.refusals + (r.counts = 'attempt')::int,
      funds_refusals = t.funds_refusals + (r.counts = 'funds_refusal')::int, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb)
      as r("transferId" uuid, "retryAt" timestamptz, reason text, counts text, "isTurnedAway" boolean)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status = 'processing'
    returning t.id`.execute(tx)
  refuseUnmoved('retryable', transfers, new Set(rows.map(({ id }) => id)))
}

/** The rail refused for good, or too often. */
export async function markFailedTerminal(
  tx: Transaction<Schema>,
  transfers: readonly (Answered & { readonly reason: string; readonly counts: RefusalCount })[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers t set status = 'failed_terminal', failure_reason = r.reason,
      attempts = t.attempts + r.late::int, refusals = t.refusals + (r.counts = 'attempt')::int,
      funds_refusals = t.funds_refusals + (r.counts = 'funds_refusal')::int,
      next_try_at = null, due_at = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb)
      as r("transferId" uuid, late boolean, reason text, counts text)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status = case when r.late then 'retryable' else 'processing' end
    returning t.id`.execute(tx)
  refuseUnmoved('failed_terminal', transfers, new Set(rows.map(({ id }) => id)))
}

/** Nobody answered: they stay in processing, and are called again then. */
export async function markUnanswered(
  tx: Transaction<Schema>,
  transfers: readonly { readonly transferId: string; readonly retryAt: Date }[],
  now: Date,
): Promise<void> {
  if (transfers.length === 0) return
  const { rows } = await sql<{ id: string }>`
    update payout_transfers t set due_at = r."retryAt", updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(transfers)}::jsonb) as r("transferId" uuid, "retryAt" timestamptz)
    where t.id = any(${idsOf(transfers)}::uuid[]) and t.id = r."transferId" and t.status = 'processing'
    returning t.id`.execute(tx)
  refuseUnmoved('processing', transfers, new Set(rows.map(({ id }) => id)))
}

/** How many transfers of these jobs have ended, and how; exact while the caller holds the jobs' rows. */
export async function countTerminalByJobId(
  tx: Transaction<Schema>,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly completed: number; readonly failed: number }>> {
  const { rows } = await sql<{ id: string; completed: number; failed: number }>`
    select j.id, c.completed, c.failed
    from unnest(${jobIds}::uuid[]) as j(id)
    cross join lateral (
      select count(*) filter (where t.status = 'completed')::int as completed,
        count(*) filter (where t.status = 'failed_terminal')::int as failed
      from payout_transfers t where t.job_id = j.id
    ) c`.execute(tx)
  return new Map(rows.map(({ id, completed, failed }) => [id, { completed, failed }]))
}

// The planner takes a JSON list for a hundred rows, for which it would read the whole table; an array it can count.
const idsOf = (transfers: readonly { readonly transferId: string }[]): readonly string[] =>
  transfers.map(({ transferId }) => transferId)

/** The rows are locked and their status was read under that lock: one that does not move is a bug of ours. */
export function refuseUnmoved(
  to: TransferStatus,
  asked: readonly { readonly transferId: string }[],
  moved: ReadonlySet<string>,
): void {
  const left = asked.find(({ transferId }) => !moved.has(transferId))
  if (left) throw new Error(`payout transfer ${left.transferId} does not stand where it could become ${to}`)
}

export type TransferRow = Selectable<Schema['payout_transfers']> & { booking_id: string | null }

const OF_NO_BOOKING = sql<null>`null`.as('booking_id')
/** Never changes, so that it needs no lock of its own. */
const BOOKING = sql`(select booking_id from payouts where id = t.payout_id) as booking_id`

function ownerOf({ id, job_id, contest_id, payout_id, booking_id }: TransferRow): TransferOwner {
  if (job_id !== null && contest_id !== null) return { kind: 'contest', jobId: job_id, contestId: contest_id }
  if (payout_id !== null && booking_id !== null) return { kind: 'booking', payoutId: payout_id, bookingId: booking_id }
  throw new Error(`payout transfer ${id} pays neither a contest nor a booking`)
}

export const transferOf = (row: TransferRow): PayoutTransfer => ({
  transferId: row.id,
  owner: ownerOf(row),
  userId: row.user_id,
  money: { amount: row.amount, currency: currencyOf(row.currency) },
  status: row.status,
  heldReason: row.held_reason,
  destination: row.destination,
  attempts: row.attempts,
  turnedAway: row.turned_away,
  refusals: row.refusals,
  fundsRefusals: row.funds_refusals,
  nextTryAt: row.next_try_at,
  failureReason: row.failure_reason,
  providerReference: row.provider_reference,
  withdrawRequested: row.withdraw_requested,
  createdAt: row.created_at,
  completedAt: row.completed_at,
})
