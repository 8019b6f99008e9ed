import { afterEach, expect, test } from '@jest/globals'
import { findPayments, recordPayments as writePayments } from '@remesa/database/payments'
import { money } from '@remesa/domain/money'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { createStripeReads } from '@remesa/stripe-client/stripe-reads'
import { sql } from 'kysely'
import { recordPayments } from '../src/record-payments.ts'
import { syncMissingPayments } from '../src/sync-payments.ts'
import { takeStripeEvents } from './stripe-events.ts'

let world: World
afterEach(() => world.stop())

function sync(paymentIds: readonly string[]) {
  const { sandbox, database, now, logger } = world
  const { hostname: host, port } = new URL(sandbox.stripe.url)
  const stripe = createStripeReads({
    secretKey: sandbox.stripe.credentials.apiKey,
    apiBase: { host, port: Number(port), protocol: 'http' },
    timeoutMs: 2_000,
    rate: { perSecond: 1_000, concurrent: 10 },
  })
  world.stopWith(() => stripe.close())
  return syncMissingPayments({ database, stripe, actor: 'operator:ana', retryFirstMs: 1, now, logger }, paymentIds)
}

async function audited() {
  const { rows } = await sql<{ subject_id: string; actor: string; before: object | null }>`
    select subject_id, actor, before from audit_log where action = 'payment.synced' order by id`.execute(world.database)
  return rows
}

test('lost payments are copied with their refunds, audited once, and a repeat changes nothing', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const ids = Array.from({ length: 30 }, (_, index) =>
    payments.load(
      {
        ...(index % 3 === 0 && { paymentId: `ch_plain${index}` }),
        money: money(BigInt(1_000 + index), 'USD'),
        refunded: index % 2 === 0 ? 100n : 0n,
      },
      'quietly',
    ),
  )
  expect(await sync([...ids, ...ids])).toEqual({ synced: ids, failed: [] })
  const found = await findPayments(world.database, ids)
  for (const [index, id] of ids.entries()) {
    expect(found.get(id)).toMatchObject({
      amount: BigInt(1_000 + index),
      refunded: index % 2 === 0 ? 100n : 0n,
      source: 'sync',
    })
  }
  expect(await audited()).toHaveLength(30)
  expect((await audited())[0]).toMatchObject({ actor: 'operator:ana', before: null })

  expect(await sync(ids)).toEqual({ synced: ids, failed: [] })
  expect(await audited()).toHaveLength(30)
})

test('what Stripe does not have, has not been paid, or cannot be read is told as failed, and the rest is copied', async () => {
  world = await startWorld()
  const { payments, faults } = world.sandbox.stripe
  payments.load({ paymentId: 'pi_good', money: money(1_000n, 'USD') }, 'quietly')
  payments.load({ paymentId: 'pi_open', money: money(1_000n, 'USD'), captured: false }, 'quietly')
  payments.load({ paymentId: 'ch_dark', money: money(1_000n, 'USD') }, 'quietly')
  faults.script({ kind: 'error-before', route: 'GET /v1/charges/:id', times: 4 })
  expect(await sync(['pi_good', 'pi_gone', 'pi_open', 'ch_dark'])).toEqual({
    synced: ['pi_good'],
    failed: [
      { paymentId: 'pi_gone', reason: 'not_found' },
      { paymentId: 'pi_open', reason: 'not_paid' },
      { paymentId: 'ch_dark', reason: expect.stringMatching(/^stripe, get payment: unavailable \(50/) },
    ],
  })
  // Passing trouble is waited out.
  faults.script({ kind: 'lost-response', route: 'GET /v1/charges/:id' })
  faults.script({ kind: 'rate-limited', route: 'GET /v1/refunds' })
  faults.script({ kind: 'garbage-before', route: 'GET /v1/charges/:id' })
  expect(await sync(['ch_dark'])).toEqual({ synced: ['ch_dark'], failed: [] })
})

test('a copy brings a stale payment up to date, and an event that comes after it changes it again', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const events = await takeStripeEvents(world)
  const handle = recordPayments({ database: world.database })
  const id = payments.load({ paymentId: 'pi_1', money: money(1_000n, 'USD') })
  const { id: refundId } = payments.refund(id, { amount: 300n })
  await world.sandbox.stripe.callbacks.idle()
  expect(await world.deliver(handle, ...events)).toEqual([done, done, done])

  payments.loseWebhooks([id])
  payments.updateRefund(refundId, 'failed')
  const pending = payments.refund(id, { amount: 50n, status: 'pending' })
  await sync([id])
  const refunded = async () => (await findPayments(world.database, [id])).get(id)?.refunded
  expect(await refunded()).toBe(50n)

  world.moveClock(5_000)
  payments.updateRefund(pending.id, 'failed')
  await sync([id])
  expect(await refunded()).toBe(0n)
  // The first events of all, once more: older than what is known.
  expect(await world.deliver(handle, ...events)).toEqual([done, done, done])
  expect(await refunded()).toBe(0n)
})

