import { currency } from '@remesa/domain/currency'
import { formatMajor, parseMajor } from '@remesa/domain/money'
import type { MarketplaceCountry, MarketplaceDocument } from '../marketplace.ts'
import { currencyIdOf, customerIdOf, internalIdOf, subsidiaryIdOf, vendorIdOf } from './ids.ts'
import type { StoredRecord } from './record-store.ts'
import { flagsOf, type Ledger } from './rules.ts'
import type { Transaction } from './transactions.ts'

/** One subsidiary per country, and every currency that is named; the same ids in every sandbox. */
export function seedCountries({ store }: Ledger, countries: readonly MarketplaceCountry[], at: Date): void {
  for (const country of countries) {
    seedCurrency({ store }, country.currency, at)
    store.save({
      type: 'subsidiary',
      id: subsidiaryIdOf(country.id),
      externalId: undefined,
      fields: {
        name: country.name,
        country: country.id.toUpperCase(),
        currency: { id: currencyIdOf(country.currency) },
      },
      sublists: {},
      createdAt: at,
      modifiedAt: at,
    })
  }
}

/** A currency that bills may be in, beside the countries' own. */
export function seedCurrency({ store }: Pick<Ledger, 'store'>, code: string, at: Date): void {
  const id = currencyIdOf(currency(code))
  const fields = { name: code, symbol: code }
  store.save({ type: 'currency', id, externalId: undefined, fields, sublists: {}, createdAt: at, modifiedAt: at })
}

/**
 * Puts documents into the books as finance would have: against the seller's vendor or customer, which need not exist
 * yet. Loaded again, a document keeps its id and what has been paid of it.
 * @returns internal ids, in the order of the documents
 */
export function seedDocuments(ledger: Ledger, documents: readonly MarketplaceDocument[], at: Date): string[] {
  const timesSeen = new Map<string, number>()
  return documents.map((document) => {
    const { documentType, gscSellerId, country, date, tranId } = document
    const key = [documentType, gscSellerId, country, date, tranId].join('/')
    const seen = (timesSeen.get(key) ?? 0) + 1 // vendors do use a number twice
    timesSeen.set(key, seen)
    const identity = seen === 1 ? key : `${key}#${seen}`
    const id = internalIdOf(documentType, identity)
    seedCurrency(ledger, document.currency, at)
    // Bills come from the vendor and have no key of ours, so SuiteQL leaves their column out.
    const externalId = documentType === 'invoice' ? identity : undefined
    const record = documentRecord(document, { id, externalId, at })
    ledger.store.save(record)
    ledger.book.save(documentTransaction(document, record, ledger.book.get(id)))
    return id
  })
}

function documentRecord(
  document: MarketplaceDocument,
  { id, externalId, at }: { id: string; externalId: string | undefined; at: Date },
): StoredRecord {
  const isBill = document.documentType === 'vendorBill'
  const line = { line: 1, account: { id: isBill ? '620' : '410' }, amount: document.amount }
  return {
    type: document.documentType,
    id,
    externalId,
    fields: {
      entity: { id: isBill ? vendorIdOf(document.gscSellerId) : customerIdOf(document.gscSellerId) },
      subsidiary: { id: subsidiaryIdOf(document.country) },
      currency: { id: currencyIdOf(document.currency) },
      tranId: document.tranId,
      tranDate: document.date,
      ...(isBill ? { approvalStatus: { id: '2' } } : {}),
    },
    sublists: isBill ? { expense: [line] } : { item: [line] },
    createdAt: at,
    modifiedAt: at,
  }
}

function documentTransaction(
  document: MarketplaceDocument,
  record: StoredRecord,
  previous: Transaction | undefined,
): Transaction {
  const isBill = document.documentType === 'vendorBill'
  const code = currency(document.currency)
  return {
    id: record.id,
    type: isBill ? 'VendBill' : 'CustInvc',
    record,
    tranId: document.tranId,
    entity: isBill ? vendorIdOf(document.gscSellerId) : customerIdOf(document.gscSellerId),
    subsidiary: subsidiaryIdOf(document.country),
    currency: code,
    currencyId: currencyIdOf(document.currency),
    tranDate: document.date,
    total: parseMajor(document.amount, code),
    applied: previous?.applied ?? new Map(),
    ...flagsOf(record),
    voided: false,
    modifiedAt: record.modifiedAt,
  }
}

/** The same document with another approval status or payment hold. */
export function withField(
  transaction: Transaction,
  name: 'approvalStatus' | 'paymentHold',
  value: unknown,
): Transaction {
  const record = { ...transaction.record, fields: { ...transaction.record.fields, [name]: value } }
  return { ...transaction, record, ...flagsOf(record) }
}

/** The same document on another day. */
export function withDate(transaction: Transaction, tranDate: string): Transaction {
  const record = { ...transaction.record, fields: { ...transaction.record.fields, tranDate } }
  return { ...transaction, record, tranDate }
}

/** The same document with another total: finance edits it by hand. */
export function withTotal(transaction: Transaction, total: bigint): Transaction {
  const sublist = transaction.type === 'VendBill' ? 'expense' : 'item'
  const line = { line: 1, amount: formatMajor(total, transaction.currency) }
  const record = {
    ...transaction.record,
    sublists: { ...transaction.record.sublists, [sublist]: [line] },
  }
  return { ...transaction, record, total }
}
