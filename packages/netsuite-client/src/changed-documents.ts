import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { isCurrency } from '@remesa/domain/currency'
import type { DocumentNow, DocumentState } from '@remesa/domain/late-document'
import { parseMajor } from '@remesa/domain/money'
import type { SellerDocumentType } from '@remesa/domain/seller-documents'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { errorFor, readAs } from '@remesa/provider-http/read-as'
import { z } from 'zod'
import { internalId } from './ids.ts'
import { totalOf } from './seller-documents.ts'
import type { Ask } from './transport.ts'

/** A bill or invoice as it stands in NetSuite now, whatever keeps it from being paid. */
export interface ChangedDocument extends DocumentNow {
  readonly erpId: string
  readonly type: SellerDocumentType
  /** The number people know it by. */
  readonly tranId: string
  readonly date: BusinessDate
  /** NetSuite id of the vendor (bills) or customer (invoices). */
  readonly entityId: string
  readonly subsidiaryId: string
  /** By the clock on NetSuite's wall, which names no zone; for people, never to be reckoned with. */
  readonly modifiedAt: string
}

export interface ChangedDocumentsFilter {
  /** Dated from this day on, and up to `to`. */
  readonly from: BusinessDate
  readonly to: BusinessDate
  /** Changed then or later; null: whenever. NetSuite is asked for half a day more, since it has a zone of its own. */
  readonly changedSince: Date | null
  /** At least one, at most 1,000. */
  readonly subsidiaryIds: readonly string[]
  /** Told of too, whatever their date and whenever they were changed. At most 1,000. */
  readonly andThese: readonly string[]
}

/** NetSuite gives no more rows at once. */
const PAGE_ROWS = 1000
/** No clock on earth is further behind UTC: what changed then or later reads as later than this earlier moment. */
const FURTHEST_WEST_MS = 12 * 3_600_000

/**
 * The bills and invoices of a span of days that were changed lately, by anyone, in pages of up to 1,000, by their ids.
 * `lastmodifieddate` is in the zone of the company or user (facts: netsuite §6), which nobody tells us: it is asked for from
 * a moment on that is early enough in every zone, and so answers up to a day's changes too many, never one too few.
 * @throws RangeError for ids or days that are none, or too many; ProviderError
 */
export async function* listChangedDocuments(
  ask: Ask,
  filter: ChangedDocumentsFilter,
): AsyncGenerator<readonly ChangedDocument[]> {
  const query = changedDocumentsQuery(filter)
  let page: Page = { rows: [], last: 0n, hasMore: true }
  while (page.hasMore) {
    const after = page.last
    page = await ask(
      {
        operation: 'list changed documents',
        method: 'POST',
        path: `/services/rest/query/v1/suiteql?limit=${PAGE_ROWS}`,
        headers: { prefer: 'transient' },
        json: { q: query(after) },
      },
      (answer) => readPage(answer, after),
    )
    yield page.rows.map(documentOf)
  }
}

