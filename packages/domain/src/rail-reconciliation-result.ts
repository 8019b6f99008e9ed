import type { Currency } from './currency.ts'
import { formatMajor, type Money } from './money.ts'
import type {
  PaymentPair,
  ProviderPayment,
  RailFindingCategory,
  RailVerdict,
  ReconciledBooks,
  RecordedPayment,
} from './rail-reconciliation.ts'
import { dateOf } from './reconciliation-figures.ts'
import type { ReconciliationSeverity, ReconciliationStatus } from './reconciliation-result.ts'

/** A payment of ours, and which it is. */
export interface RecordedSide extends RecordedPayment {
  /** Of a rail the payment attempt's id, of NetSuite the seller balance's. */
  readonly id: string
  readonly payableType: string
  readonly payableId: string
  readonly reference: string | null
  /** In whose window it falls. */
  readonly at: Date
}

/** One difference; at least one of the two sides is there. */
export interface RailFinding extends RailVerdict {
  readonly provider: ProviderPayment | undefined
  readonly recorded: RecordedSide | undefined
  /** What the other side has more, minor units. */
  readonly over?: Money
  /** What we have more, minor units. */
  readonly under?: Money
}

/** The figures of one currency; amounts as decimal strings of its major units. */
export interface RailFigures {
  readonly currency: Currency
  /** How many payments the other side has in the window, and what of them is out or under way. */
  readonly payments: number
  readonly total: string
  /** What the other side has more, payment by payment, and what we have more: they do not cancel out. */
  readonly grossOver: string
  readonly grossUnder: string
  /** Both of them together. */
  readonly moneyAtRisk: string
}

/** What a rail's books, or NetSuite's, and ours came to. */
export interface RailReconciliationResult {
  readonly reportId: string
  readonly books: ReconciledBooks
  /** The day, `2026-11-20`; of several days the interval, its end excluded: `2026-11-01/2026-11-08`. */
  readonly date: string
  /** `error`: not everything could be read, so nothing was compared. Timing alone is a success. */
  readonly status: ReconciliationStatus
  /** How many payments of the other side were compared. */
  readonly payments: number
  readonly findings: Readonly<Record<RailFindingCategory, number>>
  /** How many of the findings somebody must act on before the next pay-day. */
  readonly urgent: number
  readonly byCurrency: readonly RailFigures[]
  /** What to do, the most urgent first, each naming payments to look at. */
  readonly recommendations: readonly string[]
}

/** What of a pair's money the two sides differ by. */
export function differenceOf(
  { provider, recorded }: Pick<PaymentPair, 'provider' | 'recorded'>,
  category: RailFindingCategory,
): { readonly over?: Money; readonly under?: Money } {
  const theirs = provider?.money && netOf(provider.money, provider.takenBack)
  const ours = recorded && netOf(recorded.money, recorded.takenBack)
  switch (category) {
    case 'timing':
      return {}
    case 'duplicate':
    case 'paid_not_recorded':
      return { ...(theirs && { over: theirs }) }
    case 'recorded_not_paid':
      return { ...(ours && { under: ours }) }
    case 'currency':
      return { ...(theirs && { over: theirs }), ...(ours && { under: ours }) }
    case 'amount': {
      if (!theirs || !ours || theirs.amount === ours.amount) return {}
      const difference = theirs.amount - ours.amount
      const { currency } = ours
      return difference > 0n ? { over: { amount: difference, currency } } : { under: { amount: -difference, currency } }
    }
  }
}

/** @returns undefined for nothing */
const netOf = ({ amount, currency }: Money, takenBack: bigint): Money | undefined =>
  amount > takenBack ? { amount: amount - takenBack, currency } : undefined

/** What findings come to. Its size does not grow with their number. */
export interface RailTally {
  add(finding: RailFinding): void
  resultOf(known: {
    readonly reportId: string
    readonly books: ReconciledBooks
    readonly window: { readonly from: Date; readonly to: Date }
    readonly totals: readonly RailTotal[]
  }): { readonly result: RailReconciliationResult; readonly severity: ReconciliationSeverity }
}

/** What the other side has in a window, in minor units; without what came back or was refused. */
export interface RailTotal {
  readonly currency: Currency
  readonly total: bigint
  readonly payments: number
}

