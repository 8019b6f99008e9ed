import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { payBalanceAgain, retryBalance } from '@remesa/database/balance-repayments'
import { decideControlApproval } from '@remesa/database/control-approvals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { alertsAbout, auditTrail, balanceRow } from '@remesa/local-stack/testing/books'
import { anAcceptedPayment, payNow } from '@remesa/local-stack/testing/payments'
import type { PayableFacts } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { REPORT_LEASE_MS, statusHandlers } from './handlers.ts'

let world: World
let check: ReturnType<typeof statusHandlers>['check']
beforeAll(async () => {
  world = await startWorld()
  check = statusHandlers(world).check
})
afterAll(() => world.stop())

const HOUR_MS = 3_600_000

/** A payment that the bank has paid, which nobody has heard of yet. */
async function aSettledPayment(facts: PayableFacts = {}) {
  const payment = await anAcceptedPayment(world, facts)
  world.sandbox.fpay.settleAll()
  return payment
}

const vendorPaymentsOf = (sellerBalanceId: string) =>
  world.sandbox.netsuite.books().vendorPayments.filter(({ externalId }) => externalId === `sb-${sellerBalanceId}`)
const notificationsOf = (settlementId: string | null) =>
  world.sandbox.gsc.books().notifications.filter((told) => told.settlementId === settlementId)
const netsuiteWith = (change: Partial<World['netsuite']>) =>
  statusHandlers(world, { netsuite: { ...world.netsuite, ...change } }).check
const gscCallsDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const before = world.sandbox.gsc.calls().total ?? 0
  await work()
  return (world.sandbox.gsc.calls().total ?? 0) - before
}

test('a paid balance becomes one vendor payment over its bills, less its invoices, and GSC hears of it', async () => {
  const { sellerBalanceId, settlementId, payment, billIds } = await aSettledPayment({
    bills: [70_000n, 50_000n, 40_000n],
    invoices: [15_000n, 20_000n],
  })
  const message = aMessage({ sellerBalanceId })
  expect(await world.deliver(check, message)).toEqual([done])
  const [paid, ...others] = vendorPaymentsOf(sellerBalanceId)
  expect(others).toEqual([])
  expect(paid).toMatchObject({ amount: '125000', currency: 'CLP', country: 'cl', memo: `fpay ${payment.reference}` })
  expect(paid?.bills.map(({ id }) => billIds.includes(id))).toEqual(paid?.bills.map(() => true))
  expect(paid?.bills.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(125_000)
  expect(notificationsOf(settlementId)).toMatchObject([
    { status: 'PAID', amount: '125000', provider: 'FPAY', providerReference: payment.reference, reasonCode: null },
  ])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    erp_vendor_payment_id: paid?.id,
    erp_told_at: expect.any(Date),
    gsc_told_at: expect.any(Date),
    report_lease_expires_at: null,
    jobs: {
      erp: { messageId: message.id, finished: true, successful: true },
      gsc: { messageId: message.id, finished: true, successful: true },
    },
  })
})

test.each<[string, PayableFacts]>([
  ['a 1P seller', { type: '1P' }],
  ['a closing that differs', { closing: 'different' }],
  ['no closing', { closing: 'missing' }],
])('GSC hears nothing of a payment to %s; NetSuite does', async (_, facts) => {
  const { sellerBalanceId, settlementId } = await aSettledPayment(facts)
  expect(await gscCallsDuring(() => world.deliver(check, { sellerBalanceId }))).toBe(0)
  expect(notificationsOf(settlementId)).toEqual([])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    gsc_told_at: expect.any(Date),
    report_lease_expires_at: null,
  })
  expect(await auditTrail(world, sellerBalanceId)).not.toContain('gsc.told')
})

