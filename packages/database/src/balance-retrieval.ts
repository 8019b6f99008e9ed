import { type ClosingMatch, matchClosing } from '@remesa/domain/closing'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { BlockedReason } from '@remesa/domain/seller-balance'
import { amountOwed, type SellerDocument } from '@remesa/domain/seller-documents'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { type LedgerEntry, moved, owedFrom, payeeAccount, recordEntries } from './ledger.ts'
import type { Schema } from './schema.ts'
import { type ClosingKey, closingAlert, findClosings, type SellerClosing } from './seller-closings.ts'

/** A balance that waits for its documents, with what NetSuite must be asked. */
export interface BalanceToRetrieve extends ClosingKey {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly currency: Currency
  /** NetSuite's ids; `vendorId` is null until the seller was synced, `subsidiaryId` where finance has none. */
  readonly erp: {
    readonly vendorId: string | null
    readonly customerId: string | null
    readonly subsidiaryId: string | null
  }
}

/** What NetSuite answered for one balance. */
export type Retrieved =
  | { readonly sellerBalanceId: string; readonly documents: readonly SellerDocument[] }
  | {
      readonly sellerBalanceId: string
      readonly blocked: DocumentReason
      /** For the person who mends it: which document, and what is wrong with it. */
      readonly details: BlockingDetails
    }

/** The document that keeps a balance from being counted: what an alert, the audit log and explanations tell. */
export interface BlockingDetails {
  /** The number that people know it by. */
  readonly document: string
  /** NetSuite's id. */
  readonly erpId: string
  /** What is wrong with it, where it cannot be read; without its values. */
  readonly problem?: string
  /** Its own, where that is not the balance's. */
  readonly documentCurrency?: Currency
  /** In which it counts already. */
  readonly otherBalance?: string
}
export type DocumentReason = Extract<BlockedReason, `document${string}`>

export interface RetrievedBalance {
  readonly sellerBalanceId: string
  readonly status: 'payable' | 'no_payment_due' | 'blocked'
  /** Minor units; null when blocked: what cannot be read is not summed. */
  readonly amountOwed: bigint | null
  readonly closingMatch: ClosingMatch | null
  readonly blockedReason: DocumentReason | null
}

/**
 * Of these balances, the ones that still wait for their documents. Takes no lock, for NetSuite is asked with no
 * transaction open: a balance asked for twice is recorded once.
 */
export async function findForRetrieval(
  database: Database,
  ids: readonly string[],
): Promise<readonly BalanceToRetrieve[]> {
  const { rows } = await sql<{
    id: string
    seller_id: string
    gsc_seller_id: string
    country: string
    business_date: string
    currency: string
    erp_id: string | null
    erp_customer_id: string | null
    erp_subsidiary_id: string | null
  }>`
    select b.id, b.seller_id, s.gsc_seller_id, b.country, b.business_date, b.currency, s.erp_id, s.erp_customer_id,
      c.erp_subsidiary_id
    from seller_balances b join sellers s on s.id = b.seller_id join countries c on c.id = b.country
    where b.id = any(${ids}::uuid[]) and b.status = 'initialized' order by b.id`.execute(database)
  return rows.map((row) => ({
    sellerBalanceId: row.id,
    sellerId: row.seller_id,
    gscSellerId: row.gsc_seller_id,
    country: row.country,
    businessDate: row.business_date,
    currency: currencyOf(row.currency),
    erp: { vendorId: row.erp_id, customerId: row.erp_customer_id, subsidiaryId: row.erp_subsidiary_id },
  }))
}

/**
 * Records what NetSuite answered: documents, amount owed, match with the closing, ledger, audit, all or nothing. A
 * balance in a foreign currency, with a document that counts in another balance, or unreadable is blocked and keeps
 * no documents, so that it is read afresh once they are mended.
 * @param actor - who reports it, for the audit log
 * @returns the balances that this call moved, in no order, and the alerts to raise in the same transaction
 * @throws when a document is listed twice, or another transaction records it at this moment: read again
 */
