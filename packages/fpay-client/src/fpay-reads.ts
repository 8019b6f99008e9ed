import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { errorFor } from '@remesa/provider-http/read-as'
import { type RetryOptions, retrying } from '@remesa/provider-http/retrying'
import { z } from 'zod'
import { createFPayCalls, type FPayConnection, readSuccess } from './calls.ts'
import { moneyOf, payoutSchema, statusOf } from './payout.ts'

export interface FPayReadsOptions extends FPayConnection {
  /** Of each page while FPay is unavailable. Default 6 tries, from 1 s to 30 s. */
  readonly retry?: Pick<RetryOptions, 'tries' | 'firstMs' | 'maxMs'>
  readonly now?: () => Date
}

export interface FPayReads {
  /**
   * Every payout made in `[from, to)`, whatever became of it, oldest first, in pages of up to 100. Payouts that are made
   * later than `to` never enter, so a window that has passed reads the same again, but for what became of each.
   * @throws ProviderError when a page cannot be had within the tries
   */
  listPayouts(window: { readonly from: Date; readonly to: Date }): AsyncIterable<readonly ProviderPayment[]>
  close(): void
}

const PAGE = 100

/** FPay's books, for comparing them with ours. Holds connections open: call `close` when done. */
export function createFPayReads(options: FPayReadsOptions): FPayReads {
  const { retry = { tries: 6, firstMs: 1_000, maxMs: 30_000 }, now = () => new Date() } = options
  const { call, close } = createFPayCalls(options)

  async function* listPayouts({ from, to }: { from: Date; to: Date }): AsyncGenerator<readonly ProviderPayment[]> {
    const window = { createdFrom: from.toISOString(), createdTo: to.toISOString(), limit: String(PAGE) }
    const isAsked = ({ createdAt }: { createdAt: string }) =>
      Date.parse(createdAt) >= from.getTime() && Date.parse(createdAt) < to.getTime()
    let cursor: string | null = null
    do {
      const asked: string | null = cursor
      const query = new URLSearchParams({ ...window, ...(asked !== null && { cursor: asked }) })
      const page: z.output<typeof pageSchema> = await retrying(async () => {
        const answer = await call({ operation: 'list payouts', path: `/payouts?${query}` })
        const found = readSuccess(pageSchema, answer)
        const { payouts, nextCursor } = found
        // A page beside the window, or one that leads to itself, would count wrongly or never end.
        const isAstray = !payouts.every(isAsked) || (nextCursor !== null && nextCursor === asked)
        if (isAstray) throw errorFor(answer, { kind: 'garbled', code: 'page_not_as_asked' })
        return found
      }, retry)
      const seenAt = now()
      yield page.payouts.map((payout) => paymentOf(payout, seenAt))
      cursor = page.nextCursor
    } while (cursor !== null)
  }

  return { listPayouts, close }
}

const pageSchema = z.object({ payouts: z.array(payoutSchema), nextCursor: z.string().min(1).nullable() })

function paymentOf(payout: z.output<typeof payoutSchema>, seenAt: Date): ProviderPayment {
  const { payoutId, externalReference, createdAt, updatedAt, metadata } = payout
  const { state } = statusOf(payout, seenAt)
  const money = moneyOf(payout)
  return {
    reference: payoutId,
    key: metadata?.idempotencyKey,
    payableId: externalReference,
    money,
    takenBack: state === 'reversed' ? (money?.amount ?? 0n) : 0n,
    // What the bank returned was paid before; what is left of it is nothing.
    state: state === 'reversed' ? 'paid' : state,
    at: new Date(createdAt),
    changedAt: updatedAt ? new Date(updatedAt) : undefined,
  }
}
