import { type Currency, isCurrency } from './currency.ts'
import { formatMajor } from './money.ts'

/** A contest's end, as the marketplace wrote it: nothing in it has been checked. */
export interface Settlement {
  readonly settlementId: string
  readonly contestId: string
  readonly currency: string
  /** Minor units of `currency`. */
  readonly total: bigint
  /** The marketplace's word; `closed`, or `completed`, when the contest is over and its winners stand. */
  readonly status: string
}

export interface SettlementWinner {
  readonly userId: string
  /** Null when the user has opened no account yet. */
  readonly stripeAccountId: string | null
  /** Minor units of `currency`. */
  readonly amount: bigint
  readonly currency: string
}

/** What a settlement must keep to be paid. All of its winners are payable, or none is. */
export type SettlementRule =
  | 'not_closed'
  | 'no_winners'
  | 'unknown_currency'
  | 'mixed_currency'
  | 'amount_not_positive'
  | 'duplicate_winner'
  | 'sum_differs'
  /** A winner is already paid, or being paid, for this contest by another settlement; only the database can tell. */
  | 'winner_paid_before'

export interface SettlementProblem {
  readonly rule: SettlementRule
  /** What was found, for people: one sentence, with ids and amounts in major units. */
  readonly found: string
}

/** Words of the marketplace for a settlement that is to be paid. */
export const SETTLED: readonly string[] = ['closed', 'completed']

/** @returns the first rule that the settlement breaks; undefined when its winners may be paid */
export function settlementProblem(
  { currency, total, status }: Settlement,
  winners: readonly SettlementWinner[],
): SettlementProblem | undefined {
  if (!SETTLED.includes(status)) return broken('not_closed', `the settlement is ${JSON.stringify(status)}`)
  if (winners.length === 0) return broken('no_winners', 'the settlement names no winner')
  if (!isCurrency(currency)) return broken('unknown_currency', `${JSON.stringify(currency)} is no payable currency`)

  const seen = new Set<string>()
  let sum = 0n
  for (const winner of winners) {
    const who = `winner ${winner.userId}`
    if (winner.currency !== currency) {
      return broken(
        'mixed_currency',
        `${who} is owed ${JSON.stringify(winner.currency)}, the settlement is in ${currency}`,
      )
    }
    if (winner.amount <= 0n) return broken('amount_not_positive', `${who} is owed ${text(winner.amount, currency)}`)
    if (seen.has(winner.userId)) return broken('duplicate_winner', `${who} is named twice`)
    seen.add(winner.userId)
    sum += winner.amount
  }
  return sum === total
    ? undefined
    : broken('sum_differs', `the winners are owed ${text(sum, currency)}, the total is ${text(total, currency)}`)
}

const text = (amount: bigint, currency: Currency): string => `${currency} ${formatMajor(amount, currency)}`

const broken = (rule: SettlementRule, found: string): SettlementProblem => ({ rule, found })
