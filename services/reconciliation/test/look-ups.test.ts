import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { recordPayments } from '@remesa/database/payments'
import { listFindings } from '@remesa/database/reconciliation-findings'
import { money } from '@remesa/domain/money'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { aService, at, chargeQuietly, customersOf, DAY, recordThem } from './billing.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

/** Payments of three days before, recorded on the day: no list around the window has them. */
async function farApart(count: number): Promise<void> {
  const far = customersOf(count, 'far').map((one, index) => ({ ...one, seconds: index - 259_200, refunded: 0n }))
  chargeQuietly(world, far)
  await recordThem(
    world,
    far.map((one, index) => ({ ...one, seconds: 4_000 + index })),
  )
}

test('more than a hundred payments that only the database has in the window are looked up, every one of them', async () => {
  await farApart(150)
  const { reconcile } = aService(world)
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', missingInStripe: [] })
})

test('what was not looked up is said not to be, and nobody is told to void it', async () => {
  await farApart(130)
  const { reconcile } = aService(world, { lookUpsAtMost: 120 })
  const { reportId, missingInStripe, recommendations } = await reconcile({ startDate: DAY })
  expect(missingInStripe).toHaveLength(10)
  const findings = await listFindings(world.database, { reportId, category: 'missing_in_stripe', limit: 20 })
  expect(findings.map(({ note }) => note)).toEqual(Array(10).fill('not looked up in Stripe: there were too many'))
  expect(recommendations.join('\n')).toContain('were not looked up')
  expect(recommendations.join('\n')).not.toContain('void')
})

test('the times around the window are read to their end by whoever goes on with a run that broke off there', async () => {
  const next = customersOf(150, 'm').map((one, index) => ({ ...one, seconds: 86_400 + index * 300, refunded: 0n }))
  chargeQuietly(world, next)
  await recordThem(
    world,
    next.map((one, index) => ({ ...one, seconds: 86_399 - index })),
  )
  let times = 0
  const { reconcile } = aService(world, {
    slicesAtOnce: 1,
    wrap: (reads) => ({
      ...reads,
      listCharges(range) {
        const isMargin = range.from >= at(86_400)
        if (isMargin) times += 1
        if (times === 9)
          world.sandbox.stripe.faults.script({ kind: 'error-before', route: 'GET /v1/charges', times: 99 })
        return reads.listCharges(range)
      },
    }),
  })
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'error' })
  world.sandbox.stripe.faults.set({ rates: {} })
  times = 100
  expect(await reconcile({ startDate: DAY })).toMatchObject({ status: 'success', missingInStripe: [] })
})

test('a payment that is recorded under the id of its charge is missing on neither side, wherever it is recorded', async () => {
  chargeQuietly(world, [
    { id: 'here', seconds: 10 },
    { id: 'there', seconds: -5 },
  ])
  const row = { money: money(10_000n, 'USD'), refunded: 0n, description: null, disputed: false, asOf: world.now() }
  const payments = ['ch_here', 'ch_there'].map((id) => ({
    ...{ ...row, paymentId: id, chargeId: id, created: at(10), source: 'webhook' as const },
  }))
  await world.database.transaction().execute((tx) => recordPayments(tx, { payments }))
  const { reconcile } = aService(world)
  const result = await reconcile({ startDate: DAY })
  expect(result).toMatchObject({ missingInDatabase: [], missingInStripe: [], moneyAtRisk: '0.00' })
  const findings = await listFindings(world.database, { reportId: result.reportId, limit: 20 })
  expect(findings.map(({ paymentId, category }) => `${paymentId} ${category}`)).toEqual([
    'ch_there timing',
    'ch_here duplicate',
  ])
  expect(result.recommendations.join('\n')).toContain(
    'recorded under the id of the charge, not of its payment: sync ch_here',
  )
})

test('a refund that Stripe made a second after the window is timing, and one that it never made is a mismatch', async () => {
  const { payments } = world.sandbox.stripe
  chargeQuietly(world, [
    { id: 'old', seconds: -9_000 },
    { id: 'bare', seconds: -8_000 },
  ])
  await recordThem(world, [
    { id: 'old', seconds: -9_000 },
    { id: 'bare', seconds: -8_000 },
  ])
  const late = payments.refund('pi_old', { amount: 300n, created: at(86_400) })
  const refund = { money: money(300n, 'USD'), created: at(86_399), status: 'succeeded' as const, asOf: world.now() }
  await world.database.transaction().execute((tx) =>
    recordPayments(tx, {
      refunds: [
        { ...refund, refundId: late.id, paymentId: 'pi_old' },
        { ...refund, refundId: 're_invented', paymentId: 'pi_bare' },
      ],
    }),
  )
  const { reconcile } = aService(world)
  const { reportId } = await reconcile({ startDate: DAY })
  const findings = await listFindings(world.database, { reportId, limit: 20 })
  expect(findings.map(({ refundId, category }) => `${refundId} ${category}`).sort()).toEqual(
    [`${late.id} timing`, 're_invented refund_mismatch'].sort(),
  )
})

test('a refund of any charge of a payment, and one of a payment that is not on record, is found when it is looked up', async () => {
  const { payments } = world.sandbox.stripe
  chargeQuietly(world, [
    { id: 'twice', seconds: -9_000 },
    { id: 'lost', seconds: -8_000 },
  ])
  const late = ['pi_twice', 'pi_lost'].map((paymentId) => ({
    ...{ paymentId, refundId: payments.refund(paymentId, { amount: 300n, created: at(86_400) }).id },
    ...{ money: money(300n, 'USD'), created: at(86_399), status: 'succeeded' as const, asOf: world.now() },
  }))
  payments.load(
    { paymentId: 'pi_twice', chargeId: 'ch_again', created: at(-7_000), money: money(10_000n, 'USD') },
    'quietly',
  )
  const again = { ...{ paymentId: 'pi_twice', chargeId: 'ch_again', money: money(10_000n, 'USD'), refunded: 0n } }
  const known = { created: at(-7_000), description: null, disputed: false, source: 'webhook' as const }
  await world.database
    .transaction()
    .execute((tx) => recordPayments(tx, { payments: [{ ...again, ...known, asOf: world.now() }], refunds: late }))
  const { reconcile } = aService(world)
  const { reportId } = await reconcile({ startDate: DAY })
  const findings = await listFindings(world.database, { reportId, limit: 20 })
  expect(findings.map(({ refundId, category }) => `${refundId} ${category}`).sort()).toEqual(
    late.map(({ refundId }) => `${refundId} timing`).sort(),
  )
})
