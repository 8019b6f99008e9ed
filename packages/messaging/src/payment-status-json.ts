import type { PaymentStatus } from '@remesa/domain/rail'
import { z } from 'zod'

const refusalCategory = z.enum(['funding', 'transient', 'beneficiary', 'request', 'compliance', 'unknown'])

/** A {@link PaymentStatus} as messages carry it: its date is ISO 8601 text. */
export const paymentStatusJson = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending') }),
  z.object({ state: z.literal('paid'), paidAt: z.iso.datetime({ offset: true }) }),
  z.object({ state: z.literal('rejected'), reason: z.string(), category: refusalCategory }),
  z.object({ state: z.literal('reversed'), reason: z.string() }),
])
export type PaymentStatusJson = z.infer<typeof paymentStatusJson>

export const paymentStatusToJson = (status: PaymentStatus): PaymentStatusJson =>
  status.state === 'paid' ? { state: 'paid', paidAt: status.paidAt.toISOString() } : status

export const paymentStatusFromJson = (status: PaymentStatusJson): PaymentStatus =>
  status.state === 'paid' ? { state: 'paid', paidAt: new Date(status.paidAt) } : status