test('NetSuite’s reply lost, and the message repeated ever after, leave one vendor payment', async () => {
  const { sellerBalanceId, settlementId } = await aSettledPayment()
  const before = world.sandbox.netsuite.faults.injected()['lost-response']
  world.sandbox.netsuite.faults.script({
    kind: 'lost-response',
    subject: `vendorPayment/eid:sb-${sellerBalanceId}`,
    times: 3,
  })
  for (let retries = 0; retries < 6; retries += 1) {
    await world.deliver(check, aMessage({ sellerBalanceId }, { retries }))
  }
  expect(world.sandbox.netsuite.faults.injected()['lost-response']).toBe(before + 3)
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(notificationsOf(settlementId)).toHaveLength(1)
})

test('a closed period is told to finance; the payment is entered once the period is open again', async () => {
  const { sellerBalanceId, settlementId } = await aSettledPayment()
  world.sandbox.netsuite.closePeriod('2026-11')
  try {
    for (let retries = 0; retries < 2; retries += 1) {
      const [verdict] = await world.deliver(check, aMessage({ sellerBalanceId }, { retries }))
      expect(verdict).toMatchObject({ kind: 'retry', afterMs: HOUR_MS })
    }
  } finally {
    world.sandbox.netsuite.openPeriod('2026-11')
  }
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ vendor_payment_refused: 2 })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'paid',
    erp_told_at: null,
    jobs: { erp: { finished: false, error: expect.stringContaining('netsuite') } },
  })
  world.moveClock(HOUR_MS)
  expect(await world.deliver(check, aMessage({ sellerBalanceId }, { retries: 2 }))).toEqual([done])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(
    (await openAlerts(world.database, { limit: 100 })).filter(({ subject }) => subject.id === sellerBalanceId),
  ).toEqual([])
  expect(notificationsOf(settlementId)).toHaveLength(1)
})

test('while NetSuite is down telling is put off for longer and longer, without an alert', async () => {
  const { sellerBalanceId } = await aSettledPayment()
  world.sandbox.netsuite.faults.script({
    kind: 'error-before',
    subject: `vendorPayment/eid:sb-${sellerBalanceId}`,
    times: 100,
  })
  const waits = []
  for (let retries = 0; retries < 10; retries += 1) {
    const [verdict] = await world.deliver(check, aMessage({ sellerBalanceId }, { retries }))
    waits.push(verdict?.kind === 'retry' ? verdict.afterMs : 0)
  }
  expect(waits).toEqual([1_500, 3_000, 6_000, 12_000, 24_000, 48_000, 96_000, 192_000, 225_000, 225_000])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({})
  world.sandbox.netsuite.setFaults({ rates: {} })
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
})

test('while GSC is down NetSuite is not told again, and GSC is once it is back', async () => {
  const { sellerBalanceId, settlementId } = await aSettledPayment()
  world.sandbox.gsc.faults.script({ kind: 'error-after', subject: settlementId ?? '', times: 4 }) // it hears, and does not say so
  const netsuite = () => world.sandbox.netsuite.calls().total ?? 0
  const before = netsuite()
  const [verdict] = await world.deliver(check, { sellerBalanceId })
  expect(verdict).toMatchObject({ kind: 'retry', afterMs: 1_500 })
  const told = netsuite() - before
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    erp_told_at: expect.any(Date),
    gsc_told_at: null,
    jobs: { gsc: { finished: false, error: expect.stringContaining('gsc') } },
  })
  await world.deliver(check, aMessage({ sellerBalanceId }, { retries: 1 }))
  expect(await world.deliver(check, aMessage({ sellerBalanceId }, { retries: 2 }))).toEqual([done])
  expect(netsuite() - before).toBe(told)
  expect(notificationsOf(settlementId)).toHaveLength(1)
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({})
})

