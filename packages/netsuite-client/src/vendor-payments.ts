import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { isCurrency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { errorFor, readAs } from '@remesa/provider-http/read-as'
import { z } from 'zod'
import type { Ask } from './transport.ts'

/** Days as the payments are dated: a transaction's date has no time and no zone (facts: netsuite §6). */
export interface VendorPaymentWindow {
  readonly from: BusinessDate
  /** The first day that is not asked for. */
  readonly to: BusinessDate
}

/** NetSuite gives no more rows at once. */
const PAGE_ROWS = 1000

/**
 * The vendor payments of ours that are dated in `[from, to)`. Ours are those with an external id of ours (`sb-<seller
 * balance>`), and those whose memo names a payment at a rail as ours do, so that one typed in by hand beside ours shows.
 * @throws ProviderError; RangeError for days that are none
 */
export async function* listVendorPayments(
  ask: Ask,
  window: VendorPaymentWindow,
): AsyncGenerator<readonly ProviderPayment[]> {
  const [from, to] = [businessDate(window.from), businessDate(window.to)]
  let page: Page = { rows: [], last: 0n, hasMore: true }
  while (page.hasMore) {
    const after = page.last
    page = await ask(
      {
        operation: 'list vendor payments',
        method: 'POST',
        path: `/services/rest/query/v1/suiteql?limit=${PAGE_ROWS}`,
        headers: { prefer: 'transient' },
        json: { q: query({ from, to }, after) },
      },
      (answer) => readPage(answer, after),
    )
    yield page.rows.flatMap((row) => paymentOf(row) ?? [])
  }
}

/** By key (`id > last`): NetSuite runs the query anew for each page, and offsets would shift. */
const query = ({ from, to }: VendorPaymentWindow, last: bigint): string =>
  'SELECT t.id AS id, t.externalid AS externalid, t.memo AS memo, t.foreigntotal AS foreigntotal, ' +
  "c.symbol AS currency, NVL(t.voided,'F') AS voided, TO_CHAR(t.trandate,'YYYY-MM-DD') AS trandate " +
  'FROM transaction t JOIN currency c ON c.id = t.currency ' +
  "WHERE t.type = 'VendPymt' " +
  `AND t.trandate >= TO_DATE('${from}','YYYY-MM-DD') AND t.trandate < TO_DATE('${to}','YYYY-MM-DD') ` +
  `AND t.id > ${last} ORDER BY t.id`

interface Page {
  readonly rows: readonly Row[]
  readonly last: bigint
  readonly hasMore: boolean
}

const rowSchema = z.object({
  id: z.string().regex(/^[1-9]\d{0,17}$/),
  externalid: z.string().optional(),
  memo: z.string().optional(),
  foreigntotal: z.string().optional(),
  currency: z.string().optional(),
  voided: z.enum(['T', 'F']),
  trandate: z.iso.date(),
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

/** @returns undefined for a payment that is none of ours */
function paymentOf({
  id,
  externalid,
  memo,
  foreigntotal,
  currency,
  voided,
  trandate,
}: Row): ProviderPayment | undefined {
  const payableId = /^sb-(.+)$/.exec(externalid ?? '')?.[1]
  const mentions = /^(?:fpay|payoneer|stripe) (\S+)$/.exec(memo ?? '')?.[1]
  if (payableId === undefined && mentions === undefined) return undefined
  return {
    reference: id,
    key: payableId === undefined ? undefined : externalid,
    payableId,
    mentions,
    money: moneyOf(foreigntotal, currency),
    takenBack: 0n,
    state: voided === 'T' ? 'rejected' : 'paid',
    at: new Date(`${trandate}T00:00:00Z`),
  }
}

/** Payments are negative there, as bills are; from here on an amount is what was paid. */
function moneyOf(total: string | undefined, currency: string | undefined): Money | undefined {
  if (total === undefined || currency === undefined || !isCurrency(currency)) return undefined
  try {
    const signed = parseMajor(total, currency)
    return { amount: signed < 0n ? -signed : signed, currency }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