test('a refund on record that Stripe does not have is canceled, audited, and stays so; one heard of since stands', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const id = payments.load({ paymentId: 'pi_1', money: money(1_000n, 'USD'), refunded: 300n }, 'quietly')
  const { database, now } = world
  const long = new Date(now().getTime() - 3_600_000)
  const refund = (refundId: string, asOf: Date) => ({
    ...{ refundId, paymentId: id, money: money(200n, 'USD'), status: 'succeeded' as const, created: long, asOf },
  })
  const later = new Date(now().getTime() + 3_600_000)
  const refunds = [refund('re_ghost', long), refund('re_later', later)]
  await database.transaction().execute((tx) => writePayments(tx, { refunds }))
  await sync([id])
  const statuses = async () => {
    const { rows } = await sql<{ status: string }>`
      select status from payment_refunds where refund_id in ('re_ghost', 're_later') order by refund_id`.execute(
      database,
    )
    return rows.map(({ status }) => status)
  }
  expect(await statuses()).toEqual(['canceled', 'succeeded'])
  expect((await findPayments(database, [id])).get(id)?.refunded).toBe(500n)
  await sync([id])
  const { rows } = await sql<object>`
    select actor, action, subject_id, before, after from audit_log where action = 'payment_refund.canceled'`.execute(
    database,
  )
  expect(rows).toEqual([
    {
      ...{ actor: 'operator:ana', action: 'payment_refund.canceled', subject_id: 're_ghost' },
      before: { paymentId: id, status: 'succeeded', amount: '200', currency: 'USD' },
      after: { paymentId: id, status: 'canceled' },
    },
  ])
})

test('a payment that was charged twice keeps the refunds of both charges, and an earlier one that is new comes too', async () => {
  world = await startWorld()
  const { payments } = world.sandbox.stripe
  const { database, now } = world
  const long = new Date(now().getTime() - 3_600_000)
  const charge = (chargeId: string, created: Date) =>
    payments.load({ paymentId: 'pi_1', chargeId, created, money: money(1_000n, 'USD') }, 'quietly')
  charge('ch_first', long)
  const known = payments.refund('pi_1', { amount: 300n, created: long })
  const unheardOf = payments.refund('pi_1', { amount: 70n, created: long })
  charge('ch_second', now())
  const ofSecond = payments.refund('pi_1', { amount: 5n })
  const refund = { refundId: known.id, paymentId: 'pi_1', money: money(300n, 'USD'), created: long, asOf: long }
  await database
    .transaction()
    .execute((tx) => writePayments(tx, { refunds: [{ ...refund, status: 'succeeded' as const }] }))
  expect(await sync(['pi_1'])).toEqual({ synced: ['pi_1'], failed: [] })
  const { rows } = await sql<{ refund_id: string; status: string }>`
    select refund_id, status from payment_refunds`.execute(database)
  expect(new Map(rows.map(({ refund_id, status }) => [refund_id, status]))).toEqual(
    new Map([known, unheardOf, ofSecond].map(({ id }) => [id, 'succeeded'])),
  )
  expect((await findPayments(database, ['pi_1'])).get('pi_1')?.refunded).toBe(375n)
})
