import { createHash } from 'node:crypto'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { ControlApproval } from './control-approvals.ts'
import { moved, recordEntries, userOfPayee, userPayee } from './ledger.ts'
import type { Asked } from './rail-stops.ts'
import { closeSettledDebts, outstandingReceivable, receivableAccount } from './receivables.ts'
import type { Schema } from './schema.ts'
import { type Asking, askSecondPerson } from './second-person.ts'

// What ends a provider's debt beside its next payouts: it paid outside, or finance forgives it.

export const SETTLED_HOW = ['repaid', 'forgiven'] as const
export type SettledHow = (typeof SETTLED_HOW)[number]

/** What a provider owes us in one currency. */
export interface ProviderDebt {
  readonly providerId: string
  /** Positive. */
  readonly money: Money
}

/** A part of a debt, or all of it, that somebody wants written down as settled. */
export interface DebtSettlement {
  readonly providerId: string
  /** Positive, at most what is owed. */
  readonly money: Money
  readonly how: SettledHow
  /** What names the payment at the bank; null where nothing was paid. */
  readonly reference: string | null
}

export type DebtAnswer =
  | { readonly kind: 'done'; readonly owed: bigint }
  | (Asking & { readonly owed: bigint })
  /** Less is owed than that; nothing was changed. */
  | { readonly kind: 'too_much'; readonly owed: bigint }
  /** This payment at the bank has settled a part of this debt already; nothing was changed. */
  | { readonly kind: 'written_down'; readonly owed: bigint }

/**
 * Who owes us, by provider and currency.
 * @param which.after - the last of the page before
 */
export async function listDebts(
  database: Database,
  which: {
    readonly providerId?: string
    readonly after?: { readonly providerId: string; readonly currency: string }
    readonly limit: number
  },
): Promise<readonly ProviderDebt[]> {
  const of = which.providerId === undefined ? sql`` : sql`and account = ${accountOf(which.providerId)}`
  const after = which.after
    ? sql`and (account, currency) > (${accountOf(which.after.providerId)}, ${which.after.currency})`
    : sql``
  const { rows } = await sql<{ account: string; currency: Currency; owed: bigint }>`
    select account, currency, -balance as owed from ledger_receivable_balances
    where balance < 0 ${of} ${after} order by account, currency limit ${which.limit}`.execute(database)
  return rows.map(({ account, currency, owed }) => ({
    providerId: userOfPayee(account.slice(receivableAccount('').length)),
    money: { amount: owed, currency },
  }))
}

/** Writes down that a provider paid a debt, or a part of it, outside our rails. */
export async function settleDebt(
  tx: Transaction<Schema>,
  settlement: DebtSettlement,
  asked: Asked,
): Promise<DebtAnswer> {
  const owed = await outstandingReceivable(tx, settlement.providerId, settlement.money.currency)
  if (await isWrittenDown(tx, settlement)) return { kind: 'written_down', owed }
  if (settlement.money.amount > owed) return { kind: 'too_much', owed }
  await writeDown(tx, settlement, { owed, actor: asked.actor, reason: asked.reason, approvalId: null })
  return { kind: 'done', owed: owed - settlement.money.amount }
}

/**
 * What one person has written down of a debt without anybody else since then, minor units: in parts it is no less. Locks the
 * debt.
 */
export async function writtenDownAlone(
  tx: Transaction<Schema>,
  debt: Pick<DebtSettlement, 'providerId' | 'money'>,
  { actor, since }: { readonly actor: string; readonly since: Date },
): Promise<bigint> {
  await outstandingReceivable(tx, debt.providerId, debt.money.currency)
  const { type, id } = subjectOf(debt)
  const { rows } = await sql<{ amount: bigint }>`
    select coalesce(sum((before->>'owed')::bigint - (after->>'owed')::bigint), 0)::bigint as amount from audit_log
    where subject_type = ${type} and subject_id = ${id} and action = ${SETTLED} and actor = ${actor}
      and occurred_at >= ${since} and after->>'approvalId' is null`.execute(tx)
  return rows[0]?.amount ?? 0n
}

