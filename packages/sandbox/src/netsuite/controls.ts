import { z } from 'zod'
import type { Controls } from '../kit/provider.ts'
import { type MarketplaceCountry, type MarketplaceDocument, marketplaceDocument } from '../marketplace.ts'
import type { NetSuiteBooks } from './books.ts'

/** Which document a knob turns. */
export interface DocumentKey {
  readonly gscSellerId: string
  readonly tranId: string
}

/** What the ERP team and finance can do to the account (facts: netsuite §8), and what it holds in the end. */
export interface NetSuiteKnobs {
  /** The highest number of requests worked on at once so far. */
  mostAtOnce(): number
  /** A subsidiary per country and its currency. Before anything refers to them. */
  loadCountries(countries: readonly MarketplaceCountry[]): void
  /** Currencies that sellers are paid in beside their countries' own. */
  loadCurrencies(codes: Iterable<string>): void
  /** Also the back-dated ones: a document has the date it is given, whenever it comes. Returns internal ids. */
  loadDocuments(documents: readonly MarketplaceDocument[]): string[]
  /** Ids of subsidiaries by country, of currencies by code. */
  ids(): { subsidiaries: Record<string, string>; currencies: Record<string, string> }
  books(): NetSuiteBooks
  voidDocument(key: DocumentKey): void
  /** Finance deletes a document, which NetSuite allows as long as nothing is applied to it. */
  deleteDocument(key: DocumentKey): void
  holdDocument(key: DocumentKey): void
  releaseDocument(key: DocumentKey): void
  sendBackForApproval(key: DocumentKey): void
  approveDocument(key: DocumentKey): void
  /** Finance moves a document to another day. @param date - `YYYY-MM-DD` */
  moveDocument(key: DocumentKey, date: string): void
  /** Finance edits a document by hand. @param amount - decimal string, major units */
  editAmount(key: DocumentKey, amount: string): void
  /** Nothing can be posted in it any more. @param period - `YYYY-MM` */
  closePeriod(period: string): void
  openPeriod(period: string): void
  expireTokens(): void
  setMaxConcurrent(maxConcurrent: number, overloadAnswer?: '429' | '400'): void
  setLatency(latencyMs: number): void
}

const documentKey = z.strictObject({ gscSellerId: z.string(), tranId: z.string() })
const period = z.strictObject({ period: z.string().regex(/^\d{4}-\d{2}$/, 'expected a month like 2026-11') })
const limit = z.strictObject({
  maxConcurrent: z.int().positive(),
  overloadAnswer: z.enum(['429', '400']).optional(),
})

/** The knobs as the control process offers them. */
export function netSuiteControls(netsuite: NetSuiteKnobs): Controls {
  return {
    ids: () => netsuite.ids(),
    books: () => netsuite.books(),
    mostAtOnce: () => netsuite.mostAtOnce(),
    addDocument: (input) => netsuite.loadDocuments([marketplaceDocument.parse(input)]),
    voidDocument: (input) => netsuite.voidDocument(documentKey.parse(input)),
    deleteDocument: (input) => netsuite.deleteDocument(documentKey.parse(input)),
    holdDocument: (input) => netsuite.holdDocument(documentKey.parse(input)),
    releaseDocument: (input) => netsuite.releaseDocument(documentKey.parse(input)),
    sendBackForApproval: (input) => netsuite.sendBackForApproval(documentKey.parse(input)),
    approveDocument: (input) => netsuite.approveDocument(documentKey.parse(input)),
    moveDocument: (input) => {
      const { date, ...key } = documentKey.extend({ date: z.iso.date() }).parse(input)
      netsuite.moveDocument(key, date)
    },
    editAmount: (input) => {
      const { amount, ...key } = documentKey.extend({ amount: z.string() }).parse(input)
      netsuite.editAmount(key, amount)
    },
    closePeriod: (input) => netsuite.closePeriod(period.parse(input).period),
    openPeriod: (input) => netsuite.openPeriod(period.parse(input).period),
    expireTokens: () => netsuite.expireTokens(),
    setMaxConcurrent: (input) => {
      const { maxConcurrent, overloadAnswer } = limit.parse(input)
      netsuite.setMaxConcurrent(maxConcurrent, overloadAnswer)
    },
    setLatency: (input) => {
      netsuite.setLatency(z.strictObject({ latencyMs: z.int().min(0) }).parse(input).latencyMs)
    },
  }
}
