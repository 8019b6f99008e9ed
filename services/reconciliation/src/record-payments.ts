import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type BillingNews, recordPayments as record } from '@remesa/database/payments'
import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, reject, type Verdict } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import { type BillingEvent, readBillingEvent } from '@remesa/stripe-client/billing-event'

interface Parts {
  readonly database: Database
}

type StripeEvent = DataOf<typeof topics.stripeEvent>

/**
 * Keeps our own record of what customers paid, from Stripe's events, whatever order they come in and however often. A
 * charge that was only tried, or only authorised, is no payment. Events of other kinds are others' concern.
 */
export function recordPayments({ database }: Parts): BatchHandler<StripeEvent> {
  const write = groupCommit<BillingNews, undefined>({
    database,
    maximum: 500,
    write: async (tx, group) => {
      await record(tx, {
        payments: group.flatMap(({ payments = [] }) => payments),
        refunds: group.flatMap(({ refunds = [] }) => refunds),
        disputes: group.flatMap(({ disputes = [] }) => disputes),
      })
      return group.map(() => undefined)
    },
  })

  return eachMessage(async (event): Promise<Verdict> => {
    const read = readBillingEvent(event)
    if (read.kind === 'unreadable') return reject(read.problem)
    const news = newsOf(read, new Date(event.created * 1_000))
    if (news) await write(news)
    return done
  })
}

/** undefined for an event that says nothing of a payment. */
function newsOf(read: Exclude<BillingEvent, { kind: 'unreadable' }>, asOf: Date): BillingNews | undefined {
  switch (read.kind) {
    case 'charge':
      return read.charge.isCounted ? { payments: [{ ...read.charge, source: 'webhook', asOf }] } : undefined
    case 'refund':
      return { refunds: [{ ...read.refund, asOf }] }
    case 'dispute':
      return { disputes: [{ ...read.dispute, asOf }] }
    case 'other':
      return undefined
  }
}
