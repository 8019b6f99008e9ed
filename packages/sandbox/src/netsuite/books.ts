import { formatMajor } from '@remesa/domain/money'
import { isObject } from './record-body.ts'
import type { Ledger } from './rules.ts'
import type { Transaction } from './transactions.ts'

/** A vendor payment as it stands in NetSuite. Amounts are decimal strings of major units. */
export interface BookedVendorPayment {
  readonly id: string
  readonly externalId: string | null
  readonly vendorId: string
  /** Of the vendor, when its external id names one. */
  readonly gscSellerId: string | null
  readonly country: string | null
  readonly date: string
  readonly memo: string | null
  readonly currency: string
  readonly amount: string
  /** What it took of each bill. */
  readonly bills: readonly { readonly id: string; readonly tranId: string | null; readonly amount: string }[]
}

export interface NetSuiteBooks {
  /** By id. */
  readonly vendorPayments: readonly BookedVendorPayment[]
  /** How many vendors and customers there are. */
  readonly vendors: number
  readonly customers: number
}

/** What the account holds in the end: the other side's word on what has been paid. */
export function readBooks(ledger: Ledger): NetSuiteBooks {
  const payments = [...ledger.book.all()].filter(({ type }) => type === 'VendPymt')
  return {
    vendorPayments: payments.sort((a, b) => Number(a.id) - Number(b.id)).map((payment) => booked(ledger, payment)),
    vendors: ledger.store.all('vendor').length,
    customers: ledger.store.all('customer').length,
  }
}

function booked({ store, book }: Ledger, payment: Transaction): BookedVendorPayment {
  const vendor = store.find('vendor', payment.entity)
  const country = store.find('subsidiary', payment.subsidiary)?.fields.country
  const docs = (payment.record.sublists.apply ?? []).flatMap(({ doc }) => (isObject(doc) ? [String(doc.id)] : []))
  return {
    id: payment.id,
    externalId: payment.record.externalId ?? null,
    vendorId: payment.entity,
    gscSellerId: /^gsc-seller-(.+)$/.exec(vendor?.externalId ?? '')?.[1] ?? null,
    country: typeof country === 'string' ? country.toLowerCase() : null,
    date: payment.tranDate,
    memo: typeof payment.record.fields.memo === 'string' ? payment.record.fields.memo : null,
    currency: payment.currency,
    amount: formatMajor(payment.total, payment.currency),
    bills: docs.flatMap((id) => {
      const bill = book.get(id)
      const taken = bill?.applied.get(payment.id)
      if (bill === undefined || taken === undefined) return []
      return [{ id, tranId: bill.tranId ?? null, amount: formatMajor(taken, payment.currency) }]
    }),
  }
}
