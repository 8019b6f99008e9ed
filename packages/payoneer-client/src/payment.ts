import { isCurrency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import type { PaymentInstruction, PaymentStatus, RefusalCategory } from '@remesa/domain/rail'
import { categoryOf } from './cancel-reasons.ts'
import type { Payment } from './wire.ts'

/** What is needed to read a payment's status in our words. */
export interface Reading {
  /** When the answer was read; stands in for the time of payment where Payoneer names none. */
  readonly seenAt: Date
  /** Cancel reason codes beyond those built in. */
  readonly reasonCategories?: Readonly<Record<string, RefusalCategory>> | undefined
  /** Told of a status that is not in the facts, which counts as pending until somebody looks. */
  readonly onUnknownStatus?: (status: string) => void
}

const PENDING: ReadonlySet<string> = new Set(['Pending', 'Pending Payee'])

/** Where a payment stands. Only a known end ends it: an end guessed wrong would pay twice, or never. */
export function statusOf(payment: Payment, { seenAt, reasonCategories, onUnknownStatus }: Reading): PaymentStatus {
  if (payment.status === 'Transferred') {
    const paidAt = dateOf(payment.load_date) ?? dateOf(payment.payout_date)
    return { state: 'paid', paidAt: paidAt ?? seenAt }
  }
  if (payment.status === 'Cancelled') {
    const reason = payment.cancel_reason_code ?? payment.reason_code ?? 'CANCELLED'
    return { state: 'rejected', reason, category: categoryOf(reason, reasonCategories) }
  }
  if (!PENDING.has(payment.status)) onUnknownStatus?.(payment.status)
  return { state: 'pending' }
}

/** True when the payment moves the same money to the same payee. Its reference is the one that was asked for. */
export function isFor({ amount, currency, payee_id }: Payment, { money, destination }: PaymentInstruction): boolean {
  const moved = moneyOf({ amount, currency })
  return payee_id === destination && moved?.currency === money.currency && moved.amount === money.amount
}

/** undefined when it is no amount in a currency that we know; it then equals nothing we sent. */
export function moneyOf({ amount, currency }: Pick<Payment, 'amount' | 'currency'>): Money | undefined {
  if (!isCurrency(currency)) return undefined
  try {
    return { amount: parseMajor(amount, currency), currency }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export function dateOf(text: string | null | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
