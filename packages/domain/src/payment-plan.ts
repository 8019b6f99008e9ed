import type { Currency } from './currency.ts'
import type { Money } from './money.ts'
import type { RailName } from './rail.ts'

// What a run would pay now, written down before anything is paid. No hash function and no database here.

/** `pay_day`: the seller balances of one business date; `payouts`: the transfers of settlements and bookings that are due. */
export type PlanKind = 'pay_day' | 'payouts'
export const PLAN_KINDS: readonly PlanKind[] = ['pay_day', 'payouts']

/** `planned → approved → applied`; straight to applied where no rule wants an approval; void from either before it is applied. */
export type PlanState = 'planned' | 'approved' | 'applied' | 'void'
export const PLAN_STATES: readonly PlanState[] = ['planned', 'approved', 'applied', 'void']

/**
 * Why a plan is void: `drift`, something else would be paid by then; `altered`, its lines are not those of its hash, which only
 * a change by hand brings about; `expired`, nobody applied it in time; `discarded`, a person did not want it.
 */
export type PlanVoid = (typeof PLAN_VOIDS)[number]
export const PLAN_VOIDS = ['drift', 'altered', 'expired', 'discarded'] as const

/** One payment, as far as people agree to it. */
export interface PlanLine {
  /** A seller balance's or a payout transfer's id. */
  readonly payableId: string
  readonly money: Money
  readonly rail: RailName
  /** The payee's account at the rail. */
  readonly destination: string
}

/**
 * The lines as one text, equal for equal plans and for no others: by payable, one line each; a destination's bytes are
 * counted, so that none can be written to look like two lines. The database makes the same text from its rows.
 */
export const canonicalPlan = (lines: readonly PlanLine[]): string =>
  [...lines]
    .sort((one, other) => (one.payableId < other.payableId ? -1 : 1))
    .map(({ payableId, money: { amount, currency }, rail, destination }) => {
      const bytes = new TextEncoder().encode(destination).length
      return `${payableId} ${amount} ${currency} ${rail} ${bytes}:${destination}\n`
    })
    .join('')

/** Where what would be paid now differs from what was planned. */
export type PlanDrift =
  | { readonly kind: 'added'; readonly now: PlanLine }
  | { readonly kind: 'gone'; readonly planned: PlanLine }
  | { readonly kind: 'changed'; readonly planned: PlanLine; readonly now: PlanLine }

/** Every difference, by payable; none when it is the same plan. */
export function driftOf(planned: readonly PlanLine[], now: readonly PlanLine[]): readonly PlanDrift[] {
  const before = new Map(planned.map((line) => [line.payableId, line]))
  const after = new Map(now.map((line) => [line.payableId, line]))
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((id): PlanDrift[] => {
    const was = before.get(id)
    const is = after.get(id)
    if (was && is) return isSameLine(was, is) ? [] : [{ kind: 'changed', planned: was, now: is }]
    if (was) return [{ kind: 'gone', planned: was }]
    return is ? [{ kind: 'added', now: is }] : []
  })
}

/** @returns whether it is the same money to the same account */
export const isSameLine = (one: PlanLine, other: PlanLine): boolean => canonicalPlan([one]) === canonicalPlan([other])

/** What a run may send out at most without an approved plan. */
export interface PlanRule {
  readonly id: string
  readonly kind: PlanKind
  readonly currency: Currency
  /** Minor units; at zero nothing goes without one. */
  readonly amount: bigint
}

/** How long what waits for a plan leaves its worker alone: a plan that is applied wakes it at once. */
export const PLAN_WAIT_MS = 300_000

/** A payment that is about to be claimed. */
export interface PlanCandidate extends PlanLine {
  /** A business date; for payouts the UTC day on which it is claimed. */
  readonly run: string
}

/**
 * Which of these payments wait for a plan, in their order: one that does not fit leaves room for those after it.
 * @param rules - of the kind of these payments, one for each currency at most
 * @param options.used - minor units that went, or are on their way, in a run without an approved plan
 * @param options.isApproved - it is a line of a plan that two people agreed to and that was applied
 * @returns the rule that each of them waits for
 */
export function fitRules(
  candidates: readonly PlanCandidate[],
  rules: readonly PlanRule[],
  options: {
    readonly used: (rule: PlanRule, run: string) => bigint
    readonly isApproved: (candidate: PlanCandidate) => boolean
  },
): ReadonlyMap<string, { readonly rule: PlanRule; readonly run: string }> {
  const ruleOf = new Map<Currency, PlanRule>(rules.map((rule) => [rule.currency, rule]))
  const waiting = new Map<string, { rule: PlanRule; run: string }>()
  const taken = new Map<string, bigint>()
  for (const candidate of candidates) {
    const { payableId, run, money } = candidate
    const rule = ruleOf.get(money.currency)
    if (!rule || options.isApproved(candidate)) continue
    const key = `${rule.id} ${run}`
    const after = (taken.get(key) ?? options.used(rule, run)) + money.amount
    if (after > rule.amount) waiting.set(payableId, { rule, run })
    else taken.set(key, after)
  }
  return waiting
}

/**
 * The rules by which a plan needs a second person: with it its run would send out more than they allow.
 * @param sums - what it pays, in minor units, in as many parts as there are
 * @param used - minor units that went, or are on their way, in its run without an approved plan
 */
export function rulesToApprove(
  sums: readonly { readonly amount: bigint; readonly currency: string }[],
  rules: readonly PlanRule[],
  used: (rule: PlanRule) => bigint,
): readonly PlanRule[] {
  return rules.filter((rule) => {
    const amounts = sums.flatMap(({ amount, currency }) => (currency === rule.currency ? [amount] : []))
    return amounts.length > 0 && used(rule) + amounts.reduce((sum, amount) => sum + amount, 0n) > rule.amount
  })
}

/** The UTC day of a moment, `YYYY-MM-DD`: the run of a payout. */
export const payoutRun = (moment: Date): string => moment.toISOString().slice(0, 10)
