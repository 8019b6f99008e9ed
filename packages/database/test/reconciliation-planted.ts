import type { FindingCategory } from '@remesa/domain/reconciliation'
import fc from 'fast-check'
import { type Books, DAY, emptyBooks, type Recorded } from './reconciliation-worlds.ts'

/** What becomes of one payment, and what is to be found of it. */
const KINDS = {
  agrees: undefined,
  agrees_about_a_late_refund: undefined,
  agrees_without_naming_the_refund: undefined,
  is_outside_and_differs: undefined,
  old_refund_agrees: undefined,
  old_refund_is_unnamed: undefined,
  missing_in_database: 'missing_in_database',
  missing_in_stripe: 'missing_in_stripe',
  recorded_by_hand: 'missing_in_stripe',
  amount_is_more: 'amount_mismatch',
  amount_is_less: 'amount_mismatch',
  refund_unknown: 'refund_mismatch',
  refund_invented: 'refund_mismatch',
  refund_lost_beside_a_later_one: 'refund_mismatch',
  refund_invented_beside_a_later_one: 'refund_mismatch',
  other_currency: 'currency_mismatch',
  charged_twice: 'duplicate',
  recorded_under_charge: 'duplicate',
  charged_again_outside: 'duplicate',
  recorded_twice: 'duplicate',
  recorded_outside: 'timing',
  charged_outside: 'timing',
  refund_is_late: 'timing',
  refund_recorded_early: 'timing',
  refund_pending_and_unheard_of: 'timing',
  refund_pending_and_recorded_beside_a_lost_one: 'refund_mismatch',
  old_refund_lost: 'refund_mismatch',
  old_refund_invented: 'refund_mismatch',
  old_refund_differs: 'refund_mismatch',
  old_refund_recorded_outside: 'timing',
  old_refund_given_outside: 'timing',
  old_refund_pending: 'timing',
} as const satisfies Readonly<Record<string, FindingCategory | undefined>>
export type Kind = keyof typeof KINDS
export const ALL_KINDS = Object.keys(KINDS) as readonly Kind[]

export interface Plan {
  readonly kind: Kind
  readonly amount: number
  readonly part: number
  readonly currency: string
  /** Of the day: 0 is its first second, 86,399 its last. */
  readonly second: number
  /** Which of the moments just outside the window. */
  readonly edge: number
}

const second = fc.oneof(fc.constantFrom(0, 86_399), fc.integer({ min: 0, max: 86_399 }))
export const plans: fc.Arbitrary<readonly Plan[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...ALL_KINDS),
    amount: fc.integer({ min: 3, max: 2 ** 40 }),
    part: fc.integer({ min: 1, max: 1_000_000 }),
    currency: fc.constantFrom('USD', 'CLP', 'KWD'),
    second,
    edge: fc.nat({ max: 3 }),
  }),
  { maxLength: 60 },
)

export interface Expected {
  readonly category: FindingCategory
  readonly paymentId: string
  readonly refundId: string | null
}

/** The books of both sides, and exactly what must be found in them. */
export function plant(all: readonly Plan[]): { books: Books; expected: readonly Expected[] } {
  const books = emptyBooks()
  const expected = all.flatMap((plan, at) => plantOne(books, plan, at))
  return { books, expected }
}

const MS = 1_000
const outside = (edge: number): Date =>
  [
    DAY.to,
    new Date(DAY.from.getTime() - 1),
    new Date(DAY.to.getTime() + 4 * 3_600 * MS),
    new Date(DAY.from.getTime() - 90 * 86_400 * MS),
  ][edge] ?? DAY.to
const late = new Date(DAY.to.getTime())
const old = new Date(DAY.from.getTime() - 1)

