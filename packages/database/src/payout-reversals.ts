import { randomUUID } from 'node:crypto'
import { currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { mayBecome, type ReversalStatus } from '@remesa/domain/payout-reversal'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { type LedgerEntry, moved, owedFromBookings, paidFrom, recordEntries, userPayee } from './ledger.ts'
import { receivableAccount } from './receivables.ts'
import type { Schema } from './schema.ts'

/** What is to be taken back of one payout that was transferred. */
export interface NewReversal {
  readonly payoutId: string
  /** Null where none moved anything, since all of the payout was set off. */
  readonly transferId: string | null
  readonly providerId: string
  /** At most what is left of the payout, in its currency. */
  readonly money: Money
}

/** What is taken back of one transfer, in one part. */
export interface PayoutReversal {
  readonly reversalId: string
  readonly payoutId: string
  readonly transferId: string
  readonly providerId: string
  readonly bookingId: string
  readonly money: Money
  readonly status: ReversalStatus
  /** Tries begun. */
  readonly attempts: number
  readonly refusals: number
  readonly nextTryAt: Date | null
  /** Stripe's id of the transfer. */
  readonly transferReference: string
}

/**
 * Asks for money back. What the transfer never moved, because it was kept back at release, or has been asked for
 * already, no reversal can bring: the provider owes that again from now on.
 * @returns ids of the reversals to make, for the caller to put on their way in the same transaction (`payoutReversal`), and
 *   the alerts to raise in it
 * @throws from the database for more than is left of the payout, a transfer that did not move it, or another provider's
 */
export async function insertReversals(
  tx: Transaction<Schema>,
  asked: readonly NewReversal[],
  now: Date,
): Promise<{ readonly reversalIds: readonly string[]; readonly alerts: readonly NewAlert[] }> {
  if (asked.length === 0) return { reversalIds: [], alerts: [] }
  const left = await leftOfTransfers(tx, asked)
  const parts = asked.flatMap((one) => splitByTransfer(one, left))
  await insertRows(tx, parts, now)
  const owed = parts.filter(({ transferId }) => transferId === null)
  await recordEntries(tx, owed.map(receivableEntry))
  await recordAudit(tx, [
    ...parts
      .filter(({ transferId }) => transferId !== null)
      .map(
        ({ reversalId, payoutId, money }): AuditRow => ({
          actor: ACTOR,
          action: 'payout_reversal.created',
          subject: { type: 'payout_reversal', id: reversalId },
          after: { status: 'pending', payoutId, ...money },
        }),
      ),
    ...owed.map((part) => receivableAudit(part, NEVER_TRANSFERRED)),
  ])
  return {
    reversalIds: parts.flatMap(({ transferId, reversalId }) => (transferId === null ? [] : [reversalId])),
    alerts: owed.map(owedAlert),
  }
}

/** One matter for each provider and currency: what is kept back of the next payouts settles all of it. */
const owedAlert = ({ reversalId, payoutId, providerId, money: { amount, currency } }: Part): NewAlert => ({
  kind: 'reversal_refused',
  dedupKey: `reversal_refused:user:${providerId}:${currency}`,
  subject: { type: 'user', id: providerId },
  businessDate: null,
  details: { reversalId, payoutId, providerId, amount: amount.toString(), currency, refusal: NEVER_TRANSFERRED },
})

/** Why money that never left cannot be reversed. */
const NEVER_TRANSFERRED = 'never_transferred'
const ACTOR = 'payouts'

/**
 * What a reversal that came to its end makes of the books. Both ends have one key, so that no money is both taken back
 * and owed to us.
 */
export const reversedEntry = (part: { readonly reversalId: string; readonly money: Money }): LedgerEntry => ({
  ...entryOf(part, 'payout_reversed'),
  postings: moved(part.money, { from: paidFrom('stripe'), to: owedFromBookings }),
})

export const receivableEntry = (part: {
  readonly reversalId: string
  readonly providerId: string
  readonly money: Money
}): LedgerEntry => ({
  ...entryOf(part, 'receivable_opened'),
  postings: moved(part.money, { from: receivableAccount(userPayee(part.providerId)), to: owedFromBookings }),
})

const entryOf = ({ reversalId }: { readonly reversalId: string }, kind: LedgerEntry['kind']) => ({
  idempotencyKey: `ledger:reversal:${reversalId}`,
  kind,
  payable: { type: 'payout_reversal', id: reversalId } as const,
})

/** Told of the payout, whose history people read. */
export const receivableAudit = (
  part: { readonly reversalId: string; readonly payoutId: string; readonly providerId: string; readonly money: Money },
  reason: string,
): AuditRow => ({
  actor: ACTOR,
  action: 'payout.receivable_opened',
  subject: { type: 'payout', id: part.payoutId },
  reason,
  after: { reversalId: part.reversalId, providerId: part.providerId, ...part.money },
})

interface Part extends NewReversal {
  readonly reversalId: string
}

function splitByTransfer(asked: NewReversal, left: Map<string, bigint>): readonly Part[] {
  const { transferId, money } = asked
  const movable = transferId === null ? 0n : (left.get(transferId) ?? 0n)
  const taken = money.amount < movable ? money.amount : movable
  if (transferId !== null) left.set(transferId, movable - taken)
  const part = (of: string | null, amount: bigint): readonly Part[] =>
    amount > 0n ? [{ ...asked, transferId: of, reversalId: randomUUID(), money: { ...money, amount } }] : []
  return [...part(transferId, taken), ...part(null, money.amount - taken)]
}

/** What each transfer has moved and nobody has asked back; the payouts are locked, so that it stays true. */
async function leftOfTransfers(tx: Transaction<Schema>, asked: readonly NewReversal[]): Promise<Map<string, bigint>> {
  const payoutIds = [...new Set(asked.map(({ payoutId }) => payoutId))]
  await sql`select from payouts where id = any(${payoutIds}::uuid[]) order by id for update`.execute(tx)
  const transferIds = asked.flatMap(({ transferId }) => (transferId === null ? [] : [transferId]))
  const { rows } = await sql<{ id: string; left: bigint }>`
    select t.id, t.amount - coalesce((select sum(r.amount) from payout_reversals r where r.transfer_id = t.id), 0)::bigint
      as left
    from payout_transfers t where t.id = any(${transferIds}::uuid[])`.execute(tx)
  return new Map(rows.map((row) => [row.id, row.left]))
}

async function insertRows(tx: Transaction<Schema>, parts: readonly Part[], now: Date): Promise<void> {
  const rows = parts.map(({ reversalId, payoutId, transferId, providerId, money }) => ({
    id: reversalId,
    payout_id: payoutId,
    transfer_id: transferId,
    provider_id: providerId,
    amount: money.amount.toString(),
    currency: money.currency,
  }))
  await sql`
    insert into payout_reversals (id, payout_id, transfer_id, provider_id, amount, currency, status, due_at, ended_at,
      failure_reason, created_at, updated_at)
    select id, payout_id, transfer_id, provider_id, amount, currency,
      case when transfer_id is null then 'refused' else 'pending' end,
      case when transfer_id is not null then ${now}::timestamptz end,
      case when transfer_id is null then ${now}::timestamptz end,
      case when transfer_id is null then ${NEVER_TRANSFERRED} end, ${now}, ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, payout_id uuid, transfer_id uuid,
      provider_id text, amount bigint, currency text)
    order by payout_id, id`.execute(tx)
}

/** Locks those of these reversals that nobody else has, in the order of their ids. */
export async function claimReversalRows(
  tx: Transaction<Schema>,
  ids: readonly string[],
): Promise<readonly PayoutReversal[]> {
  const { rows } = await sql<ReversalRow>`
    select r.*, p.booking_id, t.provider_reference as transfer_reference
    from payout_reversals r join payouts p on p.id = r.payout_id join payout_transfers t on t.id = r.transfer_id
    where r.id = any(${ids}::uuid[]) order by r.id for update of r skip locked`.execute(tx)
  return rows.map(reversalOf)
}

/** Locks reversals whose answers are to be recorded, waiting for whoever has them. */
export async function lockReversals(
  tx: Transaction<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PayoutReversal>> {
  const { rows } = await sql<ReversalRow>`
    select r.*, p.booking_id, t.provider_reference as transfer_reference
    from payout_reversals r join payouts p on p.id = r.payout_id join payout_transfers t on t.id = r.transfer_id
    where r.id = any(${ids}::uuid[]) order by r.id for update of r`.execute(tx)
  return new Map(rows.map((row) => [row.id, reversalOf(row)]))
}

/** Ids among these that exist: those that could not be claimed are in other hands. */
export async function knownReversals(tx: Transaction<Schema>, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from payout_reversals where id = any(${ids}::uuid[]) and transfer_id is not null`.execute(tx)
  return rows.map(({ id }) => id)
}

/** A move of a reversal, from where its row is known to stand. */
export interface ReversalMove {
  readonly reversalId: string
  readonly from: ReversalStatus
  readonly to: ReversalStatus
  /** 1: a try begins, or was made without being counted. -1: our own limiter turned the one away that had begun. */
  readonly tries: -1 | 0 | 1
  /** A refusal that makes the next wait longer. */
  readonly isRefusal: boolean
  /** When somebody must have it in hand; null once it has ended. */
  readonly dueAt: Date | null
  /** Of a refusal; null leaves what stands there. */
  readonly reason: string | null
  readonly reference: string | null
}

/**
 * Moves reversals in one statement; one that stays in `processing` only gets its new due time.
 * @throws when one does not stand where it is said to: its row was not locked, a bug of ours
 */
export async function moveReversals(tx: Transaction<Schema>, moves: readonly ReversalMove[], now: Date): Promise<void> {
  if (moves.length === 0) return
  for (const { from, to } of moves) {
    const stays = from === 'processing' && to === 'processing'
    if (!stays && !mayBecome(from, to)) throw new Error(`a payout reversal never goes from ${from} to ${to}`)
  }
  const rows = moves.map(({ reversalId, from, to, tries, isRefusal, dueAt, reason, reference }) => ({
    id: reversalId,
    from,
    to,
    tries,
    refused: isRefusal ? 1 : 0,
    due_at: dueAt?.toISOString() ?? null,
    reason,
    reference,
  }))
  const { rows: done } = await sql<{ id: string }>`
    update payout_reversals r set status = m."to", attempts = r.attempts + m.tries, refusals = r.refusals + m.refused,
      due_at = m.due_at, next_try_at = case when m."to" = 'retryable' then m.due_at end,
      failure_reason = coalesce(m.reason, r.failure_reason), provider_reference = m.reference,
      ended_at = case when m."to" in ('reversed', 'refused') then ${now}::timestamptz end, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as m(id uuid, "from" text, "to" text, tries int,
      refused int, due_at timestamptz, reason text, reference text)
    where r.id = any(${rows.map(({ id }) => id)}::uuid[]) and r.id = m.id and r.status = m."from"
    returning r.id`.execute(tx)
  if (done.length !== moves.length) throw new Error('a payout reversal does not stand where its row was locked')
}

/**
 * What we have taken, or may have taken, back of a transfer: more than that, somebody else took.
 * @param transferReference - Stripe's id of the transfer
 * @returns minor units of the transfer's currency; zero for a transfer that is none of ours
 */
export async function takenBackByUs(database: Database, transferReference: string): Promise<bigint> {
  const { rows } = await sql<{ amount: bigint }>`
    select coalesce(sum(r.amount), 0)::bigint as amount
    from payment_attempts a join payout_reversals r on r.transfer_id = a.payable_id
    where a.rail = 'stripe' and a.provider_reference = ${transferReference} and a.payable_type = 'payout_transfer'
      and r.attempts > 0 and r.status <> 'refused'`.execute(database)
  return rows[0]?.amount ?? 0n
}

interface ReversalRow {
  id: string
  payout_id: string
  transfer_id: string
  provider_id: string
  booking_id: string
  amount: bigint
  currency: string
  status: ReversalStatus
  attempts: number
  refusals: number
  next_try_at: Date | null
  transfer_reference: string | null
}

function reversalOf(row: ReversalRow): PayoutReversal {
  if (row.transfer_reference === null) throw new Error(`transfer ${row.transfer_id} is taken back and was never made`)
  return {
    reversalId: row.id,
    payoutId: row.payout_id,
    transferId: row.transfer_id,
    providerId: row.provider_id,
    bookingId: row.booking_id,
    money: { amount: row.amount, currency: currencyOf(row.currency) },
    status: row.status,
    attempts: row.attempts,
    refusals: row.refusals,
    nextTryAt: row.next_try_at,
    transferReference: row.transfer_reference,
  }
}
