import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { attemptRows, auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { untilItKillsItself } from '@remesa/local-stack/testing/processes'
import { ledgerKeys, madeAtStripe } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  drain,
  payoutsOf,
  receivedBy,
  standing,
  type TestBooking,
  tell,
  transfersOfBooking,
} from './bookings.ts'
import { LEASE_MS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

/** Pays by a worker in a process of its own that SIGKILL ends. */
async function payAndDie(transferId: string, when: 'before the call' | 'after the call'): Promise<void> {
  const script = new URL('dying-worker.ts', import.meta.url)
  const aheadMs = world.now().getTime() - Date.now()
  const env = { DATABASE_URL: world.databaseUrl, ...world.stripeEnvironment }
  await untilItKillsItself(script, [transferId, when, aheadMs, LEASE_MS], env)
}

/** A booking whose transfer was claimed by a worker that has died. */
async function leftBehind(when: 'before the call' | 'after the call') {
  const booking = await aBooking(world)
  await world.deliver(handlers.tell, booking.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  await world.take(topics.payoutTransfer)
  const transferId = (await transfersOfBooking(world, booking))[0]?.id ?? ''
  await payAndDie(transferId, when)
  return { booking, transferId }
}

async function expectPaidOnce(booking: TestBooking, transferId: string): Promise<void> {
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(madeAtStripe(world, transferId)).toEqual([{ amount: 10_000n, destination: booking.account }])
  expect(await attemptRows(world, transferId)).toMatchObject([{ generation: 1, state: 'paid', calls: 2 }])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
}

test.each(['before the call', 'after the call'] as const)(
  'a worker killed %s leaves a payout that the next one pays with the same key, once',
  async (when) => {
    const { booking, transferId } = await leftBehind(when)
    world.moveClock(LEASE_MS)
    await world.deliver(handlers.pay, { payoutTransferId: transferId })
    await expectPaidOnce(booking, transferId)
    expect(await ledgerKeys(world, transferId)).toEqual([
      'owed:<id>',
      'ledger:payout:<id>:1:reserved',
      'ledger:payout:<id>:1',
    ])
  },
)

test.each(['before the call', 'after the call'] as const)(
  'a dispute that opens while a worker lies dead, %s, waits for the same key’s answer, and finds it transferred',
  async (when) => {
    const { booking, transferId } = await leftBehind(when)
    await world.deliver(handlers.tell, booking.opened())
    expect(await standing(world, booking)).toEqual(['processing 10000'])
    world.moveClock(LEASE_MS)
    await world.deliver(handlers.pay, { payoutTransferId: transferId })
    await drain(world, handlers)
    await expectPaidOnce(booking, transferId)
    await tell(world, handlers, booking.resolved(10_000n))
    expect(receivedBy(world, booking.account)).toBe(0n)
  },
)

test('a look that dies before it commits leaves nothing: no payout, no debt, no transfer, no word of it', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  world.moveClock(DELAY_MS)
  const [payout] = await payoutsOf(world, booking)
  const trail = await auditTrail(world, payout?.payoutId ?? '')
  // The last statement of the transaction is refused: everything before it is undone.
  await sql`alter table outbox add constraint dies check (topic <> 'payout_transfer_topic')`.execute(world.database)
  const [verdict] = await world.deliver(handlers.settle, { bookingId: booking.bookingId })
  expect(verdict).toMatchObject({ kind: 'threw' })
  await sql`alter table outbox drop constraint dies`.execute(world.database)
  expect(await standing(world, booking)).toEqual(['scheduled 10000'])
  expect(await transfersOfBooking(world, booking)).toEqual([])
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
  expect(await auditTrail(world, payout?.payoutId ?? '')).toEqual(trail)
  await drain(world, handlers)
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})

test('a message that would have a booking looked at, and is lost, is made up for: the refund is taken back all the same', async () => {
  const { booking, transferId } = await leftBehind('after the call')
  await world.deliver(handlers.tell, booking.resolved(2_000n))
  world.moveClock(LEASE_MS)
  await world.deliver(handlers.pay, { payoutTransferId: transferId })
  await world.take(topics.bookingPayout) // lost
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  world.moveClock(LEASE_MS * 3)
  await handlers.schedule()
  await drain(world, handlers)
  expect(receivedBy(world, booking.account)).toBe(8_000n)
})

test('the same look twice at once releases a payout once', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  const look = { bookingId: booking.bookingId }
  await Promise.all(Array.from({ length: 8 }, () => world.deliver(payoutHandlers(world).settle, look)))
  expect(await transfersOfBooking(world, booking)).toHaveLength(1)
  const messages = await world.take(topics.payoutTransfer)
  expect(messages).toHaveLength(1)
  await Promise.all(messages.flatMap(({ data }) => [0, 1, 2].map(() => world.deliver(payoutHandlers(world).pay, data))))
  expect(receivedBy(world, booking.account)).toBe(10_000n)
})
