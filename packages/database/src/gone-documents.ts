import { latenessOfDeleted } from '@remesa/domain/late-document'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SellerDocumentType } from '@remesa/domain/seller-documents'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import type { ClosedDays } from './late-document-sweep.ts'
import { keyOf, type LateMatter, readTold, tellOnce } from './late-documents.ts'
import type { Schema } from './schema.ts'

/** As many as one query of NetSuite may name. */
const AT_ONCE = 1_000

/**
 * The documents that were counted and may be deleted in NetSuite, which forbids that of what something is applied to: those
 * of balances without a vendor payment of ours, and the invoices of all others. Of days that are looked at, and of older
 * ones whose balance has not ended; besides, those that people were told of.
 * @returns ids, in groups of up to 1,000
 */
export async function* deletableDocuments(
  database: Database,
  { from, to, toldOf }: Pick<ClosedDays, 'from' | 'to' | 'toldOf'>,
): AsyncGenerator<readonly string[]> {
  const known = new Set(toldOf)
  let waiting = [...toldOf]
  for await (const ids of countedBy(database, { from, to })) {
    waiting.push(...ids.filter((id) => !known.has(id)))
    for (; waiting.length >= AT_ONCE; waiting = waiting.slice(AT_ONCE)) yield waiting.slice(0, AT_ONCE)
  }
  if (waiting.length > 0) yield waiting
}

/** Day by day, so that no more than a day's are held at once. */
async function* countedBy(
  database: Database,
  { from, to }: Pick<ClosedDays, 'from' | 'to'>,
): AsyncGenerator<readonly string[]> {
  const { rows: older } = await sql<{ erp_id: string }>`
    select d.erp_id from seller_balances b join seller_balance_documents d on d.seller_balance_id = b.id
    where b.business_date < ${from} and b.status not in ('paid', 'returned', 'no_payment_due')
    order by length(d.erp_id), d.erp_id`.execute(database)
  yield older.map(({ erp_id }) => erp_id)
  const last = Temporal.PlainDate.from(to)
  for (
    let day = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  ) {
    const { rows } = await sql<{ erp_id: string }>`
      select d.erp_id from seller_balances b join seller_balance_documents d on d.seller_balance_id = b.id
      where b.business_date = ${day.toString()} and (d.type = 'invoice' or b.erp_vendor_payment_id is null)
      order by length(d.erp_id), d.erp_id`.execute(database)
    yield rows.map(({ erp_id }) => erp_id)
  }
}

/**
 * Tells of documents that NetSuite does not show any more: of those that were counted. What was told of any other of them
 * is over. Call it only in the transaction that has renewed the sweep.
 * @returns alerts to raise in the same transaction, one per document
 */
export async function compareGone(
  tx: Transaction<Schema>,
  erpIds: readonly string[],
  now: Date,
): Promise<readonly NewAlert[]> {
  if (erpIds.length === 0) return []
  const { rows } = await sql<GoneRow>`
    select d.erp_id, d.type, d.tran_id, d.currency, d.amount, d.total, b.id as seller_balance_id,
      b.business_date as balance_date, b.status, b.country, s.id as seller_id, s.gsc_seller_id
    from seller_balance_documents d join seller_balances b on b.id = d.seller_balance_id
    join sellers s on s.id = b.seller_id where d.erp_id = any(${erpIds}::text[]) order by d.erp_id`.execute(tx)
  return tellOnce(tx, { matters: rows.map(matterOf), told: await readTold(tx, erpIds) }, now)
}

interface GoneRow {
  readonly erp_id: string
  readonly type: SellerDocumentType
  readonly tran_id: string
  readonly currency: string
  readonly amount: bigint
  readonly total: bigint | null
  readonly seller_balance_id: string
  readonly balance_date: string
  readonly status: SellerBalanceStatus
  readonly country: string
  readonly seller_id: string
  readonly gsc_seller_id: string
}

function matterOf(row: GoneRow): LateMatter {
  const { reason, difference } = latenessOfDeleted({ open: row.amount })
  const change = `${reason}:${difference}:${row.currency}`
  return {
    erpId: row.erp_id,
    date: row.balance_date,
    change,
    alert: {
      kind: 'late_document',
      dedupKey: keyOf(row.erp_id, change),
      subject: { type: 'seller_balance', id: row.seller_balance_id },
      businessDate: row.balance_date,
      details: {
        reason,
        difference,
        ...{ erpId: row.erp_id, document: row.tran_id, documentType: row.type, date: row.balance_date },
        ...{ sellerId: row.seller_id, gscSellerId: row.gsc_seller_id, country: row.country, currency: row.currency },
        ...{ open: null, total: null, counted: { open: row.amount, total: row.total, currency: row.currency } },
        ...{ state: 'deleted', balanceStatus: row.status, modifiedInNetSuite: null },
      },
    },
  }
}