test.each([
  ['that it does not know (404)', 'SETTLEMENT_NOT_FOUND', `settlement_id = 'ST-gone-' || settlement_id`],
  ['over another amount (422)', 'AMOUNT_MISMATCH', undefined],
])('a settlement %s is told to finance and not tried again', async (_, code, corruption) => {
  const { sellerBalanceId, settlementId, gscSellerId, country, currency, businessDate } = await aSettledPayment()
  if (corruption) {
    await sql`update seller_closings set ${sql.raw(corruption)} where settlement_id = ${settlementId}`.execute(
      world.database,
    )
  } else {
    const changed = {
      settlementId: settlementId ?? '',
      gscSellerId,
      country,
      date: businessDate,
      currency,
      amount: '99',
    }
    world.sandbox.gsc.loadClosings([changed])
  }
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ settlement_notification_refused: 1 })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    jobs: { gsc: { finished: true, successful: false, error: code } },
  })
  expect(await gscCallsDuring(() => world.deliver(check, { sellerBalanceId }))).toBe(0)
})

test('a payment refused for good is told on its bills, and to GSC as rejected', async () => {
  const { sellerBalanceId, settlementId, billIds } = await aSettledPayment({
    account: 'FP-HOLDER-1',
    bills: [60_000n, 50_000n],
  })
  const notes: string[][] = []
  const noting = netsuiteWith({
    async setBillPaymentStatus(billId, status) {
      notes.push([billId, status])
      await world.netsuite.setBillPaymentStatus(billId, status)
    },
  })
  expect(await world.deliver(noting, { sellerBalanceId })).toEqual([done])
  expect(notes.toSorted()).toEqual(billIds.map((id) => [id, 'Payment failed: HOLDER_MISMATCH']).toSorted())
  expect(vendorPaymentsOf(sellerBalanceId)).toEqual([])
  expect(notificationsOf(settlementId)).toMatchObject([
    { status: 'REJECTED', reasonCode: 'HOLDER_MISMATCH', paidAt: null },
  ])
})

test('a payment refused for good at a closing that differs, or to a 1P seller, is told to NetSuite alone', async () => {
  for (const facts of [{ closing: 'different' }, { type: '1P' }] as const) {
    const { sellerBalanceId } = await aSettledPayment({ account: 'FP-BLOCKED-1', ...facts })
    expect(await gscCallsDuring(() => world.deliver(check, { sellerBalanceId }))).toBe(0)
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
      status: 'failed',
      erp_told_at: expect.any(Date),
      gsc_told_at: expect.any(Date),
    })
  }
})

/** The account has been changed, and two people have the balance paid again. */
async function mendAndPay(sellerBalanceId: string, sellerId: string, account = 'FP-MENDED-1'): Promise<void> {
  const now = new Date()
  await sql`update sellers set fpay_id = ${account} where id = ${sellerId}`.execute(world.database)
  await world.database.transaction().execute(async (tx) => {
    const asked = { actor: 'operator:ana', reason: 'the account is mended', now }
    const answer = await retryBalance(tx, sellerBalanceId, asked)
    if (answer.kind !== 'asked') throw new Error(`nobody was asked to pay ${sellerBalanceId} again: ${answer.kind}`)
    const { id } = answer.approval
    await decideControlApproval(tx, id, { status: 'approved', decidedBy: 'operator:bea', reason: 'checked' }, now)
    await payBalanceAgain(tx, answer.approval, now)
  })
  await payNow(world, sellerBalanceId, { coolingMs: 0 })
  world.sandbox.fpay.settleAll()
}

test('a failed balance that is paid later is told of again', async () => {
  const { sellerBalanceId, sellerId, settlementId } = await aSettledPayment({ account: 'FP-CLOSED-1' })
  await world.deliver(check, { sellerBalanceId })
  await mendAndPay(sellerBalanceId, sellerId)
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(notificationsOf(settlementId).map(({ status }) => status)).toEqual(['REJECTED', 'PAID'])
})

test('a failed balance that is refused again is no news to GSC, and nobody is alarmed that GSC refused to hear it', async () => {
  const { sellerBalanceId, sellerId, settlementId } = await aSettledPayment({ account: 'FP-CLOSED-3' })
  await world.deliver(check, { sellerBalanceId })
  await mendAndPay(sellerBalanceId, sellerId, 'FP-HOLDER-2')
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(notificationsOf(settlementId)).toMatchObject([{ status: 'REJECTED' }])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'failed',
    jobs: { gsc: { finished: true, successful: true } },
  })
  expect(await alertsAbout(world, sellerBalanceId)).not.toHaveProperty('settlement_notification_refused')
})

