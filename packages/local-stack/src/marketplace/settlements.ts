import { currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import type { MarketplaceSettlement, MarketplaceWinner } from '@remesa/sandbox/marketplace'
import { createRandom, type Random } from './random.ts'
import { accountOf, digits, USERS } from './users.ts'

/** A settlement as it is made up, before it is written down: a flaw changes what makes it special. */
interface Draft {
  readonly random: Random
  readonly settlement: MarketplaceSettlement
  winners: MarketplaceWinner[]
}

/**
 * Makes up contests' settlements: most are paid, and each rule that one may break is broken by one of the first twenty
 * and by one in ten beyond. The first has 200 winners, whose accounts are of every kind that Stripe may have. A
 * settlement depends on the seed and its number alone: fewer of them are the first of more.
 * @param options.settlements - how many, from 0
 */
export function generateSettlements({ settlements, seed }: { settlements: number; seed: number }): {
  settlements: MarketplaceSettlement[]
  winners: MarketplaceWinner[]
} {
  const drafts = Array.from({ length: settlements }, (_, at) => draftSettlement(at + 1, seed))
  return {
    settlements: drafts.map(({ settlement }) => settlement),
    winners: drafts.flatMap(({ winners }) => winners),
  }
}

/** Sellers have their own sequences of the same seed. */
const SEQUENCE = 7_001
const FIRST_TWENTY = 20
const MOST_WINNERS = 200

function draftSettlement(number: number, seed: number): Draft {
  const random = createRandom(seed, SEQUENCE, number)
  const currency = random.pick(CURRENCIES)
  const settlementId = `SE${String(number).padStart(6, '0')}`
  const first = random.whole(0, USERS - 1)
  const winners = Array.from({ length: winnerCount(random, number) }, (_, at) => {
    const user = ((first + at * 7) % USERS) + 1 // a step that shares no divisor with their number: nobody twice
    const amount = formatMajor(prize(random, currency), currencyOf(currency))
    return { settlementId, userId: `U${digits(user)}`, stripeAccountId: accountOf(user), amount }
  })
  const settlement = { settlementId, contestId: `CT${digits(number)}`, currency, total: '', status: 'closed' }
  const draft: Draft = { random, settlement, winners }
  settlement.total = formatMajor(sumOf(draft), currencyOf(currency))
  flawOf(number)?.(draft)
  return draft
}

const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'MXN', 'CLP', 'JPY', 'ISK'] as const

function winnerCount(random: Random, number: number): number {
  if (number === 1) return MOST_WINNERS
  if (number === 3 || random.chance(0.1)) return 1
  return random.chance(0.1) ? MOST_WINNERS : random.whole(2, 60)
}

/** What a winner gets, in minor units: more where a unit is worth less. */
function prize(random: Random, currency: string): bigint {
  const amount = BigInt(random.whole(500, random.chance(0.1) ? 2_500_000 : 80_000))
  return currency === 'CLP' ? amount * 10n : amount
}

type Flaw = (draft: Draft) => void

/** One for each rule of settlements, and more where a rule can be broken in ways that look different. */
const FLAWS: readonly Flaw[] = [
  differsByOneUnit,
  hasNoWinners,
  namesAWinnerTwice,
  owesAWinnerNothing,
  isInUnknownCurrency,
  owesAWinnerInAnotherCurrency,
  isStillOpen,
  owesAWinnerLessThanNothing,
]

function flawOf(number: number): Flaw | undefined {
  const every = number <= FIRST_TWENTY ? 2 : 10
  const turn = number <= FIRST_TWENTY ? number / every - 1 : number / every
  if (number % every !== 0 || (number <= FIRST_TWENTY && turn >= FLAWS.length)) return undefined
  return FLAWS[turn % FLAWS.length]
}

function differsByOneUnit(draft: Draft): void {
  draft.settlement.total = written(draft, sumOf(draft) + 1n)
}

function hasNoWinners(draft: Draft): void {
  draft.winners = []
}

function namesAWinnerTwice(draft: Draft): void {
  draft.winners.push(...draft.winners.slice(0, 1).map((winner) => ({ ...winner })))
  draft.settlement.total = written(draft, sumOf(draft))
}

function owesAWinnerNothing(draft: Draft): void {
  draft.winners = [...draft.winners.slice(0, -1), { ...lastOf(draft), amount: written(draft, 0n) }]
  draft.settlement.total = written(draft, sumOf(draft))
}

function owesAWinnerLessThanNothing(draft: Draft): void {
  draft.winners = [...draft.winners.slice(0, -1), { ...lastOf(draft), amount: written(draft, -1n) }]
  draft.settlement.total = written(draft, sumOf(draft))
}

function isInUnknownCurrency({ settlement }: Draft): void {
  settlement.currency = 'XYZ'
}

function owesAWinnerInAnotherCurrency({ settlement, winners }: Draft): void {
  const [first] = winners
  if (first) first.currency = settlement.currency === 'USD' ? 'MXN' : 'USD'
}

function isStillOpen({ settlement }: Draft): void {
  settlement.status = 'open'
}

function lastOf({ winners }: Draft): MarketplaceWinner {
  const last = winners.at(-1)
  if (!last) throw new Error('a settlement is drafted with at least one winner')
  return last
}

const minor = ({ amount }: Pick<MarketplaceWinner, 'amount'>): bigint => BigInt(amount.replace('.', ''))
const sumOf = ({ winners }: Draft): bigint => winners.reduce((sum, winner) => sum + minor(winner), 0n)
const written = ({ settlement }: Draft, amount: bigint): string => formatMajor(amount, currencyOf(settlement.currency))
