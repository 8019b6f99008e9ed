import type { BusinessDate } from '@remesa/domain/business-date'
import type { MarketplaceDocument, MarketplaceSeller } from '@remesa/sandbox/marketplace'
import type { Random } from './random.ts'

/** A seller as it is made up, before it is written down: a case changes what makes it special. */
export interface Draft {
  readonly random: Random
  /** From 1; its ids carry it. */
  readonly number: number
  seller: MarketplaceSeller
  balances: DraftBalance[]
}

/** What one seller is owed in one country; amounts in minor units of the currency. */
export interface DraftBalance {
  readonly country: string
  readonly currency: string
  bills: bigint[]
  invoices: bigint[]
  /** Documents that are there and do not count, or should not be there. */
  readonly strays: DraftStray[]
  /** What GSC says: the same, nothing, or an amount of its own. */
  closing: 'same' | 'missing' | bigint
  /** Amounts are written `1250000.00`, as NetSuite does for pesos too. */
  writesZeroDecimals: boolean
}

export interface DraftStray extends Pick<MarketplaceDocument, 'documentType' | 'country' | 'currency'> {
  readonly amount: bigint
  /** Of the business date: 0 is the day itself, -1 the day before. */
  readonly daysLater: number
}

/** What the documents add up to, in minor units. */
export const owed = ({ bills, invoices }: Pick<DraftBalance, 'bills' | 'invoices'>): bigint =>
  sum(bills) - sum(invoices)
export const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

export function daysAfter(date: BusinessDate, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString()
}

/** What a single bill comes to, in minor units. */
const BILL_RANGE: Readonly<Record<string, readonly [from: number, to: number]>> = {
  CLP: [4_990, 2_500_000],
  PEN: [1_990, 1_200_000],
  COP: [25_000, 9_000_000],
  USD: [500, 450_000],
}

export function billAmount(random: Random, currency: string): bigint {
  const [from, to] = BILL_RANGE[currency] ?? [1_000, 900_000]
  const amount = BigInt(random.whole(from, random.chance(0.1) ? to : Math.floor(to / 8)))
  return currency === 'COP' ? amount * 100n : amount // banks pay whole Colombian pesos
}

/** One to six documents, three on average, that come to more than zero. */
export function draftBalance(
  random: Random,
  { country, currency }: { country: string; currency: string },
): DraftBalance {
  const documents = random.pick([1, 2, 2, 3, 3, 3, 3, 4, 4, 6])
  const bills = [billAmount(random, currency)]
  const invoices: bigint[] = []
  while (bills.length + invoices.length < documents) {
    // Commissions and returns: all of them together stay below the first bill.
    if (random.chance(0.35)) invoices.push(commission(random, bills[0] ?? 0n, currency))
    else bills.push(billAmount(random, currency))
  }
  return { country, currency, bills, invoices, strays: [], closing: 'same', writesZeroDecimals: false }
}

function commission(random: Random, bill: bigint, currency: string): bigint {
  const amount = (bill * BigInt(random.whole(20, 160))) / 1_000n
  return currency === 'COP' ? amount - (amount % 100n) : amount
}
