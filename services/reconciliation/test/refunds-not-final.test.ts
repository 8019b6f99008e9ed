import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type RefundNews, recordPayments } from '@remesa/database/payments'
import { listFindings } from '@remesa/database/reconciliation-findings'
import { money } from '@remesa/domain/money'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { aService, at, chargeQuietly, DAY, recordThem } from './billing.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

/** Payments that both sides have. */
async function paid(customers: readonly { readonly id: string; readonly seconds: number }[]): Promise<void> {
  chargeQuietly(world, customers)
  await recordThem(world, customers)
}

const record = (refunds: readonly Pick<RefundNews, 'refundId' | 'paymentId' | 'status'>[], amount = 300n) =>
  world.database.transaction().execute((tx) =>
    recordPayments(tx, {
      refunds: refunds.map((refund) => {
        return { ...refund, money: money(amount, 'USD'), created: at(2_000), asOf: world.now() }
      }),
    }),
  )

async function reconciled(changes: Parameters<typeof aService>[1] = {}) {
  const { reconcile, syncMissingPayments } = aService(world, changes)
  const result = await reconcile({ startDate: DAY })
  const findings = await listFindings(world.database, { reportId: result.reportId, limit: 50 })
  const found = findings.map(({ refundId, paymentId, category }) => `${refundId ?? paymentId} ${category}`).sort()
  return { result, findings, found, advice: result.recommendations.join('\n'), syncMissingPayments }
}

test('a refund that is pending at Stripe is no mismatch, known to us or not, until Stripe has ended it', async () => {
  const { payments } = world.sandbox.stripe
  await paid([
    { id: 'unheard', seconds: 100 },
    { id: 'early', seconds: 200 },
    { id: 'old', seconds: -9_000 },
  ])
  const pending = (paymentId: string) =>
    payments.refund(paymentId, { amount: 300n, status: 'pending', created: at(2_000) })
  const unheard = pending('pi_unheard')
  // On record as succeeded: the word of its end came while Stripe's lists were read.
  const early = pending('pi_early')
  const old = pending('pi_old')
  await record([
    { refundId: early.id, paymentId: 'pi_early', status: 'succeeded' },
    { refundId: old.id, paymentId: 'pi_old', status: 'succeeded' },
  ])
  // Beside it, one that is final and that we lack: that one alone is the difference.
  const lost = payments.refund('pi_early', { amount: 50n, created: at(3_000) })
  const { found, result, advice, findings } = await reconciled()
  expect(found).toEqual([`${old.id} timing`, 'pi_early refund_mismatch', 'pi_unheard timing'].sort())
  expect(result).toMatchObject({ moneyAtRisk: '0.50', grossUnder: '0.50' })
  expect(advice).toContain(
    `2 payments with refunds that are pending at Stripe: nothing to do until Stripe has ended them`,
  )
  expect(advice).not.toContain('outside the window')
  expect(findings.find(({ paymentId }) => paymentId === 'pi_unheard')?.note).toContain('pending at Stripe')

  for (const { id } of [unheard, early, old]) payments.updateRefund(id, 'succeeded')
  payments.updateRefund(lost.id, 'failed')
  expect((await reconciled()).found).toEqual(['pi_unheard refund_mismatch'])
})

test('a refund that is pending on record after Stripe has ended it is told, and a copy settles it', async () => {
  const { payments } = world.sandbox.stripe
  await paid([{ id: 'stale', seconds: 100 }])
  const { id: refundId } = payments.refund('pi_stale', { amount: 300n, status: 'pending', created: at(2_000) })
  await record([{ refundId, paymentId: 'pi_stale', status: 'pending' }])
  expect((await reconciled()).found).toEqual([])
  payments.updateRefund(refundId, 'failed')
  const { found, advice, syncMissingPayments } = await reconciled()
  expect(found).toEqual(['pi_stale timing'])
  expect(advice).toBe('1 payment with refunds that are pending on record, and not at Stripe any more: sync pi_stale.')
  world.moveClock(5_000)
  await syncMissingPayments(['pi_stale'])
  expect((await reconciled()).found).toEqual([])
})

test('refunds that were too many to be looked up are told as such, and never as a difference; a copy settles each', async () => {
  const { payments } = world.sandbox.stripe
  const olds = Array.from({ length: 6 }, (_, index) => ({ id: `old${index}`, seconds: -9_000 - index }))
  await paid([...olds, { id: 'here', seconds: 100 }])
  // Stripe has them a day later.
  const refunds = [...olds, { id: 'here' }].map(({ id }) => ({
    ...{ paymentId: `pi_${id}`, status: 'succeeded' as const },
    refundId: payments.refund(`pi_${id}`, { amount: 300n, created: at(90_000) }).id,
  }))
  // One more of a payment of the day itself, which we have not heard of: its sum says nothing of the other one.
  payments.refund('pi_here', { amount: 50n, created: at(180_000) })
  await record(refunds)
  // Of a name that no refund of Stripe's has: nobody need ask to know that it is wrong.
  await record([{ refundId: 'by_hand', paymentId: 'pi_old0', status: 'succeeded' }])
  const { found, findings, result, advice, syncMissingPayments } = await reconciled({ lookUpsAtMost: 2 })
  const first = refunds.map(({ refundId }) => refundId).sort()
  const unasked = refunds.filter(({ refundId }) => !first.slice(0, 2).includes(refundId))
  expect(found.filter((one) => one.endsWith('timing')).length).toBe(2)
  expect(found.filter((one) => one.endsWith('refund_mismatch'))).toEqual(['by_hand refund_mismatch'])
  expect(found.filter((one) => one.endsWith('not_looked_up')).length).toBe(5)
  const told = findings.filter(({ category }) => category === 'not_looked_up')
  expect(new Set(told.map(({ note }) => note))).toEqual(new Set(['not looked up in Stripe: there were too many']))
  expect(told.map(({ paymentId }) => paymentId).sort()).toEqual(unasked.map(({ paymentId }) => paymentId).sort())
  expect(result.status).toBe('discrepancy_found')
  expect(result.amountMismatches.map(({ refundId }) => refundId)).toEqual(['by_hand'])
  expect(advice).toContain('were not looked up, there being too many: sync what was not looked up')

  world.moveClock(5_000)
  await syncMissingPayments(told.map(({ paymentId }) => paymentId))
  expect((await reconciled({ lookUpsAtMost: 2 })).found).not.toContainEqual(expect.stringContaining('not_looked_up'))
})
