import { currency as currencyOf } from '@remesa/domain/currency'
import { type DocumentNow, type Lateness, latenessOfCounted, latenessOfUncounted } from '@remesa/domain/late-document'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SellerDocument, SellerDocumentType } from '@remesa/domain/seller-documents'
import { applyToBills } from '@remesa/domain/vendor-payment'
import { sql, type Transaction } from 'kysely'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

/** A document as NetSuite has it, and whose it is there. */
export interface DocumentToCompare extends DocumentNow {
  readonly erpId: string
  readonly type: SellerDocumentType
  readonly tranId: string
  readonly date: string
  readonly entityId: string
  readonly subsidiaryId: string
  readonly modifiedAt: string
}

const GONE = 'The document agrees with what was counted, or nothing of it is to be paid any more.'
const CHANGED_AGAIN = 'The document has changed again: a newer alert says how it stands.'

/**
 * Compares documents with what was counted. Call it only in the transaction that has renewed the sweep: one at a time.
 * Alerts of matters that are gone are closed; of what people were told already they are not told again.
 * @returns alerts to raise in the same transaction, one per document that differs otherwise than before
 */
export async function compareDocuments(
  tx: Transaction<Schema>,
  documents: readonly DocumentToCompare[],
  now: Date,
): Promise<readonly NewAlert[]> {
  if (documents.length === 0) return []
  const counted = await readCounted(tx, documents)
  const uncounted = await readUncounted(
    tx,
    documents.filter(({ erpId }) => !counted.has(erpId)),
  )
  const found = documents.flatMap((document) => {
    const place = counted.get(document.erpId) ?? uncounted.get(document.erpId)
    const lateness = place && latenessAt(document, place)
    return place && lateness ? [{ document, place, lateness, change: changeOf(document, lateness) }] : []
  })
  const told = await readTold(
    tx,
    documents.map(({ erpId }) => erpId),
  )
  return tellOnce(tx, { matters: found.map(matterOf), told }, now)
}

/** One document that differs, how, and what finance is told of it. */
export interface LateMatter {
  readonly erpId: string
  readonly date: string
  readonly change: string
  readonly alert: NewAlert
}

/**
 * Closes the alerts of matters that are gone, and remembers what there is to tell.
 * @param told - the last change that people were told of, by document
 * @returns alerts of what they were not told of yet
 */
export async function tellOnce(
  tx: Transaction<Schema>,
  { matters, told }: { matters: readonly LateMatter[]; told: ReadonlyMap<string, string> },
  now: Date,
): Promise<readonly NewAlert[]> {
  const changeNow = new Map(matters.map(({ erpId, change }) => [erpId, change]))
  const passed = [...told].filter(([erpId, change]) => changeNow.get(erpId) !== change)
  for (const [note, ended] of Map.groupBy(passed, ([erpId]) => (changeNow.has(erpId) ? CHANGED_AGAIN : GONE))) {
    await resolveAlerts(tx, { dedupKeys: ended.map(([erpId, change]) => keyOf(erpId, change)), note })
  }
  const fresh = matters.filter(({ erpId, change }) => told.get(erpId) !== change)
  await remember(tx, { fresh, gone: passed.map(([erpId]) => erpId).filter((erpId) => !changeNow.has(erpId)) }, now)
  return fresh.map(({ alert }) => alert)
}

interface Found {
  readonly document: DocumentToCompare
  readonly place: Place
  readonly lateness: Lateness
  readonly change: string
}

export const keyOf = (erpId: string, change: string): string => `late_document:${erpId}:${change}`

/** Names the change, so that the same one is told of once, and another one anew. */
const changeOf = ({ figures }: DocumentToCompare, { reason, difference }: Lateness): string =>
  [reason, difference ?? '', figures?.currency ?? ''].join(':')

/** Where a document counts, or would have. */
interface Place {
  readonly seller_id: string
  readonly gsc_seller_id: string
  readonly country: string
  readonly seller_balance_id: string | null
  readonly balance_date: string | null
  readonly status: SellerBalanceStatus | null
  readonly counted?: Omit<CountedRow, keyof Place> & { readonly ours: bigint }
}

function latenessAt(document: DocumentToCompare, { counted, status }: Place): Lateness | undefined {
  if (!counted) return latenessOfUncounted(document)
  return latenessOfCounted(document, {
    currency: currencyOf(counted.currency),
    open: counted.amount,
    total: counted.total,
    isOfSeller: counted.is_of_seller,
    isSettled: counted.has_vendor_payment || status === 'no_payment_due' || isPaid(status),
    ours: counted.ours,
  })
}

const isPaid = (status: SellerBalanceStatus | null): boolean => status === 'paid' || status === 'returned'

interface CountedRow {
  readonly erp_id: string
  readonly currency: string
  readonly amount: bigint
  readonly total: bigint | null
  readonly is_of_seller: boolean
  readonly has_vendor_payment: boolean
  readonly amount_owed: bigint | null
}

async function readCounted(
  tx: Transaction<Schema>,
  documents: readonly DocumentToCompare[],
): Promise<ReadonlyMap<string, Place>> {
  const { rows } = await sql<CountedRow & Place & { seller_balance_id: string }>`
    select d.erp_id, d.currency, d.amount, d.total, b.id as seller_balance_id, b.business_date as balance_date, b.status,
      b.country, b.amount_owed, b.erp_vendor_payment_id is not null as has_vendor_payment, s.id as seller_id,
      s.gsc_seller_id, coalesce(t."entityId" in (s.erp_id, s.erp_customer_id), false) as is_of_seller
    from ${recordset(documents)}
    join seller_balance_documents d on d.erp_id = t."erpId"
    join seller_balances b on b.id = d.seller_balance_id
    join sellers s on s.id = b.seller_id`.execute(tx)
  const paid = rows.filter(({ status, has_vendor_payment }) => isPaid(status) || has_vendor_payment)
  const applied = await appliedByUs(tx, new Map(paid.map((row) => [row.seller_balance_id, row.amount_owed ?? 0n])))
  return new Map(rows.map((row) => [row.erp_id, { ...row, counted: { ...row, ours: applied.get(row.erp_id) ?? 0n } }]))
}

