import { ledgerProof } from '@remesa/database/ledger'
import { alertCounts, paidTotals, runProgress } from '@remesa/database/run-summary'
import type { BusinessDate } from '@remesa/domain/business-date'
import { type Currency, currency } from '@remesa/domain/currency'
import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import { formatMajor, parseMajor } from '@remesa/domain/money'
import { SELLER_BALANCE_STATUSES, type SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { SandboxBooks, SandboxCalls } from '@remesa/sandbox/sandbox'
import type { MemoryFigures } from './memory.ts'
import type { MessageFigures } from './stack/emulator.ts'
import type { Stack } from './stack/stack.ts'

/** What a run came to; `--json` writes it as it is. */
export interface Summary {
  readonly businessDate: BusinessDate
  readonly sellers: number
  readonly balances: Readonly<Record<SellerBalanceStatus, number>> & { readonly total: number }
  /** Major units, decimal strings, by currency. */
  readonly paid: Readonly<Record<string, string>>
  readonly alerts: Partial<Record<FinanceAlertKind, number>>
  /** Requests that the sandboxes counted, since the start. */
  readonly calls: { readonly netsuite: number; readonly gsc: number; readonly fpay: number; readonly payoneer: number }
  /** Null with an emulator that is not ours: nobody counts there. */
  readonly messages: MessageFigures | null
  readonly seconds: { readonly setup: number; readonly profileSync: number; readonly payDay: number }
  /** Queries that asked NetSuite what is owed, per thousand balances. */
  readonly retrievalRequestsPer1000Balances: number
  /** Resident memory of each service over the pay-day, MiB. */
  readonly memory: Readonly<Record<string, MemoryFigures>>
  readonly checks: {
    /** Every currency of the ledger sums to zero, and every payee's balance to its postings. */
    readonly ledger: 'balanced' | readonly string[]
    /** What the banks' own books say was paid is what ours say; `not comparable` in a database with an earlier past. */
    readonly banks: 'agree' | 'not comparable' | readonly string[]
  }
}

/** Gathers what a finished run came to, ours and the other sides'. */
export async function summarize(
  stack: Stack,
  run: {
    businessDate: BusinessDate
    sellers: number
    seconds: Summary['seconds']
    memory: Summary['memory']
  },
): Promise<Summary> {
  const { database, sandbox } = stack
  const [progress, totals, alerts, calls, books, messages, ledger] = await Promise.all([
    runProgress(database, run.businessDate),
    paidTotals(database, run.businessDate),
    alertCounts(database, run.businessDate),
    sandbox.calls(),
    sandbox.books(),
    stack.pubsub.figures(),
    ledgerFindings(stack),
  ])
  const counts = progress?.balances ?? noBalances()
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const paid = Object.fromEntries(totals.map(({ amount, currency }) => [currency, formatMajor(amount, currency)]))
  return {
    businessDate: run.businessDate,
    sellers: run.sellers,
    balances: { total, ...counts },
    paid,
    alerts,
    calls: countsOf(calls),
    messages: messages ?? null,
    seconds: run.seconds,
    retrievalRequestsPer1000Balances: total === 0 ? 0 : Math.round((retrievals(calls) * 10_000) / total) / 10,
    memory: run.memory,
    checks: { ledger, banks: stack.databaseIsFresh ? banksFindings(paid, books) : 'not comparable' },
  }
}

/** True when books or ledger contradict ours: the run must not be called a success. */
export const isContradicted = ({ checks }: Summary): boolean =>
  Array.isArray(checks.ledger) || Array.isArray(checks.banks)

const countsOf = (calls: SandboxCalls): Summary['calls'] => ({
  netsuite: calls.netsuite.total ?? 0,
  gsc: calls.gsc.total ?? 0,
  fpay: calls.fpay.total ?? 0,
  payoneer: calls.payoneer.total ?? 0,
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

/** Both are decimal strings with exactly the currency's decimals, so equal text is equal money. */
function banksFindings(ours: Record<string, string>, books: SandboxBooks): Summary['checks']['banks'] {
  const theirs = sumByCurrency([...books.fpay.payments, ...books.payoneer.payments].filter(({ returned }) => !returned))
  const findings = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort().flatMap((currency) => {
    const [mine = '0', other = '0'] = [ours[currency], theirs[currency]]
    return mine === other ? [] : [`${currency}: we say ${mine} was paid, the banks say ${other}`]
  })
  return findings.length === 0 ? 'agree' : findings
}

function sumByCurrency(payments: readonly { amount: string; currency: string }[]): Record<string, string> {
  const sums = new Map<Currency, bigint>()
  for (const payment of payments) {
    const code = currency(payment.currency)
    sums.set(code, (sums.get(code) ?? 0n) + parseMajor(payment.amount, code))
  }
  return Object.fromEntries([...sums].map(([code, sum]) => [code, formatMajor(sum, code)]))
}

const noBalances = () =>
  Object.fromEntries(SELLER_BALANCE_STATUSES.map((status) => [status, 0])) as Record<SellerBalanceStatus, number>
