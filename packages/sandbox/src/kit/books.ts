import { type Currency, currency } from '@remesa/domain/currency'
import { formatMajor, type Money, parseMajor } from '@remesa/domain/money'
import { z } from 'zod'

/** Money that left for a payee's account. */
export interface BankPayment {
  readonly account: string
  /** The provider's id of the payment. */
  readonly paymentId: string
  /** What the caller named it: external reference, client reference. */
  readonly reference: string
  readonly money: Money
  readonly paidAt: Date
  /** Whether all of the money came back afterwards. */
  readonly returned: boolean
}

/**
 * A bank's own books: what was really paid, one entry per movement of money, whatever callers were told. A payable
 * that was paid twice is here twice.
 */
export interface BankBooks {
  record(payment: Omit<BankPayment, 'returned'>): void
  /**
   * Money that came back.
   * @param amount - minor units; all that is still out when left out
   * @throws Error for an unknown payment, RangeError for more than is still out
   */
  markReturned(paymentId: string, amount?: bigint): void
  /** All payments in the order they were made, or those to one account. */
  payments(account?: string): readonly BankPayment[]
  /** Paid less returned, minor units per currency. */
  totals(): ReadonlyMap<Currency, bigint>
}

export function createBankBooks(): BankBooks {
  const entries: BankPayment[] = []
  /** What came back of payments, minor units; most are never here. */
  const returned = new Map<string, bigint>()
  return {
    record: (payment) => void entries.push({ ...payment, returned: false }),
    markReturned(paymentId, amount) {
      const index = entries.findIndex((entry) => entry.paymentId === paymentId)
      const entry = entries[index]
      if (!entry) throw new Error(`no payment ${paymentId} to return`)
      const before = returned.get(paymentId) ?? 0n
      const after = amount === undefined ? entry.money.amount : before + amount
      if (after > entry.money.amount) throw new RangeError(`more returned than was paid by ${paymentId}`)
      returned.set(paymentId, after)
      entries[index] = { ...entry, returned: after === entry.money.amount }
    },
    payments: (account) => entries.filter((entry) => account === undefined || entry.account === account),
    totals() {
      const totals = new Map<Currency, bigint>()
      for (const { money, paymentId } of entries) {
        const kept = money.amount - (returned.get(paymentId) ?? 0n)
        if (kept > 0n) totals.set(money.currency, (totals.get(money.currency) ?? 0n) + kept)
      }
      return totals
    },
  }
}

/** Books as JSON: amounts are decimal strings in major units, times ISO 8601. */
export interface BankBooksJson {
  readonly payments: readonly (Omit<BankPayment, 'money' | 'paidAt'> & {
    readonly amount: string
    readonly currency: string
    readonly paidAt: string
  })[]
  /** Paid less returned, per currency. */
  readonly totals: Readonly<Record<string, string>>
}

/** The books as the control process gives them. */
export function booksAsJson(books: BankBooks): BankBooksJson {
  return {
    payments: books.payments().map(({ money, paidAt, ...payment }) => ({
      ...payment,
      amount: formatMajor(money.amount, money.currency),
      currency: money.currency,
      paidAt: paidAt.toISOString(),
    })),
    totals: Object.fromEntries([...books.totals()].map(([code, amount]) => [code, formatMajor(amount, code)])),
  }
}

/** `{"amount": "10.50", "currency": "USD"}` as money. @throws ZodError, RangeError */
export function moneyFromJson(input: unknown): Money {
  const read = z.object({ amount: z.string(), currency: z.string() }).parse(input)
  const code = currency(read.currency)
  return { amount: parseMajor(read.amount, code), currency: code }
}