/**
 * What our vendor payments take of each bill. They are made anew from the same rows each time they are sent, so they can be
 * worked out; whether NetSuite has them already need not be known.
 * @param sent - minor units, by balance
 */
async function appliedByUs(
  tx: Transaction<Schema>,
  sent: ReadonlyMap<string, bigint>,
): Promise<ReadonlyMap<string, bigint>> {
  const { rows } = await sql<{ balance: string; erp_id: string; tran_id: string; currency: string; amount: bigint }>`
    select seller_balance_id as balance, erp_id, tran_id, currency, amount from seller_balance_documents
    where seller_balance_id = any(${[...sent.keys()]}::uuid[]) and type = 'vendorBill'
    order by length(erp_id), erp_id`.execute(tx)
  const lines = [...Map.groupBy(rows, ({ balance }) => balance)].flatMap(([balance, bills]) => {
    const documents = bills.map(({ erp_id, tran_id, currency, amount }): SellerDocument => {
      return { erpId: erp_id, type: 'vendorBill', tranId: tran_id, currency: currencyOf(currency), amount }
    })
    return applyToBills(documents, sent.get(balance) ?? 0n)
  })
  return new Map(lines.map(({ erpId, amount }) => [erpId, amount]))
}

/**
 * Documents that no balance counts, although the day's were made: their balance is read already, or was never made while the
 * seller sells there. Whose balance is still to be read, or will be read again, has nothing late.
 */
async function readUncounted(
  tx: Transaction<Schema>,
  documents: readonly DocumentToCompare[],
): Promise<ReadonlyMap<string, Place>> {
  const { rows } = await sql<Place & { erp_id: string }>`
    select distinct on (t."erpId") t."erpId" as erp_id, s.id as seller_id, s.gsc_seller_id, c.id as country,
      b.id as seller_balance_id, b.business_date as balance_date, b.status
    from ${recordset(documents)}
    join (select id, gsc_seller_id, unnest(array[erp_id, erp_customer_id]) as entity from sellers) s
      on s.entity = t."entityId"
    join countries c on c.erp_subsidiary_id = t."subsidiaryId"
    join pay_day_runs r on r.business_date = t.date and r.initialized_at is not null
    left join seller_balances b on b.seller_id = s.id and b.country = c.id and b.business_date = t.date
    left join seller_countries sc on sc.seller_id = s.id and sc.country = c.id
    where case when b.id is null then coalesce(sc.enabled and c.enabled, false)
      else b.status <> 'initialized' and not (b.status = 'blocked' and b.blocked_reason like 'document%') end
    order by t."erpId", b.id`.execute(tx)
  return new Map(rows.map(({ erp_id, ...place }) => [erp_id, place]))
}

const recordset = (documents: readonly DocumentToCompare[]) => {
  const rows = documents.map(({ erpId, entityId, subsidiaryId, date }) => ({ erpId, entityId, subsidiaryId, date }))
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t("erpId" text, "entityId" text,
    "subsidiaryId" text, date date)`
}

/** The last change that people were told of, by document. */
export async function readTold(tx: Transaction<Schema>, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ erp_id: string; change: string }>`
    select erp_id, change from late_documents where erp_id = any(${ids}::text[])`.execute(tx)
  return new Map(rows.map(({ erp_id, change }) => [erp_id, change]))
}

async function remember(
  tx: Transaction<Schema>,
  { fresh, gone }: { fresh: readonly LateMatter[]; gone: readonly string[] },
  now: Date,
): Promise<void> {
  const rows = fresh.map(({ erpId, date, change }) => ({ erp_id: erpId, date, change }))
  await sql`delete from late_documents where erp_id = any(${gone}::text[])`.execute(tx)
  await sql`
    insert into late_documents (erp_id, business_date, change, told_at)
    select erp_id, date, change, ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(erp_id text, date date, change text)
    on conflict (erp_id) do update set business_date = excluded.business_date, change = excluded.change,
      told_at = excluded.told_at`.execute(tx)
}

const matterOf = (found: Found): LateMatter => {
  const { erpId, date } = found.document
  return { erpId, date, change: found.change, alert: alertOf(found) }
}

function alertOf({ document, place, lateness, change }: Found): NewAlert {
  const { counted } = place
  return {
    kind: 'late_document',
    dedupKey: keyOf(document.erpId, change),
    subject: place.seller_balance_id
      ? { type: 'seller_balance', id: place.seller_balance_id }
      : { type: 'seller', id: place.seller_id },
    businessDate: place.balance_date ?? document.date,
    details: {
      reason: lateness.reason,
      difference: lateness.difference,
      ...{ erpId: document.erpId, document: document.tranId, documentType: document.type, date: document.date },
      ...{ sellerId: place.seller_id, gscSellerId: place.gsc_seller_id, country: place.country },
      currency: document.figures?.currency ?? null,
      open: document.figures?.open ?? null,
      total: document.figures?.total ?? null,
      counted: counted ? { open: counted.amount, total: counted.total, currency: counted.currency } : null,
      ...{ state: document.state, balanceStatus: place.status, modifiedInNetSuite: document.modifiedAt },
    },
  }
}
