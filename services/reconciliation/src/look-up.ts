import type { Database } from '@remesa/database/connection'
import {
  findUnread,
  findUnreadRefunds,
  type Slice,
  type StagedCharge,
  type StagedRefund,
  storePage,
} from '@remesa/database/reconciliation-staging'
import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { ChargeFacts, RefundFacts } from '@remesa/stripe-client/charge'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import { patiently } from './patience.ts'

export interface LookUpParts {
  readonly database: Database
  readonly stripe: Pick<StripeReads, 'getPayment' | 'getRefunds'>
  /** Parts of the window that are read, or payments that are looked up, at once; the pace itself is the limiter's. */
  readonly slicesAtOnce: number
  /** The first wait after what could not be read; it doubles. */
  readonly retryFirstMs: number
  /** How many payments, and how many refunds, are looked up. Default: five thousand */
  readonly lookUpsAtMost?: number
}

interface LookUp {
  readonly readingId: string
  readonly window: ReconciliationWindow
  /** How far it is: up to its `after`, by id. */
  readonly slice: Slice
}

/** Three minutes at Stripe's 25 requests a second. What is left after them was not looked up, and is said not to be. */
const LOOKED_UP_AT_MOST = 5_000
/** Looked up between two pages that are stored. */
const TOGETHER = 100

/** Asks Stripe about payments that only the database has in the window, one by one, and stores what comes. */
export async function lookUpPayments(parts: LookUpParts, lookUp: LookUp, signal: AbortSignal): Promise<void> {
  const { database, stripe, lookUpsAtMost: limit = LOOKED_UP_AT_MOST } = parts
  const { window, slice } = lookUp
  const ids = await findUnread(database, { ...lookUp, after: slice.after, limit })
  await inParts(ids, lookUp, {
    idOf: (paymentId) => paymentId,
    store: async (some, page) => {
      const charges: StagedCharge[] = []
      await atOnce(parts, some, signal, async (paymentId) => {
        const charge = await stripe.getPayment(paymentId)
        if (charge === 'not-found' || !charge.isCounted) return
        // Asked by the name that it has on record: that of its charge, perhaps, when Stripe has it under another one. In
        // the window it was listed already, and the comparison finds it by its charge.
        if (charge.paymentId !== paymentId && isIn(window, charge)) return
        charges.push({ ...stagedOf(charge), paymentId })
      })
      await storePage(database, { ...page, charges })
    },
  })
}

/** Asks Stripe about refunds that only the database has in the window, payment by payment, and stores what comes. */
export async function lookUpRefunds(parts: LookUpParts, lookUp: LookUp, signal: AbortSignal): Promise<void> {
  const { database, stripe, lookUpsAtMost: limit = LOOKED_UP_AT_MOST } = parts
  const unread = await findUnreadRefunds(database, { ...lookUp, after: lookUp.slice.after, limit })
  await inParts(unread, lookUp, {
    idOf: ({ refundId }) => refundId,
    store: async (some, page) => {
      const refunds: StagedRefund[] = []
      const asked = new Set(some.map(({ refundId }) => refundId))
      await atOnce(parts, [...new Set(some.map(({ askedOf }) => askedOf))], signal, async (askedOf) => {
        const found = await refundsOf(stripe, askedOf)
        refunds.push(...stagedRefundsOf(found.filter(({ refundId }) => asked.has(refundId))))
      })
      await storePage(database, { ...page, refunds })
    },
  })
}

async function refundsOf(stripe: LookUpParts['stripe'], paymentId: string): Promise<readonly RefundFacts[]> {
  try {
    return await stripe.getRefunds(paymentId)
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'resource_missing') return []
    throw error
  }
}

type Page = Omit<Parameters<typeof storePage>[1], 'charges' | 'refunds'>

/** Some after the other, so that whoever goes on with a run does not ask for all of them again. */
async function inParts<One>(
  all: readonly One[],
  { readingId, slice }: LookUp,
  { idOf, store }: { idOf: (one: One) => string; store: (some: readonly One[], page: Page) => Promise<void> },
): Promise<void> {
  let from = slice.after
  for (let start = 0; start === 0 || start < all.length; start += TOGETHER) {
    const some = all.slice(start, start + TOGETHER)
    const last = some.at(-1)
    const to = last === undefined ? from : idOf(last)
    await store(some, { readingId, slice, from, to, isLast: start + TOGETHER >= all.length })
    from = to
  }
}

async function atOnce<One>(
  { slicesAtOnce, retryFirstMs }: LookUpParts,
  all: readonly One[],
  signal: AbortSignal,
  ask: (one: One) => Promise<void>,
): Promise<void> {
  const waiting = all.values()
  await Promise.all(
    Array.from({ length: slicesAtOnce }, async () => {
      for (const one of waiting) await patiently(() => ask(one), { retryFirstMs, signal })
    }),
  )
}

const isIn = ({ from, to }: ReconciliationWindow, { created }: { created: Date }): boolean =>
  created >= from && created < to

export const stagedOf = ({
  chargeId,
  paymentId,
  money,
  refunded,
  created,
}: Omit<ChargeFacts, 'isCounted'>): StagedCharge => ({ ...{ chargeId, paymentId, ...money, refunded, created } })

/** Without those that gave nothing back in the end. */
export const stagedRefundsOf = (refunds: readonly RefundFacts[]): readonly StagedRefund[] =>
  refunds.flatMap(({ refundId, paymentId, money, status, created }) =>
    status === 'failed' || status === 'canceled'
      ? []
      : [{ ...{ refundId, paymentId, ...money, created }, isPending: status !== 'succeeded' }],
  )
