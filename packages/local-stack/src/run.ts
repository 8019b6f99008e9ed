import type { BusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { type BookingsProgress, bookingIdsOf, payBookings } from './bookings.ts'
import { type PaymentsProgress, recordCustomerPayments } from './customer-payments.ts'
import { sampleMemory } from './memory.ts'
import { type PayDayProgress, payDay, syncProfiles } from './pay-day.ts'
import { type Reconciled, type ReconciliationProgress, reconcileDay } from './reconciliation.ts'
import { paySettlements, type SettlementsProgress, settlementIdsOf } from './settlements.ts'
import type { Stack } from './stack/stack.ts'
import { type Summary, summarize } from './summary.ts'
import type { Watch } from './watch.ts'

export type Progress =
  | PayDayProgress
  | SettlementsProgress
  | BookingsProgress
  | PaymentsProgress
  | ReconciliationProgress

/** What is told while a run goes on. */
export interface RunEvents extends Watch<Progress> {
  readonly onPhase: (what: string) => void
}

/**
 * Runs a pay-day on a stack from the beginning: loads the marketplace, has its sellers synced, sends GSC's closings,
 * pays, then pays the winners of its contests and the providers of its bookings, reconciles what customers paid on the
 * business date in UTC with Stripe, and sums up.
 * @param setup - when the setting up of the stack began, and how many seconds it took
 * @throws StuckError when it cannot come to its end
 */
export async function runPayDay(
  stack: Stack,
  {
    marketplace,
    businessDate,
    setupSeconds,
  }: { marketplace: Marketplace; businessDate: BusinessDate; setupSeconds: number },
  events: RunEvents,
): Promise<Summary> {
  const loading = stopwatch()
  await stack.load(marketplace)
  if (!stack.databaseIsFresh) await tellNetSuiteAgain(stack)
  const setup = setupSeconds + loading()

  events.onPhase(`Syncing ${marketplace.sellers.length} sellers with NetSuite`)
  const syncing = stopwatch()
  await syncProfiles(stack, marketplace, events)
  const profileSync = syncing()
  await stack.sandbox.publishClosings()

  events.onPhase(`Paying ${businessDate}`)
  const memory = sampleMemory(stack.services)
  const paying = stopwatch()
  await payDay(stack, businessDate, events)
  const payDaySeconds = paying()
  const memoryFigures = await memory.stop()

  const settlements = settlementIdsOf(marketplace)
  const settling = stopwatch()
  if (settlements.length > 0) {
    // After the pay-day and not beside it, so that the figures of each are its own.
    events.onPhase(`Paying the winners of ${settlements.length} settlements`)
    await paySettlements(stack, marketplace, events)
  }
  const settlementSeconds = settling()

  const bookings = bookingIdsOf(marketplace)
  const booking = stopwatch()
  if (bookings.length > 0) {
    events.onPhase(`Paying the providers of ${bookings.length} bookings, as of ${stack.rulesNow().toISOString()}`)
    await payBookings(stack, marketplace, events)
  }
  const bookingSeconds = booking()

  const reconciling = stopwatch()
  const reconciled = await reconcile(stack, { marketplace, businessDate }, events)
  return summarize(stack, {
    businessDate,
    sellers: marketplace.sellers.length,
    settlements,
    bookings,
    reconciled,
    seconds: {
      setup: rounded(setup),
      profileSync: rounded(profileSync),
      payDay: rounded(payDaySeconds),
      settlements: settlements.length > 0 ? rounded(settlementSeconds) : 0,
      bookings: bookings.length > 0 ? rounded(bookingSeconds) : 0,
      reconciliation: reconciled ? rounded(reconciling()) : 0,
    },
    memory: memoryFigures,
  })
}

/** @returns null for a marketplace whose customers paid nothing, neither by Stripe nor by our record */
async function reconcile(
  stack: Stack,
  { marketplace, businessDate }: { marketplace: Marketplace; businessDate: BusinessDate },
  events: RunEvents,
): Promise<Reconciled | null> {
  const { payments = [], recorded = [] } = marketplace
  if (payments.length + recorded.length === 0) return null
  events.onPhase(`Recording ${payments.length} payments of customers`)
  await recordCustomerPayments(stack, marketplace, events)
  events.onPhase(`Reconciling ${businessDate} with Stripe`)
  return reconcileDay(stack, businessDate, events)
}

/** Seconds since it was made. */
export function stopwatch(): () => number {
  const began = performance.now()
  return () => (performance.now() - began) / 1000
}

/** A database that was kept remembers what an earlier NetSuite was told; this stack's NetSuite is a new one. */
async function tellNetSuiteAgain({ database }: Stack): Promise<void> {
  await database.transaction().execute(async (tx) => {
    const sellers = await tx.updateTable('sellers').set({ erp_synced_digest: null }).returning('id').execute()
    await enqueue(
      tx,
      topics.sellerVendorSync,
      sellers.map(({ id }) => ({ data: { sellerId: id } })),
    )
  })
}

const rounded = (seconds: number): number => Math.round(seconds * 10) / 10
