import type { Currency } from './currency.ts'
import { areOf, entryOf, type Group, idsOf, moneyIn, paymentsOf, put, spanOf, sumOf } from './finding-groups.ts'
import type { Money } from './money.ts'
import type { Finding, ReconciliationWindow } from './reconciliation.ts'
import { type CurrencyTotal, textOf } from './reconciliation-figures.ts'
import { gapsIn } from './webhook-gaps.ts'

/** What the findings suggest to do. It keeps sums and the first ids of each kind, never the findings. */
export interface Recommender {
  add(finding: Finding): void
  /** @returns sentences, the one about the most money first; each names ids or a range to act on */
  recommend(known: {
    /** Findings of different currencies are weighed by their share of these. */
    readonly stripeTotals: readonly CurrencyTotal[]
    /** How many payments Stripe has in each bucket of the window, by {@link bucketOf}. */
    readonly stripePayments: ReadonlyMap<number, number>
  }): readonly string[]
}

/** Parts into which the window is cut to find gaps: five minutes each, of a day. */
export const BUCKETS = 288

export function bucketOf(created: Date, { from, to }: ReconciliationWindow): number {
  const part = ((created.getTime() - from.getTime()) * BUCKETS) / (to.getTime() - from.getTime())
  return Math.max(0, Math.min(BUCKETS - 1, Math.floor(part)))
}

export function createRecommender(window: ReconciliationWindow): Recommender {
  const groups = new Map<GroupName, Group>()
  const missing = new Map<number, Group>()
  const shifts = new Map<number, Group>()
  const atRisk = new Map<Currency, bigint>()
  const largest = new Map<Currency, Largest>()

  return {
    add(finding) {
      for (const money of moneyIn(finding)) {
        atRisk.set(money.currency, (atRisk.get(money.currency) ?? 0n) + money.amount)
        const known = largest.get(money.currency)
        if (!known || money.amount > known.money.amount) largest.set(money.currency, { finding, money })
      }
      const shiftMs = shiftOf(finding)
      if (finding.category === 'missing_in_database' && finding.stripe) {
        put(entryOf(missing, bucketOf(finding.stripe.created, window)), finding)
      } else if (shiftMs !== undefined && (shifts.has(shiftMs) || shifts.size < SHIFTS_KEPT)) {
        put(entryOf(shifts, shiftMs), finding)
      } else {
        put(entryOf(groups, groupNameOf(finding)), finding)
      }
    },
    recommend({ stripeTotals, stripePayments }) {
      const totals = new Map(stripeTotals.map(({ currency, total }) => [currency, total]))
      const { gaps, scattered } = gapsIn(missing, stripePayments)
      const advice: Advice[] = [
        ...gaps.map((gap) => ({ text: gapText(gap), money: gap.money })),
        ...(scattered.count > 0 ? [{ text: scatteredText(scattered), money: scattered.money }] : []),
        ...[...shifts].map(([shiftMs, group]) => ({ text: shiftText(shiftMs, group), money: group.money })),
        ...[...groups].map(([name, group]) => ({ text: TEXTS[name](group), money: group.money })),
      ]
      const weighed = advice.map(({ text, money }) => ({ text, weight: weightOf(money, totals) }))
      weighed.sort((a, b) => b.weight - a.weight) // stable: of equal weight, in the order above
      const alone = [...largest.values()]
        .flatMap((one) => largestText(one, atRisk) ?? [])
        .sort((a, b) => weightOf(b.money, totals) - weightOf(a.money, totals))
      return [...alone.slice(0, 1), ...weighed].map(({ text }) => text)
    },
  }
}

interface Advice {
  readonly text: string
  readonly money: ReadonlyMap<Currency, bigint>
}

type GroupName =
  | 'recorded_by_hand'
  | 'missing_in_stripe'
  | 'scaled_amount'
  | 'amount_mismatch'
  | 'refund_mismatch'
  | 'currency_mismatch'
  | 'charged_twice'
  | 'recorded_twice'
  | 'recorded_under_charge'
  | 'not_looked_up'
  | 'refunds_not_looked_up'
  | 'pending_refund'
  | 'ended_refund'
  | 'late_refund'
  | 'other_window'

