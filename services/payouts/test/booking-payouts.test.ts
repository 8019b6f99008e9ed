import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { auditTrail, ledgerFaults } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  payoutsOf,
  receivedBy,
  standing,
  tell,
  transfersOfBooking,
  wait,
} from './bookings.ts'
import { type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(async () => {
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
  await world.stop()
})

test('a completed booking is scheduled, and paid to its provider once 48 hours have passed', async () => {
  const booking = await aBooking(world)
  await tell(world, handlers, booking.completed())
  const [scheduled] = await payoutsOf(world, booking)
  expect(scheduled).toMatchObject({ status: 'scheduled', amount: 10_000n, sequence: 1 })
  expect(scheduled?.dueAt.getTime()).toBe(booking.completedAt.getTime() + DELAY_MS)
  await wait(world, handlers, DELAY_MS - 60_000)
  expect(await transfersOfBooking(world, booking)).toEqual([])
  await wait(world, handlers, 60_000)
  expect(await standing(world, booking)).toEqual(['transferred 10000'])
  expect(receivedBy(world, booking.account)).toBe(10_000n)
  expect(await booksOf(world, booking)).toEqual({ payee: 0n, receivable: 0n })
  expect(await auditTrail(world, scheduled?.payoutId ?? '')).toEqual([
    'payout.scheduled: nothing → scheduled',
    'payout.released: scheduled → processing',
    'payout.transferred: processing → transferred',
  ])
})