/** By key (`id > last`): NetSuite runs the query anew for each page, and offsets would shift. */
function changedDocumentsQuery({ from, to, changedSince, subsidiaryIds, andThese }: ChangedDocumentsFilter) {
  for (const ids of [subsidiaryIds, andThese]) {
    if (ids.length > 1000) throw new RangeError(`${ids.length} ids do not fit into one query, 1000 do`)
  }
  if (subsidiaryIds.length === 0) throw new RangeError('documents of no subsidiary were asked for')
  const day = (date: string) => `TO_DATE('${businessDate(date)}','YYYY-MM-DD')`
  const changed =
    changedSince === null
      ? ''
      : `AND t.lastmodifieddate >= TO_DATE('${wallClock(changedSince)}','YYYY-MM-DD HH24:MI:SS') `
  const these = andThese.length === 0 ? '' : `OR t.id IN (${andThese.map(internalId).join(',')}) `
  return (last: bigint): string =>
    'SELECT t.id AS id, t.tranid AS tranid, t.type AS type, ' +
    "TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate, t.entity AS entity, c.symbol AS currency, " +
    'tl.subsidiary AS subsidiary, t.foreigntotal AS foreigntotal, t.foreignamountunpaid AS foreignamountunpaid, ' +
    "NVL(t.voided,'F') AS voided, NVL(t.approvalstatus,2) AS approvalstatus, NVL(t.paymenthold,'F') AS paymenthold, " +
    "TO_CHAR(t.lastmodifieddate,'YYYY-MM-DD HH24:MI:SS') AS modified " +
    'FROM transaction t ' +
    "JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' " +
    'JOIN currency c ON c.id = t.currency ' +
    "WHERE t.type IN ('VendBill','CustInvc') " +
    `AND tl.subsidiary IN (${subsidiaryIds.map(internalId).join(',')}) ` +
    `AND ((t.trandate >= ${day(from)} AND t.trandate <= ${day(to)} ${changed}) ${these}) ` +
    `AND t.id > ${last} ` +
    'ORDER BY t.id'
}

const wallClock = (at: Date): string =>
  new Date(at.getTime() - FURTHEST_WEST_MS).toISOString().slice(0, 19).replace('T', ' ')

interface Page {
  readonly rows: readonly Row[]
  readonly last: bigint
  readonly hasMore: boolean
}

/** All values are strings, and what is null is left out. What tells whose document it is must be there. */
const rowSchema = z.object({
  id: z.string().regex(/^[1-9]\d{0,17}$/),
  tranid: z.string().optional(),
  type: z.enum(['VendBill', 'CustInvc']),
  trandate: z.iso.date(),
  entity: z.string(),
  currency: z.string().optional(),
  subsidiary: z.string(),
  foreigntotal: z.string().optional(),
  foreignamountunpaid: z.string().optional(),
  voided: z.enum(['T', 'F']),
  approvalstatus: z.string(),
  paymenthold: z.enum(['T', 'F']),
  modified: z.string().optional(),
})
type Row = z.output<typeof rowSchema>
const pageSchema = z.object({ items: z.array(rowSchema), hasMore: z.boolean() })

function readPage(answer: HttpAnswer, after: bigint): Page {
  const { items: rows, hasMore } = readAs(pageSchema, answer)
  let last = after
  for (const { id } of rows) {
    // Going on from rows that are out of order would lose some, or never end.
    if (BigInt(id) <= last) throw errorFor(answer, { kind: 'garbled', code: 'rows_not_as_asked' })
    last = BigInt(id)
  }
  if (hasMore && rows.length === 0) throw errorFor(answer, { kind: 'garbled', code: 'more_of_nothing' })
  return { rows, last, hasMore }
}

const documentOf = (row: Row): ChangedDocument => ({
  erpId: row.id,
  type: row.type === 'VendBill' ? 'vendorBill' : 'invoice',
  tranId: row.tranid ?? row.id,
  date: businessDate(row.trandate),
  entityId: row.entity,
  subsidiaryId: row.subsidiary,
  modifiedAt: row.modified ?? 'unknown',
  state: stateOf(row),
  figures: figuresOf(row),
})

function stateOf({ voided, approvalstatus, paymenthold }: Row): DocumentState {
  if (voided === 'T') return 'voided'
  return approvalstatus !== '2' || paymenthold === 'T' ? 'withheld' : 'payable'
}

function figuresOf({ type, currency, foreigntotal, foreignamountunpaid }: Row): DocumentNow['figures'] {
  if (currency === undefined || !isCurrency(currency)) return undefined
  const total = totalOf(type, foreigntotal, currency)
  if (total === undefined || foreignamountunpaid === undefined) return undefined
  try {
    const open = parseMajor(foreignamountunpaid, currency)
    return { currency, total, open: open < 0n ? -open : open }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