export async function recordRetrieved(
  tx: Transaction<Schema>,
  results: readonly Retrieved[],
  actor: string,
): Promise<{ recorded: readonly RetrievedBalance[]; alerts: readonly NewAlert[] }> {
  const locked = await lockInitialized(
    tx,
    results.map(({ sellerBalanceId }) => sellerBalanceId),
  )
  // Read after the lock: whoever stores a closing from now on waits for us, and matches it to what we record.
  const closingFor = await findClosings(tx, [...locked.values()])
  const elsewhere = await findOwners(tx, results)
  const decisions = results.flatMap((result) => {
    const balance = locked.get(result.sellerBalanceId)
    locked.delete(result.sellerBalanceId) // told twice in one batch, it is recorded once
    return balance ? [decide(balance, result, closingFor(balance), elsewhere)] : []
  })
  await insertDocuments(tx, decisions)
  await updateBalances(tx, decisions)
  await recordEntries(tx, decisions.flatMap(owedEntry))
  await recordAudit(
    tx,
    decisions.map((decision) => auditOf(decision, actor)),
  )
  return { recorded: decisions.map(({ recorded }) => recorded), alerts: decisions.flatMap(({ alerts }) => alerts) }
}

interface LockedBalance extends ClosingKey {
  readonly sellerBalanceId: string
  readonly sellerId: string
  readonly currency: Currency
}

interface Decision {
  readonly balance: LockedBalance
  readonly documents: readonly SellerDocument[]
  readonly blockedBy: BlockingDetails | null
  readonly recorded: RetrievedBalance
  readonly alerts: readonly NewAlert[]
}

/** @param owners - balance by document; a document taken by an earlier balance of the batch is added to it */
function decide(
  balance: LockedBalance,
  result: Retrieved,
  closing: SellerClosing | undefined,
  owners: Map<string, string>,
): Decision {
  if ('blocked' in result) return blockedBy(balance, result.blocked, result.details)
  const { documents } = result
  const foreign = documents.find(({ currency }) => currency !== balance.currency)
  if (foreign) {
    const { tranId: document, erpId, currency: documentCurrency } = foreign
    const details = { document, erpId, documentCurrency, currency: balance.currency }
    return blockedBy(balance, 'document_currency', details)
  }
  const taken = documents.find(({ erpId }) => owners.has(erpId))
  if (taken) {
    const details = { document: taken.tranId, erpId: taken.erpId, ...otherOf(owners.get(taken.erpId)) }
    return blockedBy(balance, 'document_in_other_balance', details)
  }
  for (const { erpId, tranId } of documents) {
    // Counted twice it would be paid twice; a page of NetSuite's that shifted while it was read, reads well the next time.
    if (owners.has(erpId)) throw new Error(`${tranId} (${erpId}) is listed twice for ${balance.sellerBalanceId}`)
    owners.set(erpId, balance.sellerBalanceId)
  }

  const owed = { amount: amountOwed(documents, balance.currency), currency: balance.currency }
  const match = matchClosing(owed, closing?.money)
  const about = { ...balance, owed }
  return {
    balance,
    documents,
    blockedBy: null,
    recorded: {
      sellerBalanceId: balance.sellerBalanceId,
      status: owed.amount > 0n ? 'payable' : 'no_payment_due',
      amountOwed: owed.amount,
      closingMatch: match,
      blockedReason: null,
    },
    // A seller that sold nothing is not closed: without documents a missing closing is as it should be.
    alerts:
      match === 'different'
        ? [closingAlert('closing_different', about, closing)]
        : match === 'missing' && documents.length > 0
          ? [closingAlert('closing_missing', about)]
          : [],
  }
}

const otherOf = (otherBalance: string | undefined) => (otherBalance === undefined ? {} : { otherBalance })

const blockedBy = (balance: LockedBalance, reason: DocumentReason, details: BlockingDetails): Decision => ({
  balance,
  documents: [],
  blockedBy: details,
  recorded: {
    sellerBalanceId: balance.sellerBalanceId,
    status: 'blocked',
    amountOwed: null,
    closingMatch: null,
    blockedReason: reason,
  },
  alerts: [
    {
      kind: reason,
      dedupKey: `${reason}:seller-balance:${balance.sellerBalanceId}`,
      subject: { type: 'seller_balance', id: balance.sellerBalanceId },
      businessDate: balance.businessDate,
      details: { sellerId: balance.sellerId, country: balance.country, ...details },
    },
  ],
})

