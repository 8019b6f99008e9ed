import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { StripeOptions } from '../src/stripe/stripe.ts'
import { startReceiver } from './fpay-caller.ts'
import { aTransfer, stripeWorld } from './stripe-caller.ts'

let world: Awaited<ReturnType<typeof stripeWorld>>
let receiver: Awaited<ReturnType<typeof startReceiver>>
afterEach(async () => {
  await world.stripe.stop()
  await receiver.stop()
})

async function start(options: StripeOptions & { statuses?: number[]; events?: string[] } = {}) {
  const { statuses, events, ...rest } = options
  receiver = await startReceiver(statuses)
  world = await stripeWorld({
    now: () => new Date(),
    callbackRetryDelaysMs: [1, 1],
    webhook: { url: `${receiver.url}/webhooks/stripe`, ...(events ? { events } : {}) },
    ...rest,
  })
  return world
}

/** What arrived, each proven by the SDK to be signed with the secret. */
async function arrived(secret = world.stripe.credentials.webhookSecret) {
  await world.stripe.callbacks.idle()
  return receiver.received.map(({ raw, headers }) =>
    world.sdk.webhooks.constructEvent(raw, String(headers['stripe-signature']), secret),
  )
}

test('a transfer that is made, changed and reversed is told of, with the request that did it', async () => {
  const { sdk } = await start()
  const { id, lastResponse } = await sdk.transfers.create(aTransfer(), { idempotencyKey: 'payout:b7c0' })
  await sdk.transfers.update(id, { metadata: { a: '1' } })
  await sdk.transfers.createReversal(id, { amount: 50 })
  const events = await arrived()
  const [created] = events.filter(({ type }) => type === 'transfer.created')
  expect(created).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    object: 'event',
    api_version: '2026-10-28.endive',
    livemode: false,
    request: { id: lastResponse.requestId, idempotency_key: 'payout:b7c0' },
    data: { object: { id, object: 'transfer', amount: 1_250 } },
  })
  expect(created).not.toHaveProperty('account')
  const [reversed] = events.filter(({ type }) => type === 'transfer.reversed')
  expect(reversed?.data).toMatchObject({
    object: { id, amount_reversed: 50, reversed: false },
    previous_attributes: { amount_reversed: 0 },
  })
  expect(events.map(({ type }) => type).sort()).toEqual(['transfer.created', 'transfer.reversed', 'transfer.updated'])
})

test('an account that changes is told of, with what it was before, and so are its end and a top-up', async () => {
  const { stripe } = await start()
  stripe.updateAccount('acct_nocap1', { payouts_enabled: true, capabilities: { transfers: 'active' } })
  await stripe.callbacks.idle()
  stripe.disconnectAccount('acct_nocap1')
  await stripe.callbacks.idle()
  stripe.topUp(money(100n, 'USD'))
  const [updated, gone, available] = await arrived()
  expect(updated).toMatchObject({
    type: 'account.updated',
    account: 'acct_nocap1',
    data: {
      object: { id: 'acct_nocap1', payouts_enabled: true, capabilities: { transfers: 'active' } },
      previous_attributes: { payouts_enabled: false, capabilities: { transfers: 'inactive' } },
    },
  })
  expect(gone).toMatchObject({ type: 'account.application.deauthorized', account: 'acct_nocap1' })
  expect(available).toMatchObject({ type: 'balance.available', data: { object: { object: 'balance' } } })
})

test('while the secret is rolled, events are signed with both and either proves them', async () => {
  const { stripe, sdk } = await start({ webhookSecrets: ['whsec_old'] })
  stripe.setWebhookSecrets(['whsec_new', 'whsec_old'])
  await sdk.transfers.create(aTransfer())
  expect(await arrived('whsec_old')).toHaveLength(1)
  expect(await arrived('whsec_new')).toHaveLength(1)
  await expect(arrived('whsec_other')).rejects.toThrow('signature')
  expect(stripe.credentials.webhookSecret).toBe('whsec_new')
  expect(receiver.received[0]?.headers['stripe-signature']).toMatch(/^t=\d+,v1=\w+,v1=\w+,v0=\w+$/)
  expect(() => stripe.setWebhookSecrets([])).toThrow(RangeError)
})

test('an event that is not taken comes again under the same id; faults repeat and delay it', async () => {
  const { stripe, sdk } = await start({ statuses: [500, 302], events: ['transfer.created'] })
  const { id } = await sdk.transfers.create(aTransfer())
  expect(new Set((await arrived()).map((event) => event.id)).size).toBe(1)
  expect(receiver.received).toHaveLength(3)
  await sdk.transfers.createReversal(id) // nobody listens for it

  receiver.received.length = 0
  stripe.setFaults({ rates: {}, lateMs: 150 })
  stripe.faults.script({ kind: 'late-callback', subject: 'first' })
  stripe.faults.script({ kind: 'duplicate-callback', subject: 'second' })
  for (const group of ['first', 'second']) await sdk.transfers.create(aTransfer({ transfer_group: group }))
  const groups = (await arrived()).map(({ data }) => (data.object as { transfer_group?: string }).transfer_group)
  expect(groups).toEqual(['second', 'second', 'first'])
  stripe.repeatEvent(id)
  expect(await arrived()).toHaveLength(4)
  expect(() => stripe.repeatEvent('tr_x')).toThrow('no event about tr_x')
})

test('events about what the sandbox does not keep can be sent, and none when nobody listens', async () => {
  const { stripe, sdk } = await start()
  const dispute = { id: 'dp_1', object: 'dispute', amount: 500, status: 'needs_response' }
  const sent = await stripe.controls.sendEvent?.({ type: 'charge.dispute.created', object: dispute })
  const [event] = await arrived()
  expect({ id: event?.id }).toEqual(sent)
  expect(event).toMatchObject({ type: 'charge.dispute.created', data: { object: dispute } })
  await stripe.controls.setWebhook?.({ endpoint: null })
  await sdk.transfers.create(aTransfer())
  expect(await arrived()).toHaveLength(1)
})
