import { ledgerProof } from '@remesa/database/ledger'
import { alertCounts, paidTotals, runProgress } from '@remesa/database/run-summary'
import { type SettlementProgress, settlementProgress, transferredTotals } from '@remesa/database/settlement-progress'
import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import type { BusinessDate } from '@remesa/domain/business-date'
import { type Currency, currency } from '@remesa/domain/currency'
import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import { formatMajor, type Money, parseMajor } from '@remesa/domain/money'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { FindingCategory } from '@remesa/domain/reconciliation'
import type { ReconciliationResult } from '@remesa/domain/reconciliation-result'
import { SELLER_BALANCE_STATUSES, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SandboxBooks, SandboxCalls } from '@remesa/sandbox/sandbox'
import { bookingProgress, bookingTotals } from './booking-progress.ts'
import type { MemoryFigures } from './memory.ts'
import type { Reconciled } from './reconciliation.ts'
import type { MessageFigures } from './stack/emulator.ts'
import type { Stack } from './stack/stack.ts'

/** What a run came to; `--json` writes it as it is. */
export interface Summary {
  readonly businessDate: BusinessDate
  readonly sellers: number
  readonly balances: Readonly<Record<SellerBalanceStatus, number>> & { readonly total: number }
  /** Major units, decimal strings, by currency. */
  readonly paid: Readonly<Record<string, string>>
  /** Of the marketplace's contests. */
  readonly settlements: Pick<SettlementProgress, 'jobs' | 'complete' | 'rejected'>
  readonly transfers: Readonly<Record<TransferStatus, number>>
  /** Payouts of the marketplace's bookings; a booking of which more became due later has several. */
  readonly bookings: Readonly<Record<BookingPayoutStatus, number>>
  /** Through Stripe, for settlements and bookings, less what was taken back. Major units, decimal strings, by currency. */
  readonly transferred: Readonly<Record<string, string>>
  readonly alerts: Partial<Record<FinanceAlertKind, number>>
  /** Of what customers paid on the business date, in UTC; null for a marketplace without any. */
  readonly reconciliation: ReconciliationResult | null
  /** Of the reconciliation, by category; timing is no discrepancy. */
  readonly findings: Partial<Record<FindingCategory, number>>
  /** How many alerts of the reconciliation reached Slack and PagerDuty. */
  readonly alertsSent: Reconciled['alertsSent']
  /** Requests that the sandboxes counted, since the start. */
  readonly calls: Readonly<Record<'netsuite' | 'gsc' | 'fpay' | 'payoneer' | 'stripe', number>>
  /** Null with an emulator that is not ours: nobody counts there. */
  readonly messages: MessageFigures | null
  /**
   * `settlements`, `bookings`: from their completion until nothing moved any more; 0 when there were none.
   * `reconciliation`: from the first payment that is loaded into Stripe until people were told; 0 when there was none.
   */
  readonly seconds: Readonly<
    Record<'setup' | 'profileSync' | 'payDay' | 'settlements' | 'bookings' | 'reconciliation', number>
  >
  /** Queries that asked NetSuite what is owed, per thousand balances. */
  readonly retrievalRequestsPer1000Balances: number
  /** Resident memory of each service over the pay-day, MiB. */
  readonly memory: Readonly<Record<string, MemoryFigures>>
  readonly checks: {
    /** Every currency of the ledger sums to zero, and every payee's balance to its postings. */
    readonly ledger: 'balanced' | readonly string[]
    /** What the banks' own books, Stripe's among them, say was paid is what ours say; `not comparable` in a database with an earlier past. */
    readonly banks: 'agree' | 'not comparable' | readonly string[]
  }
}

/** Gathers what a finished run came to, ours and the other sides'. */
export async function summarize(
  stack: Stack,
  run: {
    businessDate: BusinessDate
    sellers: number
    /** Ids of those that were to be paid. */
    settlements: readonly string[]
    /** Ids of those that were to be paid. */
    bookings: readonly string[]
    /** null when nothing was. */
    reconciled: Reconciled | null
    seconds: Summary['seconds']
    memory: Summary['memory']
  },
): Promise<Summary> {
  const { database, sandbox } = stack
  const [progress, payDayTotals, transferTotals, alerts, calls, books, messages, ledger] = await Promise.all([
    runProgress(database, run.businessDate),
    paidTotals(database, run.businessDate),
    Promise.all([transferredTotals(database, run.settlements), bookingTotals(database, run.bookings)]),
    alertCounts(database, run.businessDate),
    sandbox.calls(),
    sandbox.books(),
    stack.pubsub.figures(),
    ledgerFindings(stack),
  ])
  const [settled, booked] = await Promise.all([
    settlementProgress(database, run.settlements),
    bookingProgress(database, run.bookings, stack.rulesNow()),
  ])
  const counts = progress?.balances ?? noBalances()
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const { jobs, complete, rejected, transfers } = settled
  const paid = inMajorUnits(payDayTotals)
  const transferred = inMajorUnits(summed(transferTotals.flat()))
  return {
    businessDate: run.businessDate,
    sellers: run.sellers,
    balances: { total, ...counts },
    paid,
    settlements: { jobs, complete, rejected },
    transfers,
    bookings: booked.payouts,
    transferred,
    alerts,
    reconciliation: run.reconciled?.result ?? null,
    findings: run.reconciled?.findings ?? {},
    alertsSent: run.reconciled?.alertsSent ?? { slack: 0, pagerduty: 0 },
    calls: countsOf(calls),
    messages: messages ?? null,
    seconds: run.seconds,
    retrievalRequestsPer1000Balances: total === 0 ? 0 : Math.round((retrievals(calls) * 10_000) / total) / 10,
    memory: run.memory,
    checks: { ledger, banks: stack.databaseIsFresh ? banksFindings({ paid, transferred }, books) : 'not comparable' },
  }
}

