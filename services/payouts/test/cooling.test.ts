import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { COOLING_MS } from '@remesa/domain/cooling'
import { alertsAbout, attemptRows, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { madeAtStripe, transferNow } from '@remesa/local-stack/testing/settlements'
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
beforeEach(async () => {
  await world.take(topics.payoutTransfer)
})
afterAll(() => stopWithTrueLedger(world))

const inSeconds = (seconds: number) => new Date(world.now().getTime() + seconds * 1_000)
const aBankEvent = (account: string, fingerprint: string, created = world.now()) => ({
  ...anAccountEvent(world, account, { created }),
  type: 'account.external_account.created',
  object: {
    id: `ba_${fingerprint}`,
    object: 'bank_account',
    account,
    currency: 'usd',
    default_for_currency: true,
    fingerprint,
  },
})
/** The handlers of a worker so much later: the database notes a change by its own clock, which stays where it is. */
const after = (ms: number) => payoutHandlers({ ...world, now: () => new Date(world.now().getTime() + ms) })

test('another bank account behind a Stripe account makes its transfers wait, then they go; the first one does not, nor old news', async () => {
  const account = 'acct_other_bank'
  const winners = [{ userId: 'bea', account }]
  const one = await aTransfer(world, handlers, { winners, accountsAreKnown: false })
  const first = aBankEvent(account, 'one', inSeconds(-30))
  expect(await world.deliver(handlers.apply, first, anAccountEvent(world, account))).toEqual([done, done])
  expect(await world.deliver(handlers.pay, one.message)).toEqual([done])
  expect(madeAtStripe(world, one.transferId)).toHaveLength(1)

  const two = await aTransfer(world, handlers, { winners })
  const older = aBankEvent(account, 'none', inSeconds(-60))
  expect(await world.deliver(handlers.apply, aBankEvent(account, 'two'), older)).toEqual([done, done])
  const [waits] = await world.deliver(handlers.pay, two.message)
  if (waits?.kind !== 'retry') throw new Error(`it is ${waits?.kind}`)
  expect(waits.reason).toBe('destination_changed')
  expect(await transferNow(world, two.transferId)).toMatchObject({
    status: 'awaiting_destination',
    heldReason: 'destination_changed',
    attempts: 0,
  })
  expect(await attemptRows(world, two.transferId)).toEqual([])
  expect(await alertsAbout(world, 'bea')).toEqual({ destination_changed: 1 })
  // Neither news of the account nor the scheduler ends it.
  await world.deliver(handlers.apply, anAccountEvent(world, account, { created: inSeconds(60) }))
  expect(await handlers.schedule()).toBe(0)
  expect(await world.take(topics.payoutTransfer)).toEqual([])

  expect(await world.deliver(after(waits.afterMs).pay, two.message)).toEqual([done])
  expect(madeAtStripe(world, two.transferId)).toHaveLength(1)
})

test('where its message is lost, the scheduler brings back what has cooled', async () => {
  const account = 'acct_lost_timer'
  const { transferId, message } = await aTransfer(world, handlers, { winners: [{ userId: 'lea', account }] })
  await world.deliver(handlers.apply, aBankEvent(account, 'one', inSeconds(1)))
  await world.deliver(handlers.apply, aBankEvent(account, 'two', inSeconds(2)))
  await world.deliver(handlers.pay, message)
  const late = after(COOLING_MS + 3_600_000)
  expect(await late.schedule()).toBe(1)
  expect((await world.take(topics.payoutTransfer)).map(({ data }) => data)).toEqual([message])
  expect(await world.deliver(late.pay, message)).toEqual([done])
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
})

test('a bank account of an account that nobody has is passed over', async () => {
  expect(await world.deliver(handlers.apply, aBankEvent('acct_of_nobody', 'one'))).toEqual([done])
})
