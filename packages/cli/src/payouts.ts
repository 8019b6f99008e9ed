import { z } from 'zod'
import type { Context } from './context.ts'
import { deedText } from './second-person.ts'
import { moneyText, plain } from './text.ts'

/** A payout as the API shows it. */
export const payout = z.looseObject({
  id: z.string(),
  bookingId: z.string(),
  providerId: z.string(),
  status: z.string(),
  amount: z.string(),
  currency: z.string(),
  dueAt: z.string(),
  holdReason: z.string().nullable(),
  failureReason: z.string().nullable(),
})

/** What a second person decides about. */
export const approval = z.looseObject({
  id: z.string(),
  payoutId: z.string(),
  action: z.string(),
  reason: z.string(),
  seen: z.looseObject({ status: z.string(), amount: z.string(), currency: z.string() }),
  requestedBy: z.string(),
  requestedAt: z.string(),
  status: z.string(),
})

/** What an action brought. */
export const actionAnswer = z.looseObject({ payout, approval: approval.nullable() })

export const payoutMoney = ({ amount, currency }: { amount: string; currency: string }): string =>
  moneyText({ amount, currency })

/** What an action brought, and what a second person types where one must agree. */
export const actionText = (context: Context, { payout: one, approval: asked }: z.output<typeof actionAnswer>): string =>
  deedText(context, `payout ${one.id}: ${plain(one.status)}, ${payoutMoney(one)}`, asked)
