import { currency } from '@remesa/domain/currency'
import { formatMajor, parseMajor } from '@remesa/domain/money'
import { z } from 'zod'
import { Refusal, type Reply } from '../kit/http.ts'
import type { MarketplaceClosing } from '../marketplace.ts'

/** What GSC was told of a settlement's payment (facts: marketplace §3.3). */
const notificationSchema = z.object({
  sellerId: z.string().min(1),
  country: z.string().regex(/^[A-Z]{2}$/),
  currency: z.string().regex(/^[A-Z]{3}$/),
  amount: z.string(),
  status: z.enum(['PAID', 'REJECTED']),
  provider: z.enum(['FPAY', 'PAYONEER']),
  providerReference: z.string().min(1),
  paidAt: z.iso.datetime({ offset: true }).nullable(),
  reasonCode: z.string().min(1).nullable(),
})

export interface Notification extends z.infer<typeof notificationSchema> {
  readonly settlementId: string
  readonly idempotencyKey: string
}

/** The settlements GSC has closed, and what it was told of their payments. */
export interface Settlements {
  load(closings: readonly MarketplaceClosing[]): void
  /** @throws Refusal 400, 404, 409 or 422, in the contract's codes */
  notify(request: { settlementId: string; idempotencyKey: string | undefined; body: unknown }): Reply
  /** In the order in which they came; one that was repeated is here once. */
  notifications(): readonly Notification[]
  unpublished(): MarketplaceClosing[]
  markPublished(closing: MarketplaceClosing): void
  all(): MarketplaceClosing[]
}

export function createSettlements(): Settlements {
  const closings = new Map<string, { closing: MarketplaceClosing; isPublished: boolean }>()
  const notifications: Notification[] = []
  const bodies = new Map<string, string>()
  const lastStatusOf = new Map<string, Notification['status']>()

  function check(notification: z.infer<typeof notificationSchema>, settlementId: string): void {
    const closing = closings.get(settlementId)?.closing
    if (closing === undefined) throw gscError(404, 'SETTLEMENT_NOT_FOUND', `no settlement ${settlementId}`)
    if (notification.sellerId !== closing.gscSellerId || notification.country.toLowerCase() !== closing.country) {
      throw gscError(422, 'SELLER_MISMATCH', 'the settlement is of another seller or country')
    }
    const isSame = notification.currency === closing.currency && notification.amount === exactly(closing)
    if (!isSame)
      throw gscError(422, 'AMOUNT_MISMATCH', `the settlement is over ${exactly(closing)} ${closing.currency}`)
  }

  return {
    load(loaded) {
      for (const closing of loaded) {
        const known = closings.get(closing.settlementId)
        const isSame = JSON.stringify(known?.closing) === JSON.stringify(closing)
        closings.set(closing.settlementId, { closing, isPublished: isSame && known?.isPublished === true })
      }
    },
    notify({ settlementId, idempotencyKey, body }) {
      if (!idempotencyKey) throw gscError(400, 'MISSING_IDEMPOTENCY_KEY', 'send Idempotency-Key')
      const parsed = notificationSchema.safeParse(body)
      if (!parsed.success) throw gscError(400, 'INVALID_NOTIFICATION', z.prettifyError(parsed.error))
      const text = `${settlementId} ${JSON.stringify(parsed.data)}`
      const before = bodies.get(idempotencyKey)
      if (before === text) return { status: 200, body: { settlementId, status: parsed.data.status } }
      if (before !== undefined) throw gscError(422, 'IDEMPOTENCY_MISMATCH', 'the key was used for something else')
      check(parsed.data, settlementId)
      const { status } = parsed.data
      if (lastStatusOf.get(settlementId) === status) {
        throw gscError(409, 'ALREADY_NOTIFIED', `the settlement is ${status} already`)
      }
      lastStatusOf.set(settlementId, status)
      bodies.set(idempotencyKey, text)
      notifications.push({ ...parsed.data, settlementId, idempotencyKey })
      return { status: 201, body: { settlementId, status } }
    },
    notifications: () => notifications,
    unpublished: () => [...closings.values()].filter(({ isPublished }) => !isPublished).map(({ closing }) => closing),
    markPublished({ settlementId }) {
      const known = closings.get(settlementId)
      if (known) known.isPublished = true
    },
    all: () => [...closings.values()].map(({ closing }) => closing),
  }
}

/** GSC's way to say no: a code for the program, a sentence for the person. */
export const gscError = (status: number, code: string, message: string): Refusal =>
  new Refusal({ status, body: { code, message } })

/** The amount with exactly its currency's decimals, as the contract has notifications carry it. */
function exactly({ amount, currency: code }: MarketplaceClosing): string {
  const known = currency(code)
  return formatMajor(parseMajor(amount, known), known)
}
