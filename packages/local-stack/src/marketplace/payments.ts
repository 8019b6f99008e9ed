import type { BusinessDate } from '@remesa/domain/business-date'
import { currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import type { MarketplacePayment } from '@remesa/sandbox/marketplace'
import { amountIn } from './booking-draft.ts'
import { PAYMENT_CASES } from './payment-cases.ts'
import { DAY_SECONDS, type Gap, type PaymentDraft, type Side, secondOutside } from './payment-draft.ts'
import { createRandom } from './random.ts'
import { digits } from './users.ts'

export interface GeneratedPayments {
  /** What Stripe has. */
  readonly payments: MarketplacePayment[]
  /** What is on record. The same objects where both sides agree. */
  readonly recorded: MarketplacePayment[]
}

/**
 * Makes up what customers paid on a UTC day, and what became of it on record: nearly all of it agrees, with every case
 * among the first forty and in one of a hundred beyond; what Stripe told during twenty minutes was lost. A payment
 * depends on the seed and its number alone: fewer of them are the first of more, and another day changes the times only.
 * @param options.count - how many, from 0
 */
export function generatePayments({
  count,
  day,
  seed,
}: {
  count: number
  day: BusinessDate
  seed: number
}): GeneratedPayments {
  const made: GeneratedPayments = { payments: [], recorded: [] }
  const dayMs = Date.parse(`${day}T00:00:00Z`)
  const gap = gapOf(seed)
  for (let number = 1; number <= count; number++) {
    const { charged, recorded } = draftPayment(number, { seed, gap })
    const rows = new Map(charged.map((side) => [side, rowOf(side, dayMs)]))
    made.payments.push(...rows.values())
    made.recorded.push(...recorded.map((side) => rows.get(side) ?? rowOf(side, dayMs)))
  }
  return made
}

/** Sellers, settlements and bookings have their own sequences of the same seed. */
const SEQUENCE = 12_001
const FIRST_FORTY = 40
const GAP_SECONDS = 20 * 60

/** Between eight in the morning and ten at night. */
function gapOf(seed: number): Gap {
  const from = createRandom(seed, SEQUENCE).whole(8 * 60, 22 * 60) * 60
  return { from, to: from + GAP_SECONDS }
}

const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'MXN', 'CLP', 'JPY', 'KWD'] as const

function draftPayment(number: number, { seed, gap }: { seed: number; gap: Gap }): PaymentDraft {
  const random = createRandom(seed, SEQUENCE, number)
  const special = caseOf(number)
  const currency = random.pick(CURRENCIES)
  const amount = amountIn(currency, random.whole(500, random.chance(0.05) ? 90_000 : 30_000))
  const name = `${seed}_${digits(number)}`
  const side: Side = {
    paymentId: `pi_${name}`,
    second: special ? secondOutside(gap, random) : random.whole(0, DAY_SECONDS - 1),
    currency,
    amount,
    refunded: random.chance(0.06) ? (random.chance(0.5) ? amount : (amount / 40n) * 10n) : 0n,
    description: `Order ${number}`,
  }
  const isLost = side.second >= gap.from && side.second < gap.to
  const draft: PaymentDraft = { random, name, gap, charged: [side], recorded: isLost ? [] : [side] }
  special?.(draft)
  return draft
}

function caseOf(number: number): ((draft: PaymentDraft) => void) | undefined {
  const every = number <= FIRST_FORTY ? 2 : 100
  return number % every === 0 ? PAYMENT_CASES[(number / every - 1) % PAYMENT_CASES.length] : undefined
}

const rowOf = ({ second, currency, amount, refunded, ...rest }: Side, dayMs: number): MarketplacePayment => ({
  paymentId: rest.paymentId,
  created: new Date(dayMs + second * 1_000).toISOString().replace('.000Z', 'Z'),
  currency,
  amount: formatMajor(amount, currencyOf(currency)),
  refunded: formatMajor(refunded, currencyOf(currency)),
  description: rest.description,
})
