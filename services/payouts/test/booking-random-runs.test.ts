import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { findPayouts } from '@remesa/database/booking-payouts'
import type { Rail } from '@remesa/domain/rail'
import { ledgerFaults } from '@remesa/local-stack/testing/books'
import { carry, chanceFrom, type Parcel, routeOf } from '@remesa/local-stack/testing/courier'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import fc from 'fast-check'
import { sql } from 'kysely'
import { eventsOf, isOver, judge, judgeTransfers, type Plan, type Played, plan } from './booking-lives.ts'
import { aBooking, HOUR_MS, override, type TestBooking } from './bookings.ts'
import { type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('whatever is told in whatever order, with faults, deaths and operators: providers have what the facts say, once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 3, maxLength: 8, size: 'max' }), fc.integer(), async (plans, seed) => {
      await run(plans, chanceFrom(seed))
    }),
    { numRuns: 4, endOnFailure: true },
  )
}, 90_000)

async function run(plans: readonly Plan[], chance: () => number): Promise<void> {
  world.sandbox.stripe.setFaults({ rates: {} })
  const providers = [await aBooking(world), await aBooking(world)] as const
  const played = await Promise.all(
    plans.map(async (one): Promise<Played> => {
      const { providerId, account } = providers[one.provider]
      return { plan: one, booking: await aBooking(world, { share: one.share, providerId, account }) }
    }),
  )
  const handlers = payoutHandlers(world, { rail: dying(world.stripe, chance), random: chance })
  world.sandbox.stripe.setFaults({
    seed: Math.floor(chance() * 1_000_000),
    perSubject: 4,
    rates: {
      ...{ 'error-before': 0.03, 'error-after': 0.03, 'lost-response': 0.03, 'garbage-after': 0.02 },
      ...{ 'rate-limited': 0.03, 'stored-error-before': 0.02, 'stored-error-after': 0.02, 'insufficient-funds': 0.2 },
    },
  })
  await play(handlers, played, providers, chance)
  for (const provider of providers) await judge(world, provider, played)
  for (const { booking } of played) await judgeTransfers(world, booking)
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
  expect(await whatRunbooksFind()).toEqual([])
}

/** What the runbooks ask of the books must find nothing. */
async function whatRunbooksFind(): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (const name of ['runbook-bookings', 'runbook-settlements']) {
    const text = readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')
    const block = /## Are the books right\?[\s\S]*?```sql\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const statements = block.split(/;\s*$/m).filter((statement) => statement.trim() !== '')
    expect(statements.length).toBeGreaterThan(3)
    for (const statement of statements) found.push(...(await sql.raw(statement).execute(world.database)).rows)
  }
  return found
}

/** Stripe as a worker has it that is gone now and then: before the call, or before it can record the answer. */
function dying(rail: Rail, chance: () => number): Rail {
  const perhapsDie = (): void => {
    if (chance() < 0.05) throw new Error('the worker is gone')
  }
  return {
    ...rail,
    async pay(instruction) {
      perhapsDie()
      const outcome = await rail.pay(instruction)
      perhapsDie()
      return outcome
    },
  }
}

async function play(
  handlers: PayoutHandlers,
  played: readonly Played[],
  providers: readonly TestBooking[],
  chance: () => number,
): Promise<void> {
  const tell = routeOf(topics.bookingEvent, handlers.tell)
  const settle = routeOf(topics.bookingPayout, handlers.settle)
  const pay = routeOf(topics.payoutTransfer, handlers.pay)
  const reverse = routeOf(topics.payoutReversal, handlers.reverse)
  const events = played.flatMap((one) => eventsOf(one))
  const news = [...events, ...events.filter(() => chance() < 0.3)]
    .map((event) => ({ event, at: chance() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ event }) => event)
  for (let look = 0; look < 60; look += 1) {
    const rejected = await carry(world, [tell, settle, pay, reverse], {
      chance,
      async between() {
        await misfortune(played, providers, chance)
        const told: Parcel[] = []
        if (news.length > 0) told.push(tell.parcel(news.shift() ?? {}))
        return told
      },
    })
    expect(rejected).toEqual([])
    if (news.length === 0 && (await isOver(world, played))) return
    if (news.length === 0) await decideAll(played)
    world.moveClock(5 * HOUR_MS)
    await world.deliver(handlers.scheduled, {})
  }
  throw new Error('not all has ended')
}

async function misfortune(
  played: readonly Played[],
  providers: readonly TestBooking[],
  chance: () => number,
): Promise<void> {
  if (chance() < 0.4) world.moveClock(chance() * 12 * HOUR_MS)
  if (chance() < 0.05) world.sandbox.stripe.payOutToBank(providers[chance() < 0.5 ? 0 : 1]?.account ?? '')
  if (chance() < 0.05)
    await sql`delete from outbox where id % 3 = 0 and topic <> 'finance_alert_topic'`.execute(world.database)
  if (chance() > 0.1) return
  const { booking } = played[Math.floor(chance() * played.length)] ?? never()
  for (const { payoutId } of await findPayouts(world.database, booking.bookingId)) {
    await override(world, payoutId, chance() < 0.5 ? 'hold' : 'force_release')
  }
}

/** What waits for a person gets one; the message that would have its booking looked at is lost. */
async function decideAll(played: readonly Played[]): Promise<void> {
  for (const { booking } of played) {
    for (const { payoutId, status, heldBy } of await findPayouts(world.database, booking.bookingId)) {
      if (status === 'failed') await override(world, payoutId, 'retry')
      if (heldBy === 'operator') await override(world, payoutId, 'force_release')
    }
  }
}

function never(): never {
  throw new Error('a run plays bookings')
}