/** Asks for a second person's consent to write a debt, or a part of it, down as settled. */
export async function askToSettleDebt(
  tx: Transaction<Schema>,
  settlement: DebtSettlement,
  asked: Asked,
): Promise<DebtAnswer> {
  const { providerId, money, how, reference } = settlement
  const owed = await outstandingReceivable(tx, providerId, money.currency)
  if (await isWrittenDown(tx, settlement)) return { kind: 'written_down', owed }
  if (money.amount > owed) return { kind: 'too_much', owed }
  const wish = { how, providerId, amount: money.amount, currency: money.currency, reference }
  const asking = await askSecondPerson(tx, { kind: 'debt_settlement', subject: subjectOf(settlement), wish }, asked)
  return { ...asking, owed }
}

/**
 * @returns whether as much is still owed as two people are about to agree to: what is kept back from the next payouts makes
 *   a debt smaller. Locks the debt.
 */
export async function isDebtStillOwed(tx: Transaction<Schema>, approval: ControlApproval): Promise<boolean> {
  const settlement = settlementOf(approval)
  const { providerId, money } = settlement
  const owed = await outstandingReceivable(tx, providerId, money.currency)
  return owed >= money.amount && !(await isWrittenDown(tx, settlement))
}

/**
 * Writes a debt down as settled, as an approval says that has just been given. The deed is whose wish it was.
 * @throws from the database when it is forgiven without a second person's approval of this very sum
 */
export async function settleApprovedDebt(tx: Transaction<Schema>, approval: ControlApproval): Promise<void> {
  const settlement = settlementOf(approval)
  const owed = await outstandingReceivable(tx, settlement.providerId, settlement.money.currency)
  const { id, requestedBy, reason } = approval
  await writeDown(tx, settlement, { owed, actor: requestedBy, reason, approvalId: id })
}

/** Of a debt in the audit log, which also tells who did it alone. */
const SETTLED = 'receivable.settled'

const accountOf = (providerId: string): string => receivableAccount(userPayee(providerId))

/** A debt has no id of its own. */
const subjectOf = ({ providerId, money }: Pick<DebtSettlement, 'providerId' | 'money'>) => ({
  type: 'debt',
  id: `${providerId}:${money.currency}`,
})

/** Written by {@link askToSettleDebt}. */
function settlementOf({ wish }: ControlApproval): DebtSettlement {
  const { how, providerId, amount, currency, reference } = wish as {
    readonly how: SettledHow
    readonly providerId: string
    readonly amount: string
    readonly currency: string
    readonly reference: string | null
  }
  return { how, providerId, money: { amount: BigInt(amount), currency: currencyOf(currency) }, reference }
}

/**
 * Of a payment at the bank by what names it, so that nobody writes one down twice; else by the approval, which the database
 * looks for.
 */
function entryKey({ providerId, money, reference }: DebtSettlement, approvalId: string | null): string {
  if (reference === null) return `receivable_settled:${approvalId}`
  const named = JSON.stringify([providerId, money.currency, reference])
  return `receivable_settled:${createHash('sha256').update(named).digest('hex')}`
}

/** Ask it with the debt locked. */
async function isWrittenDown(tx: Transaction<Schema>, settlement: DebtSettlement): Promise<boolean> {
  if (settlement.reference === null) return false
  const row = await tx
    .selectFrom('ledger_entries')
    .select('id')
    .where('idempotency_key', '=', entryKey(settlement, null))
    .executeTakeFirst()
  return row !== undefined
}

async function writeDown(
  tx: Transaction<Schema>,
  settlement: DebtSettlement,
  by: {
    readonly owed: bigint
    readonly actor: string
    readonly reason: string
    /** Null where it took nobody else. */
    readonly approvalId: string | null
  },
): Promise<void> {
  const { providerId, money, how, reference } = settlement
  await recordEntries(tx, [
    {
      idempotencyKey: entryKey(settlement, by.approvalId),
      kind: 'receivable_settled',
      postings: moved(money, { from: `receivable_settled:${how}`, to: accountOf(providerId) }),
    },
  ])
  const { approvalId } = by
  await recordAudit(tx, [
    {
      actor: by.actor,
      action: SETTLED,
      subject: subjectOf(settlement),
      reason: by.reason,
      before: { owed: by.owed, currency: money.currency },
      after: {
        owed: by.owed - money.amount,
        currency: money.currency,
        how,
        reference,
        ...(approvalId && { approvalId }),
      },
    },
  ])
  await closeSettledDebts(tx, [{ providerId, currency: money.currency }])
}