export function createRailTally(): RailTally {
  const counts = { ...NONE }
  const sums = new Map<Currency, { over: bigint; under: bigint }>()
  const named = new Map<string, { count: number; names: string[] }>()
  let urgent = 0

  const sumOf = (currency: Currency) => {
    const sum = sums.get(currency) ?? { over: 0n, under: 0n }
    sums.set(currency, sum)
    return sum
  }
  return {
    add(finding) {
      counts[finding.category] += 1
      if (finding.urgent) urgent += 1
      if (finding.over) sumOf(finding.over.currency).over += finding.over.amount
      if (finding.under) sumOf(finding.under.currency).under += finding.under.amount
      const kind = kindOf(finding)
      const group = named.get(kind) ?? { count: 0, names: [] }
      group.count += 1
      if (group.names.length < NAMED) group.names.push(nameOf(finding))
      named.set(kind, group)
    },
    resultOf({ reportId, books, window, totals }) {
      const byCurrency = new Map(totals.map((total) => [total.currency, total]))
      const currencies = [...new Set([...byCurrency.keys(), ...sums.keys()])].sort()
      const isClean = MISMATCHES.every((category) => counts[category] === 0)
      const result: RailReconciliationResult = {
        ...{ reportId, books, date: dateOf(window), status: isClean ? 'success' : 'discrepancy_found' },
        payments: totals.reduce((sum, { payments }) => sum + payments, 0),
        findings: { ...counts },
        urgent,
        byCurrency: currencies.map((currency) => figuresOf(currency, byCurrency.get(currency), sumOf(currency))),
        recommendations: ADVICE.flatMap(([kind, advise]) => {
          const group = named.get(kind)
          return group ? [advise(WHERE[books], listOf(group))] : []
        }),
      }
      return { result, severity: urgent > 0 ? 'critical' : isClean ? 'none' : 'warning' }
    },
  }
}

/** Of a run that could not read everything: it says nothing about money. */
export function failedRailResult({
  reportId,
  books,
  window,
}: {
  readonly reportId: string
  readonly books: ReconciledBooks
  readonly window: { readonly from: Date; readonly to: Date }
}): RailReconciliationResult {
  return {
    ...{ reportId, books, date: dateOf(window), status: 'error', payments: 0, findings: { ...NONE }, urgent: 0 },
    byCurrency: [],
    recommendations: [`${WHERE[books]} could not be read to the end: run this again before anybody acts on it.`],
  }
}

const NONE: Readonly<Record<RailFindingCategory, number>> = {
  paid_not_recorded: 0,
  recorded_not_paid: 0,
  amount: 0,
  currency: 0,
  duplicate: 0,
  timing: 0,
}
const MISMATCHES = ['paid_not_recorded', 'recorded_not_paid', 'amount', 'currency', 'duplicate'] as const

/** So many payments are named in a sentence. */
const NAMED = 5

const WHERE: Readonly<Record<ReconciledBooks, string>> = {
  'stripe-transfers': 'Stripe',
  fpay: 'FPay',
  payoneer: 'Payoneer',
  netsuite: 'NetSuite',
}

const kindOf = ({ category, urgent }: RailVerdict): string => `${category}${urgent ? '!' : ''}`
const nameOf = ({ provider, recorded }: RailFinding): string =>
  provider?.reference ?? recorded?.reference ?? recorded?.payableId ?? ''
const listOf = ({ count, names }: { count: number; names: readonly string[] }): string =>
  names.join(', ') + (count > names.length ? ` and ${count - names.length} more` : '')

/** What each kind of finding asks for, the most urgent first. */
const ADVICE: readonly (readonly [string, (where: string, payments: string) => string])[] = [
  [
    'duplicate!',
    (where, payments) => `${where} has a second payment of what is paid once: fetch the money back. ${payments}.`,
  ],
  [
    'paid_not_recorded!',
    (where, payments) =>
      `${where} has payments that we do not know of, believe refused or believe returned: hold what they pay before it is paid again. ${payments}.`,
  ],
  [
    'recorded_not_paid!',
    (where, payments) =>
      `We hold payments for made that ${where} has not made or has taken back: the payees were told. ${payments}.`,
  ],
  [
    'currency!',
    (where, payments) => `${where} moved another currency than we asked for: find out what was sent. ${payments}.`,
  ],
  [
    'amount!',
    (where, payments) => `More is out at ${where} than we asked for: fetch the difference back. ${payments}.`,
  ],
  [
    'amount',
    (where, payments) => `Less is out at ${where} than we recorded: find out what came back, and pay it. ${payments}.`,
  ],
  [
    'paid_not_recorded',
    (where, payments) =>
      `${where} has paid what we still wait for: look at the callbacks and the polling. ${payments}.`,
  ],
  [
    'recorded_not_paid',
    (where, payments) =>
      `${where} does not have what we take for accepted, or has ended it: look it up, then release it. ${payments}.`,
  ],
]

function figuresOf(
  currency: Currency,
  total: RailTotal | undefined,
  { over, under }: { over: bigint; under: bigint },
): RailFigures {
  const major = (amount: bigint): string => formatMajor(amount, currency)
  return {
    currency,
    payments: total?.payments ?? 0,
    total: major(total?.total ?? 0n),
    grossOver: major(over),
    grossUnder: major(under),
    moneyAtRisk: major(over + under),
  }
}