const TEXTS: Readonly<Record<GroupName, (group: Group) => string>> = {
  recorded_by_hand: (group) =>
    `${paymentsOf(group)} recorded by hand (${sumOf(group)}) ${areOf(group)} not in Stripe: enter the Stripe ids, or void them: ${idsOf(group)}.`,
  missing_in_stripe: (group) =>
    `${paymentsOf(group)} in the database (${sumOf(group)}) ${areOf(group)} unknown to Stripe: look for another account or test mode, else void them: ${idsOf(group)}.`,
  scaled_amount: (group) =>
    `${paymentsOf(group)} ${group.count === 1 ? 'differs' : 'differ'} by exactly a factor of 10, 100 or 1,000 (${sumOf(group)}): somebody mistakes minor units. Mend the writer, then sync ${idsOf(group)}.`,
  amount_mismatch: (group) =>
    `${paymentsOf(group)} with another amount than in Stripe (${sumOf(group)}): sync ${idsOf(group)}.`,
  refund_mismatch: (group) =>
    `${paymentsOf(group)} with other refunds than in Stripe (${sumOf(group)}): sync ${idsOf(group)}.`,
  currency_mismatch: (group) =>
    `${paymentsOf(group)} in another currency than in Stripe (${sumOf(group)}): find out who wrote it, then sync ${idsOf(group)}.`,
  charged_twice: (group) =>
    `${paymentsOf(group)} charged more than once (${sumOf(group)} not on record): give the customers back what is too much: ${idsOf(group)}.`,
  recorded_twice: (group) =>
    `${paymentsOf(group)} recorded again under another id (${sumOf(group)} counted twice): delete ${idsOf(group)}.`,
  recorded_under_charge: (group) =>
    `${paymentsOf(group)} recorded under the id of the charge, not of its payment: sync ${idsOf(group)}, which records the payment, and then delete what stands under these ids.`,
  not_looked_up: (group) =>
    `${paymentsOf(group)} in the database (${sumOf(group)}) ${areOf(group)} not in Stripe’s lists of the window, and ${group.count === 1 ? 'was' : 'were'} not looked up, there being too many: find out who wrote them from ${spanOf(group)}, then reconcile shorter windows: ${idsOf(group)}.`,
  refunds_not_looked_up: (group) =>
    `${paymentsOf(group)} with refunds on record (${sumOf(group)}) that are not in Stripe’s lists of the window, and were not looked up, there being too many: sync what was not looked up, which asks Stripe about each, and reconcile again: ${idsOf(group)}.`,
  pending_refund: (group) =>
    `${paymentsOf(group)} with refunds that are pending at Stripe: nothing to do until Stripe has ended them; the later comparisons of that day tell how: ${idsOf(group)}.`,
  ended_refund: (group) =>
    `${paymentsOf(group)} with refunds that are pending on record, and not at Stripe any more: sync ${idsOf(group)}.`,
  late_refund: (group) =>
    `${paymentsOf(group)} refunded outside the window: nothing to do, the refund belongs to its own day: ${idsOf(group)}.`,
  other_window: (group) =>
    `${paymentsOf(group)} with another time than in Stripe, across the edge of the window: sync ${idsOf(group)}.`,
}

function groupNameOf(finding: Finding): GroupName {
  const { category, source, stripe, database } = finding
  switch (category) {
    case 'missing_in_stripe':
      if (finding.isNotLookedUp) return 'not_looked_up'
      return source === 'manual' ? 'recorded_by_hand' : 'missing_in_stripe'
    case 'missing_in_database':
    case 'amount_mismatch':
      return stripe && database && isScaled(stripe.amount, database.amount) ? 'scaled_amount' : 'amount_mismatch'
    case 'duplicate':
      if (stripe && database && /^(ch|py)_/.test(finding.paymentId)) return 'recorded_under_charge'
      return stripe ? 'charged_twice' : 'recorded_twice'
    case 'not_looked_up':
      return 'refunds_not_looked_up'
    case 'timing':
      if (finding.pendingRefund) return finding.pendingRefund === 'at_stripe' ? 'pending_refund' : 'ended_refund'
      return stripe && database && stripe.created.getTime() !== database.created.getTime()
        ? 'other_window'
        : 'late_refund'
    default:
      return category
  }
}

/** A time that differs by whole quarters of an hour is a time zone's doing: those differ by such. */
function shiftOf({ category, stripe, database }: Finding): number | undefined {
  if (category !== 'timing' || !stripe || !database) return undefined
  const ms = database.created.getTime() - stripe.created.getTime()
  return ms !== 0 && ms % QUARTER_MS === 0 && Math.abs(ms) <= LARGEST_SHIFT_MS ? ms : undefined
}

const QUARTER_MS = 900_000
const LARGEST_SHIFT_MS = 14 * 3_600_000
const SHIFTS_KEPT = 20

const isScaled = (a: bigint, b: bigint): boolean =>
  [10n, 100n, 1_000n].some((factor) => a === b * factor || b === a * factor)

const gapText = (gap: Group): string =>
  `No webhook of Stripe’s was recorded from ${spanOf(gap)}: ${paymentsOf(gap)} (${sumOf(gap)}). Resend the events of that time, or sync ${idsOf(gap)}.`

const scatteredText = (group: Group): string =>
  `${paymentsOf(group)} in Stripe (${sumOf(group)}) ${areOf(group)} not in the database, from ${spanOf(group)}: sync ${idsOf(group)}.`

function shiftText(shiftMs: number, group: Group): string {
  const hours = Math.abs(shiftMs) / 3_600_000
  const which = shiftMs > 0 ? 'later' : 'earlier'
  return `${paymentsOf(group)} recorded exactly ${hours} h ${which} than Stripe has ${group.count === 1 ? 'it' : 'them'}, across the edge of the window: the writer’s time zone is not UTC. Mend it, then sync ${idsOf(group)}.`
}

interface Largest {
  readonly finding: Finding
  readonly money: Money
}

/** One finding that holds more than half of its currency's money at risk, beside others, is looked at first. */
function largestText(
  { finding: { paymentId, category }, money }: Largest,
  atRisk: ReadonlyMap<Currency, bigint>,
): Advice | undefined {
  const all = atRisk.get(money.currency) ?? 0n
  if (money.amount === all || money.amount * 2n <= all) return undefined
  const text = `${paymentId} alone is ${textOf(money)} of ${textOf({ ...money, amount: all })} at risk (${category.replaceAll('_', ' ')}): look at it first.`
  return { text, money: new Map([[money.currency, money.amount]]) }
}

/** Shares of currencies can be added where amounts cannot: millionths of what Stripe has in each. */
function weightOf(money: ReadonlyMap<Currency, bigint>, totals: ReadonlyMap<Currency, bigint>): number {
  let weight = 0
  for (const [currency, amount] of money) {
    const total = totals.get(currency) ?? 0n
    weight += Number((amount * 1_000_000n) / (total > 0n ? total : 1n))
  }
  return weight
}