async function lockInitialized(tx: Transaction<Schema>, ids: readonly string[]): Promise<Map<string, LockedBalance>> {
  const { rows } = await sql<LockedBalance>`
    select b.id as "sellerBalanceId", b.seller_id as "sellerId", s.gsc_seller_id as "gscSellerId", b.country,
      b.business_date as "businessDate", b.currency
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.id = any(${ids}::uuid[]) and b.status = 'initialized'
    order by b.id for update of b`.execute(tx)
  return new Map(rows.map((row) => [row.sellerBalanceId, row]))
}

async function findOwners(tx: Transaction<Schema>, results: readonly Retrieved[]): Promise<Map<string, string>> {
  const erpIds = results.flatMap((result) => ('documents' in result ? result.documents.map(({ erpId }) => erpId) : []))
  const { rows } = await sql<{ erp_id: string; seller_balance_id: string }>`
    select erp_id, seller_balance_id from seller_balance_documents where erp_id = any(${erpIds}::text[])`.execute(tx)
  return new Map(rows.map(({ erp_id, seller_balance_id }) => [erp_id, seller_balance_id]))
}

async function insertDocuments(tx: Transaction<Schema>, decisions: readonly Decision[]): Promise<void> {
  const rows = decisions.flatMap(({ balance, documents }) =>
    documents.map(({ amount, total, ...document }) => ({
      ...document,
      amount: amount.toString(),
      total: total?.toString() ?? null,
      balance: balance.sellerBalanceId,
    })),
  )
  const { numAffectedRows } = await sql`
    insert into seller_balance_documents (erp_id, seller_balance_id, type, tran_id, currency, amount, total)
    select "erpId", balance, type, "tranId", currency, amount, total
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t("erpId" text, balance uuid, type text, "tranId" text,
      currency text, amount bigint, total bigint)
    order by "erpId"
    on conflict (erp_id) do nothing`.execute(tx)
  if (Number(numAffectedRows ?? 0n) !== rows.length) {
    throw new Error('a document was recorded for another balance meanwhile: its balance must be decided again')
  }
}

async function updateBalances(tx: Transaction<Schema>, decisions: readonly Decision[]): Promise<void> {
  const rows = decisions.map(({ recorded }) => ({ ...recorded, amountOwed: recorded.amountOwed?.toString() ?? null }))
  await sql`
    update seller_balances b set status = t.status, amount_owed = t."amountOwed", closing_match = t."closingMatch",
      blocked_reason = t."blockedReason", updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t("sellerBalanceId" uuid, status text,
      "amountOwed" bigint, "closingMatch" text, "blockedReason" text)
    where b.id = t."sellerBalanceId"`.execute(tx)
}

/** What a balance that owes nothing, or is owed by the seller, means for the books: nothing. It is never collected here. */
const owedEntry = ({ balance, recorded }: Decision): readonly LedgerEntry[] =>
  recorded.status === 'payable' && recorded.amountOwed !== null
    ? [
        {
          idempotencyKey: `owed:${balance.sellerBalanceId}`,
          kind: 'owed',
          payable: { type: 'seller_balance', id: balance.sellerBalanceId },
          postings: moved(
            { amount: recorded.amountOwed, currency: balance.currency },
            { from: owedFrom(balance.country), to: payeeAccount(balance.sellerId) },
          ),
        },
      ]
    : []

const auditOf = ({ balance, documents, blockedBy: because, recorded }: Decision, actor: string): AuditRow => ({
  actor,
  action: recorded.status === 'blocked' ? 'seller_balance.blocked' : 'seller_balance.retrieved',
  subject: { type: 'seller_balance', id: balance.sellerBalanceId },
  reason: recorded.blockedReason,
  before: { status: 'initialized' },
  after: {
    status: recorded.status,
    amountOwed: recorded.amountOwed,
    currency: balance.currency,
    closingMatch: recorded.closingMatch,
    documents: documents.length,
    ...because,
  },
})
