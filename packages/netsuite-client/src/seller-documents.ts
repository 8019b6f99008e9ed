import type { BusinessDate } from '@remesa/domain/business-date'
import { type Currency, isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import type { SellerDocument, SellerDocumentType } from '@remesa/domain/seller-documents'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { errorFor, readAs } from '@remesa/provider-http/read-as'
import { z } from 'zod'
import { internalId } from './ids.ts'
import type { Ask } from './transport.ts'

/** A document, and whose it is. */
export interface FoundDocument extends SellerDocument {
  /** NetSuite id of the vendor (bills) or customer (invoices). */
  readonly entityId: string
  readonly subsidiaryId: string
  readonly date: BusinessDate
}

/** A document that exists and cannot be counted; its seller must not be paid as if it were not there. */
export interface UnreadableDocument {
  readonly erpId: string
  /** The number that people know it by; NetSuite's id where it has none. */
  readonly tranId: string
  readonly entityId: string
  readonly subsidiaryId: string
  /** What is wrong with it, without its values. */
  readonly problem: string
}

export interface FoundDocuments {
  readonly documents: readonly FoundDocument[]
  readonly unreadable: readonly UnreadableDocument[]
  /** Pages asked for; requests that were repeated are not counted. */
  readonly requests: number
}

export interface SellerDocumentsFilter {
  readonly businessDate: BusinessDate
  /** NetSuite ids of vendors and customers, at most 1,000: that many fit into one SQL list. */
  readonly entityIds: readonly string[]
  /** All subsidiaries when absent. */
  readonly subsidiaryIds?: readonly string[] | undefined
}

/** NetSuite gives no more rows at once. */
const PAGE_ROWS = 1000

/**
 * What is open of the sellers' bills and invoices of one day, all of them in one query, in pages.
 * The pages go by key (`id > last`), since NetSuite runs the query anew for each and offsets would shift.
 * @throws RangeError for ids that are not NetSuite's, or too many; ProviderError
 */
export async function findSellerDocuments(ask: Ask, filter: SellerDocumentsFilter): Promise<FoundDocuments> {
  const query = sellerDocumentsQuery(filter)
  const found: { documents: FoundDocument[]; unreadable: UnreadableDocument[] } = { documents: [], unreadable: [] }
  if (filter.entityIds.length === 0) return { ...found, requests: 0 }

  const asked = new Set(filter.entityIds)
  let after = 0n
  for (let requests = 1; ; requests += 1) {
    const page = await ask(
      {
        operation: 'find seller documents',
        method: 'POST',
        path: `/services/rest/query/v1/suiteql?limit=${PAGE_ROWS}`,
        headers: { prefer: 'transient' },
        json: { q: query(after) },
      },
      (answer) => readPage(answer, { after, asked }),
    )
    for (const row of page.rows) {
      const document = readDocument(row, filter.businessDate)
      if ('problem' in document) found.unreadable.push(document)
      else if (document.amount > 0n) found.documents.push(document)
    }
    if (!page.hasMore) return { ...found, requests }
    after = page.last
  }
}

/** One page's rows. Paging on from rows that are out of order would lose some, or never end: such a page is garbled. */
function readPage(answer: HttpAnswer, { after, asked }: { after: bigint; asked: ReadonlySet<string> }) {
  const { items: rows, hasMore } = readAs(pageSchema, answer)
  let last = after
  for (const { id, entity } of rows) {
    if (BigInt(id) <= last || !asked.has(entity)) throw errorFor(answer, { kind: 'garbled', code: 'rows_not_as_asked' })
    last = BigInt(id)
  }
  if (hasMore && rows.length === 0) throw errorFor(answer, { kind: 'garbled', code: 'more_of_nothing' })
  return { rows, last, hasMore }
}

/**
 * The query after a given id. Values are checked and written into it: placeholders are not documented.
 * Left out are documents that are void, wait for approval or were refused it, are held from payment, or are settled.
 */
function sellerDocumentsQuery({ businessDate, entityIds, subsidiaryIds }: SellerDocumentsFilter) {
  if (entityIds.length > 1000) throw new RangeError(`${entityIds.length} entities do not fit into one query, 1000 do`)
  if (!/^\d{4}-\d{2}-\d{2}$/.test(businessDate)) throw new RangeError('the business date is not written as YYYY-MM-DD')
  const entities = entityIds.map(internalId).join(',')
  const subsidiaries = subsidiaryIds && `AND tl.subsidiary IN (${subsidiaryIds.map(internalId).join(',')}) `
  return (last: bigint): string =>
    'SELECT t.id AS id, t.tranid AS tranid, t.type AS type, ' +
    "TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate, t.entity AS entity, c.symbol AS currency, " +
    'tl.subsidiary AS subsidiary, t.foreigntotal AS foreigntotal, t.foreignamountunpaid AS foreignamountunpaid ' +
    'FROM transaction t ' +
    "JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' " +
    'JOIN currency c ON c.id = t.currency ' +
    "WHERE t.type IN ('VendBill','CustInvc') " +
    `AND t.trandate = TO_DATE('${businessDate}','YYYY-MM-DD') ` +
    `AND t.entity IN (${entities}) ` +
    (subsidiaries ?? '') +
    "AND NVL(t.voided,'F') = 'F' " +
    'AND NVL(t.approvalstatus,2) = 2 ' +
    "AND NVL(t.paymenthold,'F') = 'F' " +
    'AND t.foreignamountunpaid <> 0 ' +
    `AND t.id > ${last} ` +
    'ORDER BY t.id'
}

/** All values are strings, and what is null is left out. What tells whose document it is must be there. */
const rowSchema = z.object({
  id: z.string().regex(/^[1-9]\d{0,17}$/),
  tranid: z.string().optional(),
  type: z.enum(['VendBill', 'CustInvc']),
  trandate: z.string().optional(),
  entity: z.string(),
  currency: z.string().optional(),
  subsidiary: z.string(),
  foreigntotal: z.string().optional(),
  foreignamountunpaid: z.string().optional(),
})
const pageSchema = z.object({ items: z.array(rowSchema), hasMore: z.boolean() })

const TYPES: Readonly<Record<'VendBill' | 'CustInvc', SellerDocumentType>> = {
  VendBill: 'vendorBill',
  CustInvc: 'invoice',
}

function readDocument(row: z.output<typeof rowSchema>, asked: BusinessDate): FoundDocument | UnreadableDocument {
  const tranId = row.tranid ?? row.id
  const whose = { erpId: row.id, tranId, entityId: row.entity, subsidiaryId: row.subsidiary }
  const { currency, trandate, foreignamountunpaid } = row
  if (trandate !== asked) return { ...whose, problem: 'the date is not the one that was asked for' }
  if (currency === undefined || !isCurrency(currency)) {
    return { ...whose, problem: 'the currency is not a payable ISO 4217 currency' }
  }
  if (foreignamountunpaid === undefined) return { ...whose, problem: 'the open amount is missing' }
  let signed: bigint
  try {
    signed = parseMajor(foreignamountunpaid, currency)
  } catch {
    return { ...whose, problem: `the open amount is no amount in ${currency}` }
  }
  // The one place where NetSuite's signs end: it counts bills and invoices in opposite directions, and not in every
  // column alike. From here on an amount is what is open, and the type says who owes it.
  const amount = signed < 0n ? -signed : signed
  const total = totalOf(row.type, row.foreigntotal, currency)
  const document = { ...whose, type: TYPES[row.type], currency, amount, date: asked }
  return total === undefined ? document : { ...document, total }
}

/**
 * What a document comes to in all, in minor units: bills are negative there and invoices positive (facts: netsuite §6), so
 * that either is positive here unless it was turned around.
 * @returns undefined when NetSuite does not tell, or tells what is no amount
 */
export function totalOf(
  type: 'VendBill' | 'CustInvc',
  foreigntotal: string | undefined,
  currency: Currency,
): bigint | undefined {
  if (foreigntotal === undefined) return undefined
  try {
    const signed = parseMajor(foreigntotal, currency)
    return type === 'VendBill' ? -signed : signed
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
