import type { BookingTerms } from '@remesa/database/booking-settling'
import { BOOKING_RULES } from '@remesa/domain/booking-payout'
import { DESTINATION_POLICY, type DestinationPolicy } from '@remesa/domain/stripe-account'
import { aSettlement, jobOf, type SettlementFacts, transfersOf } from '@remesa/local-stack/testing/settlements'
import type { World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { DataOf } from '@remesa/messaging/topic'
import { createMetrics } from '@remesa/service-kit/metrics'
import { applyBookingEvents } from '../src/apply-booking-events.ts'
import { applyStripeEvents } from '../src/apply-stripe-events.ts'
import { createJobs } from '../src/create-jobs.ts'
import { payTransfers } from '../src/pay-transfers.ts'
import { createPayoutMetrics } from '../src/payout-metrics.ts'
import { createReversalMetrics } from '../src/reversal-metrics.ts'
import { reverseTransfers } from '../src/reverse-transfers.ts'
import { runPayoutScheduler, scheduledRun } from '../src/run-payout-scheduler.ts'
import { settleBookings } from '../src/settle-bookings.ts'
import { verifyDestinations } from '../src/verify-destinations.ts'

export const LEASE_MS = 60_000
export const GRACE_MS = 120_000

export const BOOKING_TERMS: BookingTerms = { rules: BOOKING_RULES, setOffPercent: 50, clockOffsetMs: 0 }

type PayParts = Parameters<typeof payTransfers>[0]

/** Every handler as `main.ts` makes it, but with waits that do not vary. */
export function payoutHandlers(
  world: World,
  changes: Partial<Pick<PayParts, 'rail' | 'patience' | 'random' | 'verifier'>> & {
    policy?: DestinationPolicy
    graceMs?: number
    terms?: BookingTerms
  } = {},
) {
  const { database, stripe, logger, now, patience } = world
  const { registry } = createMetrics({ service: 'payouts' })
  const { policy = DESTINATION_POLICY, graceMs = GRACE_MS, terms = BOOKING_TERMS, ...changed } = changes
  const metrics = createPayoutMetrics(registry, now)
  const verifier = verifyDestinations({ database, stripe, policy, nudge: () => {}, now, logger })
  const bookings = { database, terms, now, metrics, logger }
  const scheduler = { database, policy, terms, graceMs, now, metrics, logger }
  return {
    registry,
    verifier,
    create: createJobs({ database, lookAgainMs: 2_000, now, logger }),
    pay: payTransfers({
      database,
      rail: stripe,
      verifier,
      policy,
      patience: { ...patience, maxAttempts: 5 },
      leaseMs: LEASE_MS,
      now,
      random: () => 0.5,
      metrics,
      logger,
      ...changed,
    }),
    tell: applyBookingEvents(bookings),
    settle: settleBookings(bookings),
    reverse: reverseTransfers({
      database,
      rail: stripe.reversals,
      patience: { ...patience, maxAttempts: 5 },
      leaseMs: LEASE_MS,
      now,
      random: () => 0.5,
      metrics: createReversalMetrics(registry),
      logger,
    }),
    apply: applyStripeEvents({ database, stripe, policy, now, random: () => 0.5, logger }),
    scheduled: scheduledRun({ ...scheduler, verifier }),
    schedule: () => runPayoutScheduler(scheduler),
  }
}

export type PayoutHandlers = ReturnType<typeof payoutHandlers>

/** A settlement whose job has been made; its transfers' messages are in nobody's hands. */
export async function aJob(world: World, { create }: PayoutHandlers, facts: SettlementFacts = {}) {
  const settlement = await aSettlement(world, facts)
  await world.deliver(create, { settlementId: settlement.settlementId })
  await world.take(topics.payoutTransfer)
  const { jobId } = await jobOf(world, settlement.settlementId)
  const transfers = await transfersOf(world, settlement.settlementId)
  return { ...settlement, jobId, transfers, messages: transfers.map(asMessage) }
}

/** A job of one transfer. */
export async function aTransfer(world: World, handlers: PayoutHandlers, facts: SettlementFacts = {}) {
  const job = await aJob(world, handlers, facts)
  const [transfer] = job.transfers
  if (!transfer) throw new Error('a settlement of a test has a winner')
  return { ...job, ...transfer, message: asMessage(transfer) }
}

export const asMessage = ({ transferId }: { transferId: string }) => ({ payoutTransferId: transferId })

let events = 0
/** What Stripe says of an account, as the webhooks service passes it on. Default: it can receive, as of now. */
export function anAccountEvent(
  world: World,
  account: string,
  facts: { transfersActive?: boolean; payoutsEnabled?: boolean; disabledReason?: string | null; created?: Date } = {},
): DataOf<typeof topics.stripeEvent> {
  events += 1
  const { transfersActive = true, payoutsEnabled = true, disabledReason = null, created = world.now() } = facts
  return {
    eventId: `evt_${events}`,
    type: 'account.updated',
    created: Math.floor(created.getTime() / 1_000),
    account,
    object: {
      id: account,
      object: 'account',
      country: 'US',
      default_currency: 'usd',
      payouts_enabled: payoutsEnabled,
      details_submitted: true,
      capabilities: { transfers: transfersActive ? 'active' : 'inactive' },
      requirements: { disabled_reason: disabledReason, currently_due: [], past_due: [] },
    },
  }
}
