import { isCurrency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import type { PaymentInstruction, PaymentStatus } from '@remesa/domain/rail'
import { z } from 'zod'
import { categoryOf } from './refusal-reasons.ts'

const reasonSchema = z.object({ code: z.string().min(1) })

/** A payout as FPay shows it, in answers and in callbacks (facts: marketplace §4.1, §4.2). Unknown fields are left out. */
export const payoutSchema = z.object({
  payoutId: z.string().min(1),
  externalReference: z.string().min(1),
  status: z.string().min(1),
  amount: z.object({ value: z.string(), currency: z.string() }),
  accountNumber: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  paidAt: z.iso.datetime({ offset: true }).nullish(),
  updatedAt: z.iso.datetime({ offset: true }).nullish(),
  reason: reasonSchema.nullish(),
  metadata: z.object({ idempotencyKey: z.string().optional() }).nullish(),
})
export type Payout = z.infer<typeof payoutSchema>

/**
 * Where a payout stands, in our words.
 * @param seenAt - when this answer was read; stands in for `paidAt` where FPay names no time
 */
export function statusOf(payout: Payout, seenAt: Date): PaymentStatus {
  switch (payout.status) {
    case 'PAID': {
      const paidAt = payout.paidAt ?? payout.updatedAt
      return { state: 'paid', paidAt: paidAt ? new Date(paidAt) : seenAt }
    }
    case 'REJECTED':
    case 'CANCELLED': {
      const reason = payout.reason?.code ?? payout.status
      return { state: 'rejected', reason, category: categoryOf(reason) }
    }
    case 'REVERSED':
      return { state: 'reversed', reason: payout.reason?.code ?? payout.status }
    // PENDING, PROCESSING, and any status FPay may add: only a known end may end a payment, and one that
    // stays pending for too long raises an alert by itself (facts: marketplace §4.4).
    default:
      return { state: 'pending' }
  }
}

/** True when the payout moves the same money to the same account for the same payable. */
export function isFor(payout: Payout, { payableId, money, destination }: PaymentInstruction): boolean {
  const moved = moneyOf(payout)
  return (
    payout.externalReference === payableId &&
    payout.accountNumber === destination &&
    moved?.currency === money.currency &&
    moved.amount === money.amount
  )
}

/** undefined when it is no amount in a currency that we know; it then equals nothing we sent. */
export function moneyOf({ amount: { value, currency } }: Payout): Money | undefined {
  if (!isCurrency(currency)) return undefined
  try {
    return { amount: parseMajor(value, currency), currency }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** True while the payout's money is out or may yet go out; FPay admits one such payout per reference. */
export const isLive = ({ status }: Payout): boolean => !['REJECTED', 'CANCELLED', 'REVERSED'].includes(status)

/** True when FPay tells that the payout was made with this key. */
export const isMadeBy = (payout: Payout, { idempotencyKey }: PaymentInstruction): boolean =>
  payout.metadata?.idempotencyKey === idempotencyKey
