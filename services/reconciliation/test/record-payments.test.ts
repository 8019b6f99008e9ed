import { afterEach, expect, test } from '@jest/globals'
import { findPayments } from '@remesa/database/payments'
import { money } from '@remesa/domain/money'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { STRIPE_EVENT_SUBSCRIPTIONS, topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { recordPayments } from '../src/record-payments.ts'
import { takeStripeEvents } from './stripe-events.ts'

let world: World
afterEach(() => world.stop())

const YESTERDAY = new Date('2026-11-20T10:00:00Z')

/** What the sandbox holds of captured payments, in the words of our table. */
function stripesBooks() {
  return new Map(
    world.sandbox.stripe.payments.charges
      .rows()
      .filter(({ captured }) => captured)
      .map((charge) => [
        charge.paymentIntent ?? charge.id,
        {
          charge_id: charge.id,
          amount: BigInt(charge.amountCaptured),
          refunded: BigInt(charge.amountRefunded),
          disputed: charge.disputed,
          created: new Date(charge.created * 1_000),
          description: charge.description,
          source: 'webhook',
        },
      ]),
  )
}

async function untilHandled(events: readonly unknown[], handled: () => number): Promise<void> {
  await world.sandbox.stripe.callbacks.idle()
  await world.until('every event is handled', () => handled() >= events.length)
}

/** Has the events handled as the service does, through Pub/Sub. @returns how many were, so far */
async function work(): Promise<() => number> {
  let handled = 0
  const handle = recordPayments({ database: world.database })
  await world.work({
    topic: topics.stripeEvent,
    subscription: STRIPE_EVENT_SUBSCRIPTIONS.reconciliation,
    handle: async (batch) => {
      const verdicts = await handle(batch)
      handled += batch.length
      return verdicts
    },
  })
  return () => handled
}

test('what customers pay, get back and dispute is on record as Stripe has it, though events repeat and overtake each other', async () => {
  world = await startWorld({
    sandbox: { stripe: { faults: { rates: { 'duplicate-callback': 0.5, 'late-callback': 0.3 }, lateMs: 30 } } },
  })
  const { payments } = world.sandbox.stripe
  const events = await takeStripeEvents(world)
  const handled = await work()
  for (let index = 0; index < 40; index += 1) {
    const id = payments.load({
      ...(index % 4 === 0 && { paymentId: `py_${index}` }),
      money: money(BigInt(1_000 + index), 'USD'),
      created: YESTERDAY,
      description: `order ${index}`,
      captured: index % 5 !== 0,
      refunded: index % 7 === 1 && index % 5 !== 0 ? 100n : 0n,
    })
    if (index % 5 === 0 && index % 2 === 0) payments.capture(id)
    if (index % 5 === 1) payments.refund(id, { amount: 50n })
    if (index % 5 === 2) payments.updateRefund(payments.refund(id, { amount: 60n, status: 'pending' }).id, 'succeeded')
    if (index % 5 === 3) payments.updateRefund(payments.refund(id, { amount: 70n }).id, 'failed')
    if (index % 5 === 4) payments.updateDispute(payments.dispute(id).id, 'won')
  }
  payments.load({ money: money(5_000n, 'USD'), status: 'failed' })
  await untilHandled(events, handled)

  const expected = stripesBooks()
  const found = await findPayments(world.database, [...expected.keys()])
  expect(found.size).toBe(expected.size)
  for (const [id, facts] of expected) expect(found.get(id)).toMatchObject(facts)
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from payments`.execute(world.database)
  expect(rows).toEqual([{ count: expected.size }])
})

test('a payment whose webhooks are lost is not on record, and its neighbours are', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const events = await takeStripeEvents(world)
  const handled = await work()
  payments.loseWebhooks(['pi_lost'])
  for (const paymentId of ['pi_kept', 'pi_lost'])
    payments.load({ paymentId, money: money(1_000n, 'USD'), refunded: 10n })
  await untilHandled(events, handled)
  expect([...(await findPayments(world.database, ['pi_kept', 'pi_lost'])).keys()]).toEqual(['pi_kept'])
  expect(events.map(({ type }) => type).sort()).toEqual(['charge.refunded', 'charge.succeeded', 'refund.created'])
})

test('currencies that Stripe writes in its own way are on record in their own minor units', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const events = await takeStripeEvents(world)
  const handled = await work()
  const amounts = { CLP: 1_250n, UGX: 5_000n, ISK: 700n, KWD: 12_340n, MGA: 5_500n, COP: 100_000n }
  for (const [code, amount] of Object.entries(amounts)) {
    payments.load({ paymentId: `pi_${code}`, money: money(amount, code) })
  }
  await untilHandled(events, handled)
  const found = await findPayments(
    world.database,
    Object.keys(amounts).map((code) => `pi_${code}`),
  )
  expect(Object.fromEntries([...found.values()].map(({ currency, amount }) => [currency, amount]))).toEqual(amounts)
})

test('an event that is not as Stripe describes it is set aside with the reason; of other kinds and accounts, none is recorded', async () => {
  world = await startWorld()
  const handle = recordPayments({ database: world.database })
  const event = (type: string, object: object, account: string | null = null) => ({
    eventId: 'evt_1',
    type,
    created: 1_795_242_756,
    account,
    object: { ...object },
  })
  const charge = {
    id: 'ch_1',
    object: 'charge',
    amount_captured: 1_000,
    amount_refunded: 0,
    captured: true,
    currency: 'usd',
    created: 1_795_242_700,
    disputed: false,
    payment_intent: null,
    status: 'succeeded',
  }
  const verdicts = await world.deliver(
    handle,
    event('charge.succeeded', { ...charge, amount_captured: '1000' }),
    event('charge.succeeded', { ...charge, currency: 'zzz' }),
    event('charge.succeeded', { ...charge, currency: 'ugx', amount_captured: 1_050 }),
    event('refund.created', { id: 're_1', object: 'refund' }),
    event('charge.dispute.created', { id: 'dp_1' }),
    event('charge.succeeded', charge, 'acct_1'),
    event('account.updated', { id: 'acct_1' }),
    event('charge.pending', { ...charge, status: 'pending', captured: false }),
  )
  expect(verdicts.slice(0, 5)).toEqual([
    expect.objectContaining({ kind: 'reject', reason: expect.stringContaining('amount_captured') }),
    expect.objectContaining({ kind: 'reject' }),
    expect.objectContaining({ kind: 'reject' }),
    expect.objectContaining({ kind: 'reject' }),
    expect.objectContaining({ kind: 'reject' }),
  ])
  expect(verdicts.slice(5)).toEqual([done, done, done])
  expect((await findPayments(world.database, ['ch_1'])).size).toBe(0)
})