const inMajorUnits = (totals: readonly Money[]): Record<string, string> =>
  Object.fromEntries(totals.map(({ amount, currency }) => [currency, formatMajor(amount, currency)]))

/**
 * True when books or ledger contradict ours, or when Stripe could not be compared with the database: the run must not be
 * called a success. Discrepancies that a reconciliation finds are its success.
 */
export const isContradicted = ({ checks, reconciliation }: Summary): boolean =>
  Array.isArray(checks.ledger) || Array.isArray(checks.banks) || reconciliation?.status === 'error'

const countsOf = (calls: SandboxCalls): Summary['calls'] => ({
  netsuite: calls.netsuite.total ?? 0,
  gsc: calls.gsc.total ?? 0,
  fpay: calls.fpay.total ?? 0,
  payoneer: calls.payoneer.total ?? 0,
  stripe: calls.stripe.total ?? 0,
})

const retrievals = (calls: SandboxCalls): number => calls.netsuite['POST /services/rest/query/v1/suiteql'] ?? 0

async function ledgerFindings({ database }: Stack): Promise<Summary['checks']['ledger']> {
  const { currencies, disagreements } = await ledgerProof(database)
  const findings = [
    ...currencies
      .filter(({ sum }) => sum !== 0n)
      .map(({ currency, sum }) => `${currency} is off by ${sum} minor units`),
    ...disagreements.map(
      ({ account, currency, posted, kept }) => `${account} ${currency}: posted ${posted}, kept ${kept}`,
    ),
  ]
  return findings.length === 0 ? 'balanced' : findings
}

function banksFindings(
  ours: { paid: Record<string, string>; transferred: Record<string, string> },
  { fpay, payoneer, stripe }: SandboxBooks,
): Summary['checks']['banks'] {
  const paidByBanks = sumByCurrency([...fpay.payments, ...payoneer.payments].filter(({ returned }) => !returned))
  const findings = [
    ...differences(ours.paid, paidByBanks, (currency, mine, theirs) => {
      return `${currency}: we say ${mine} was paid, the banks say ${theirs}`
    }),
    ...differences(ours.transferred, sumByCurrency(stripe.payments, stripe.reversals), (currency, mine, theirs) => {
      return `${currency}: we say ${mine} was transferred, Stripe says ${theirs}`
    }),
  ]
  return findings.length === 0 ? 'agree' : findings
}

/** Both are decimal strings with exactly the currency's decimals, so equal text is equal money. */
function differences(
  ours: Record<string, string>,
  theirs: Record<string, string>,
  told: (currency: string, mine: string, other: string) => string,
): readonly string[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort().flatMap((currency) => {
    const [mine = '0', other = '0'] = [ours[currency], theirs[currency]]
    return mine === other ? [] : [told(currency, mine, other)]
  })
}

/** Less what was taken back; a currency of which nothing is left is not there. */
function sumByCurrency(
  payments: readonly { amount: string; currency: string }[],
  takenBack: typeof payments = [],
): Record<string, string> {
  const moneyOf = ({ amount, currency: code }: { amount: string; currency: string }): Money => ({
    amount: parseMajor(amount, currency(code)),
    currency: currency(code),
  })
  const back = takenBack.map(moneyOf).map((money) => ({ ...money, amount: -money.amount }))
  return inMajorUnits(summed([...payments.map(moneyOf), ...back]))
}

/** One sum for each currency, in the order of their codes; none that is zero. */
function summed(all: readonly Money[]): readonly Money[] {
  const sums = new Map<Currency, bigint>()
  for (const { amount, currency: code } of all) sums.set(code, (sums.get(code) ?? 0n) + amount)
  return [...sums]
    .filter(([, amount]) => amount !== 0n)
    .map(([code, amount]) => ({ amount, currency: code }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1))
}

const noBalances = () =>
  Object.fromEntries(SELLER_BALANCE_STATUSES.map((status) => [status, 0])) as Record<SellerBalanceStatus, number>
