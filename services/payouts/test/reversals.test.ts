import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { alertsAbout } from '@remesa/local-stack/testing/books'
import { transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { anAccountEvent, aTransfer, type PayoutHandlers, payoutHandlers } from './handlers.ts'
import { aPaidPayout, askBack, type PaidPayout, reversing, takenAtStripe } from './reversal-worlds.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => world.stop())

test('a transfer that was taken back after it was paid is told of once, however many parts it is taken back in', async () => {
  const { transferId, message } = await aTransfer(world, handlers)
  await world.deliver(handlers.pay, message)
  const [made] = world.sandbox.stripe.transfersOf(transferId)
  if (!made) throw new Error('the transfer was not made')
  const reversal = (part: number) => ({
    ...anAccountEvent(world, 'acct_none'),
    type: 'transfer.reversed',
    object: {
      id: made.id,
      object: 'transfer',
      amount: 1_250,
      amount_reversed: part,
      currency: 'usd',
      created: 1_700_000_000,
      destination: 'acct_of_somebody',
      reversed: part === 1_250,
      transfer_group: transferId,
      metadata: {},
    },
  })
  expect(await world.deliver(handlers.apply, reversal(250))).toEqual([done])
  await world.take(topics.financeAlert)
  expect(await world.deliver(handlers.apply, reversal(1_250))).toEqual([done])
  expect(await world.take(topics.financeAlert)).toEqual([])
  expect(await alertsAbout(world, made.id)).toEqual({ payment_reversed: 2 })
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
  const odd = { ...reversal(1), object: { id: made.id, object: 'transfer' } }
  expect(await world.deliver(handlers.apply, odd)).toMatchObject([{ kind: 'reject' }])
})

test('what we took back ourselves is no news; what anybody takes back beside it is', async () => {
  const payout = await aPaidPayout(world)
  const { reverse } = reversing(world)
  const seenAt = (reversed: number) => reversedEvent(payout, reversed)
  await world.deliver(reverse, ...(await askBack(world, payout, 300n, 200n)))
  expect(await world.deliver(handlers.apply, seenAt(200), seenAt(500))).toEqual([done, done])
  expect(await alertsAbout(world, payout.reference)).toEqual({})
  expect(await world.deliver(handlers.apply, seenAt(501))).toEqual([done])
  expect(await alertsAbout(world, payout.reference)).toEqual({ payment_reversed: 1 })
})

test('the event of our own reversal that comes before its answer is written down tells nobody', async () => {
  const payout = await aPaidPayout(world)
  const { reversals } = world.stripe
  const { reverse } = reversing(world, {
    rail: {
      ...reversals,
      async pay(instruction) {
        const outcome = await reversals.pay(instruction)
        await world.deliver(handlers.apply, reversedEvent(payout, 300))
        return outcome
      },
    },
  })
  await world.deliver(reverse, ...(await askBack(world, payout, 300n)))
  expect(takenAtStripe(world, payout)).toEqual([300n])
  expect(await alertsAbout(world, payout.reference)).toEqual({})
})

/** What Stripe says of a payout's transfer of which so much was taken back. */
const reversedEvent = ({ reference, account, transferId }: PaidPayout, amountReversed: number) => ({
  ...anAccountEvent(world, 'acct_none'),
  type: 'transfer.reversed',
  object: {
    id: reference,
    object: 'transfer',
    amount: 1_000,
    amount_reversed: amountReversed,
    currency: 'usd',
    created: 1_700_000_000,
    destination: account,
    reversed: amountReversed === 1_000,
    transfer_group: transferId,
    metadata: {},
  },
})