function plantOne(books: Books, plan: Plan, at: number): readonly Expected[] {
  const amount = BigInt(plan.amount)
  const part = BigInt(1 + (plan.part % (plan.amount - 2)))
  const { currency } = plan
  const created = new Date(DAY.from.getTime() + plan.second * MS)
  const paymentId = at % 5 === 0 ? `py_${at}` : `pi_${at}`
  const ids = { paymentId, chargeId: at % 5 === 0 ? paymentId : `ch_${at}` }
  const refundId = `re_${at}`
  const charge = (changes: object = {}) => {
    books.charges.push({ ...ids, currency, amount, refunded: 0n, created, ...changes })
  }
  const row = (changes: Partial<Recorded> = {}) => {
    books.recorded.push({ ...ids, currency, amount, refunded: 0n, created, source: 'webhook', ...changes })
  }
  const refund = (changes: object = {}) => ({ refundId, paymentId, currency, amount: part, created, ...changes })
  const ofOld = plan.kind.startsWith('old_')
  switch (plan.kind) {
    case 'agrees':
      charge({ refunded: part })
      row({ refunded: part })
      books.refunds.push(refund())
      books.recordedRefunds.push(refund())
      break
    case 'agrees_about_a_late_refund':
      charge({ refunded: part })
      row({ refunded: part })
      books.refunds.push(refund({ created: late }))
      books.recordedRefunds.push(refund({ created: late }))
      break
    case 'agrees_without_naming_the_refund':
      charge({ refunded: part })
      row({ refunded: part })
      books.refunds.push(refund())
      break
    case 'is_outside_and_differs':
      charge({ created: outside(plan.edge) })
      row({ created: outside(plan.edge), amount: amount + 1n })
      break
    case 'missing_in_database':
      charge({ refunded: part })
      books.refunds.push(refund())
      break
    case 'missing_in_stripe':
      row({ refunded: part })
      break
    case 'recorded_by_hand':
      row({ source: 'manual' })
      break
    case 'amount_is_more':
      charge({ amount: amount + part })
      row()
      break
    case 'amount_is_less':
      charge()
      row({ amount: amount + part })
      break
    case 'refund_unknown':
      charge({ refunded: part })
      row()
      books.refunds.push(refund())
      break
    case 'refund_invented':
      charge()
      row({ refunded: part })
      books.recordedRefunds.push(refund())
      break
    case 'refund_lost_beside_a_later_one': {
      const later = refund({ refundId: `${refundId}_later`, created: late })
      charge({ refunded: 2n * part })
      row({ refunded: part })
      books.refunds.push(refund(), later)
      books.recordedRefunds.push(later)
      break
    }
    case 'refund_invented_beside_a_later_one': {
      const later = refund({ refundId: `${refundId}_later`, created: late })
      charge({ refunded: part })
      row({ refunded: 2n * part })
      books.refunds.push(later)
      books.recordedRefunds.push(refund(), later)
      break
    }
    case 'refund_recorded_early': {
      const later = refund({ refundId: `${refundId}_later`, created: late })
      charge({ refunded: 2n * part })
      row({ refunded: part })
      books.refunds.push(refund({ created: late }), later)
      books.recordedRefunds.push(refund())
      break
    }
    case 'refund_pending_and_unheard_of':
      charge({ refunded: part })
      row()
      books.refunds.push(refund({ isPending: true }))
      break
    case 'refund_pending_and_recorded_beside_a_lost_one':
      charge({ refunded: 2n * part })
      row({ refunded: part })
      books.refunds.push(refund({ isPending: true }), refund({ refundId: `${refundId}_lost` }))
      books.recordedRefunds.push(refund())
      break
    case 'charged_again_outside':
      charge()
      row({ chargeId: `ch_${at}_again`, created: late })
      break
    case 'recorded_under_charge': {
      const under = { paymentId: `ch_under_${at}`, chargeId: `ch_under_${at}` }
      charge({ chargeId: under.chargeId, refunded: part })
      row({ ...under, refunded: part })
      books.refunds.push(refund())
      books.recordedRefunds.push({ ...refund(), paymentId: under.paymentId })
      return [{ category: 'duplicate', paymentId: under.paymentId, refundId: null }]
    }
    case 'other_currency':
      charge()
      row({ currency: 'PEN' })
      break
    case 'charged_twice':
      charge()
      charge({ chargeId: `${ids.chargeId}_again`, amount: part })
      row()
      break
    case 'recorded_twice':
      charge()
      row()
      row({ paymentId: `again_${at}` })
      return [{ category: 'duplicate', paymentId: `again_${at}`, refundId: null }]
    case 'recorded_outside':
      charge()
      row({ created: outside(plan.edge) })
      break
    case 'charged_outside':
      charge({ created: outside(plan.edge) })
      row({ created: new Date(created.getTime() + 999) })
      break
    case 'refund_is_late':
      charge({ refunded: part })
      row()
      books.refunds.push(refund({ created: late }))
      break
    default:
      plantOld(books, plan.kind, { charge, row, refund, part })
  }
  const category = KINDS[plan.kind]
  return category === undefined ? [] : [{ category, paymentId, refundId: ofOld ? refundId : null }]
}

function plantOld(
  books: Books,
  kind: Kind,
  {
    charge,
    row,
    refund,
    part,
  }: {
    charge: (changes: object) => void
    row: (changes: Partial<Recorded>) => void
    refund: (changes?: object) => Books['refunds'][number]
    part: bigint
  },
): void {
  const isInvented = kind === 'old_refund_invented'
  charge({ created: old, refunded: isInvented ? 0n : part })
  if (!isInvented) {
    const created = kind === 'old_refund_given_outside' && { created: late }
    books.refunds.push(refund({ ...created, isPending: kind === 'old_refund_pending' }))
  }
  switch (kind) {
    case 'old_refund_lost':
      row({ created: old })
      return
    case 'old_refund_is_unnamed':
      row({ created: old, refunded: part })
      return
    case 'old_refund_differs':
      row({ created: old, refunded: part + 1n })
      books.recordedRefunds.push(refund({ amount: part + 1n }))
      return
    case 'old_refund_recorded_outside':
      row({ created: old, refunded: part })
      books.recordedRefunds.push(refund({ created: late }))
      return
    default:
      row({ created: old, refunded: part })
      books.recordedRefunds.push(refund())
  }
}
