import { setTimeout as sleep } from 'node:timers/promises'
import { type AuditRow, recordAudit } from '@remesa/database/audit'
import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import {
  type BillingNews,
  findPayments,
  findStandingRefunds,
  type PaymentRow,
  type RefundNews,
  recordPayments,
} from '@remesa/database/payments'
import type { Schema } from '@remesa/database/schema'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import type { Transaction } from 'kysely'

interface Parts {
  readonly database: Database
  readonly stripe: Pick<StripeReads, 'getPayment' | 'getRefunds'>
  /** Who asked for it, for the audit: `reconciliation`, or `operator:<who>`. */
  readonly actor: string
  /** The first wait after a read that may succeed later; it doubles. Default 250. */
  readonly retryFirstMs?: number
  readonly now: () => Date
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/** What became of each payment that was asked for, in the order of the asking, each once. */
export interface SyncedPayments {
  readonly synced: readonly string[]
  readonly failed: readonly { readonly paymentId: string; readonly reason: string }[]
}

/** As many as keep Stripe's limit busy; the pace itself is the limiter's. */
const AT_ONCE = 10

/**
 * Copies payments and their refunds from Stripe. Harmless when repeated, or done while events of the same payments
 * arrive: the newest word stands. A refund on record that Stripe does not have is canceled. What cannot be read, or is no
 * payment, is told as failed and changes nothing.
 * @param paymentIds - `pi_…`, or a charge's own id
 */
export async function syncMissingPayments(parts: Parts, paymentIds: readonly string[]): Promise<SyncedPayments> {
  const { database, actor, logger } = parts
  const write = groupCommit<Copied, undefined>({
    database,
    maximum: 100,
    write: async (tx, copies) => {
      const ids = copies.map(({ paymentId }) => paymentId)
      const before = await findPayments(tx, ids)
      const refunds = copies.flatMap(({ news }) => news.refunds ?? [])
      const gone = await goneFrom(tx, copies)
      await recordPayments(tx, {
        payments: copies.flatMap(({ news }) => news.payments ?? []),
        refunds: [...refunds, ...gone.map(({ status: _, ...refund }) => ({ ...refund, status: 'canceled' as const }))],
      })
      const after = await findPayments(tx, ids)
      await recordAudit(tx, [
        ...ids.flatMap((id) => changeOf(actor, before.get(id), after.get(id))),
        ...gone.map((refund) => cancellationOf(actor, refund)),
      ])
      return copies.map(() => undefined)
    },
  })

  const wanted = [...new Set(paymentIds)]
  const results = new Map<string, string | undefined>()
  const waiting = wanted.values()
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, wanted.length) }, async () => {
      for (const paymentId of waiting) results.set(paymentId, await syncOne(parts, paymentId, write))
    }),
  )
  const failed = wanted.flatMap((paymentId) => {
    const reason = results.get(paymentId)
    return reason === undefined ? [] : [{ paymentId, reason }]
  })
  const synced = wanted.filter((paymentId) => results.get(paymentId) === undefined)
  logger.info({ synced: synced.length, failed: failed.length, actor }, 'payments copied from Stripe')
  for (const one of failed) logger.warn(one, 'a payment could not be copied from Stripe')
  return { synced, failed }
}

interface Copied {
  readonly paymentId: string
  /** When the reading began. */
  readonly asOf: Date
  readonly news: BillingNews
}

/** Refunds on record that Stripe did not list: it has none such, or has never had. What was heard since stands. */
async function goneFrom(tx: Transaction<Schema>, copies: readonly Copied[]): Promise<readonly RefundNews[]> {
  const asOf = new Map(copies.map((copy) => [copy.paymentId, copy.asOf]))
  const listed = new Set(copies.flatMap(({ news }) => news.refunds ?? []).map(({ refundId }) => refundId))
  const standing = await findStandingRefunds(tx, [...asOf.keys()])
  return standing.flatMap((refund) => {
    const readAt = asOf.get(refund.paymentId)
    const isGone = readAt !== undefined && refund.asOf < readAt && !listed.has(refund.refundId)
    return isGone ? [{ ...refund, asOf: readAt }] : []
  })
}

const cancellationOf = (actor: string, { refundId, paymentId, status, money }: RefundNews): AuditRow => ({
  actor,
  action: 'payment_refund.canceled',
  subject: { type: 'payment_refund', id: refundId },
  reason: 'Stripe does not have it.',
  before: { paymentId, status, amount: money.amount.toString(), currency: money.currency },
  after: { paymentId, status: 'canceled' },
})

/** @returns why it failed; undefined once it is on record */
async function syncOne(
  parts: Parts,
  paymentId: string,
  write: (copied: Copied) => Promise<undefined>,
): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      const copied = await readOne(parts, paymentId)
      if (typeof copied === 'string') return copied
      await write(copied)
      return undefined
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      // What is garbled may be half an answer, or a proxy's: as passing as none.
      if (tries === TRIES || error.kind === 'refused' || error.credentials) return error.message
      await sleep(Math.max((parts.retryFirstMs ?? 250) * 2 ** (tries - 1), error.retryAfterMs ?? 0))
    }
  }
}

const TRIES = 4

/** Whether Stripe has nothing to copy of a payment that failed: asked again it would say the same. */
export const isFinal = (reason: string): boolean => FINAL.some((one) => one === reason)

const FINAL = ['not_found', 'not_paid'] as const

/** @returns a word for why there is nothing to copy, where there is not */
async function readOne({ stripe, now }: Parts, paymentId: string): Promise<Copied | (typeof FINAL)[number]> {
  // Before the reading, in whole seconds as events have them: of an event of the same second, which may be newer, the
  // later state stands.
  const asOf = new Date(Math.floor(now().getTime() / 1_000) * 1_000)
  const charge = await stripe.getPayment(paymentId)
  if (charge === 'not-found') return 'not_found'
  if (!charge.isCounted) return 'not_paid'
  // Of all its charges: what is on record and not among these is canceled.
  const refunds = await stripe.getRefunds(charge.paymentId)
  return {
    ...{ paymentId: charge.paymentId, asOf },
    news: {
      payments: [{ ...charge, source: 'sync', asOf }],
      refunds: refunds.map((refund) => ({ ...refund, asOf })),
    },
  }
}

/** A row for what changed of a payment; none for a copy that brought nothing new. */
function changeOf(actor: string, before: PaymentRow | undefined, after: PaymentRow | undefined): readonly AuditRow[] {
  if (!after) return []
  const [was, is] = [before ? told(before) : null, told(after)]
  if (JSON.stringify(was) === JSON.stringify(is)) return []
  return [
    { actor, action: 'payment.synced', subject: { type: 'payment', id: after.payment_id }, before: was, after: is },
  ]
}

const told = ({ charge_id, currency, amount, refunded, created, disputed }: PaymentRow) => ({
  chargeId: charge_id,
  currency,
  amount: amount.toString(),
  refunded: refunded.toString(),
  created: created.toISOString(),
  disputed,
})
