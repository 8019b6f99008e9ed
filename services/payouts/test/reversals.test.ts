import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { alertsAbout } from '@remesa/local-stack/testing/books'
import { transferNow } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { anAccountEvent, aTransfer, type PayoutHandlers, payoutHandlers } from './handlers.ts'

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