test('a slow telling of a failure does not stand for the payment that was made meanwhile', async () => {
  const { sellerBalanceId, sellerId, settlementId } = await aSettledPayment({ account: 'FP-CLOSED-2' })
  const gate = Promise.withResolvers<void>()
  let telling = false
  const slow = netsuiteWith({
    async setBillPaymentStatus() {
      telling = true
      await gate.promise
    },
  })
  const first = world.deliver(slow, { sellerBalanceId })
  await world.until('the failure is being told', () => telling)
  await mendAndPay(sellerBalanceId, sellerId)
  const [payment] = await world.database
    .selectFrom('payment_attempts')
    .select('provider_reference')
    .where('payable_id', '=', sellerBalanceId)
    .orderBy('generation', 'desc')
    .limit(1)
    .execute()
  const paid = { state: 'paid', paidAt: '2026-11-21T09:00:00.000Z' } as const
  const event = {
    rail: 'fpay',
    reference: payment?.provider_reference ?? '',
    eventId: 'e',
    externalReference: null,
    status: paid,
  } as const
  expect(await world.deliver(statusHandlers(world).apply, event)).toEqual([done])
  gate.resolve()
  await first
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'paid',
    erp_vendor_payment_id: expect.any(String),
  })
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(notificationsOf(settlementId).at(-1)).toMatchObject({ status: 'PAID' })
})

test('a callback and a look that end a payment at once tell NetSuite and GSC once', async () => {
  const payments = await Promise.all(Array.from({ length: 10 }, () => aSettledPayment()))
  const workers = [statusHandlers(world), statusHandlers(world)]
  const before = { gsc: world.sandbox.gsc.calls().total ?? 0, netsuite: world.sandbox.netsuite.calls().total ?? 0 }
  const verdicts = await Promise.all(
    payments.flatMap(({ sellerBalanceId, payment }, index) => {
      const status = { state: 'paid', paidAt: '2026-11-21T09:00:00.000Z' } as const
      const event = {
        rail: 'fpay',
        reference: payment.reference,
        eventId: `e${index}`,
        externalReference: null,
        status,
      } as const
      return workers.flatMap(({ check, apply }) => [
        world.deliver(check, { sellerBalanceId }),
        world.deliver(apply, event),
      ])
    }),
  )
  expect((world.sandbox.gsc.calls().total ?? 0) - before.gsc).toBe(payments.length)
  expect((world.sandbox.netsuite.calls().total ?? 0) - before.netsuite).toBe(payments.length)
  // Who found it being told of comes back to see, since the teller may have died.
  for (const verdict of verdicts.flat()) {
    if (verdict.kind !== 'done') expect(verdict).toMatchObject({ kind: 'retry', reason: 'being told of' })
  }
  for (const { sellerBalanceId } of payments) {
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'paid', report_lease_expires_at: null })
  }
})

test('a worker that dies while it tells leaves the rest to the next one, after its lease', async () => {
  const { sellerBalanceId, settlementId } = await aSettledPayment()
  let asked = false
  const dead = netsuiteWith({
    upsertVendorPayment() {
      asked = true
      return new Promise(() => {}) // it is gone: nothing is told, nothing is noted
    },
  })
  void world.deliver(dead, { sellerBalanceId })
  await world.until('it begins to tell', () => asked)
  const [early] = await world.deliver(check, { sellerBalanceId })
  expect(early).toMatchObject({ kind: 'retry', reason: 'being told of' })
  world.moveClock(REPORT_LEASE_MS)
  expect(await world.deliver(check, { sellerBalanceId })).toEqual([done])
  expect(vendorPaymentsOf(sellerBalanceId)).toHaveLength(1)
  expect(notificationsOf(settlementId)).toHaveLength(1)
})
