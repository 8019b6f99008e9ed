import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { claimBalancesToQueue } from '@remesa/database/balance-sweep'
import { decideControlApproval } from '@remesa/database/control-approvals'
import { askForRelease, listCooling, releaseCooling } from '@remesa/database/destination-cooling'
import { openAlerts } from '@remesa/database/finance-alerts'
import { closePassedAlerts } from '@remesa/database/passed-alerts'
import { releaseBlocked } from '@remesa/database/seller-balances'
import { COOLING_MS } from '@remesa/domain/cooling'
import type { Rail } from '@remesa/domain/rail'
import { alertsAbout, attemptRows, auditTrail, balanceRow } from '@remesa/local-stack/testing/books'
import { aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { LEASE_MS, payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
})
afterAll(() => world.stop())

/** The worker so much later: the database notes a change by its own clock, which stays where it is. */
const payAfter = (ms: number) => payHandler(world, { now: () => new Date(world.now().getTime() + ms) })
const payoutsOf = (id: string) => world.sandbox.fpay.payoutsOf(id)
const sweep = async (now: Date) => {
  const left = await world.database
    .transaction()
    .execute((tx) => claimBalancesToQueue(tx, { now, graceMs: 60_000, limit: 1_000 }))
  return left.map(({ sellerBalanceId }) => sellerBalanceId)
}

test('a seller that has another account than before waits until it has cooled, and is then paid there by itself', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD' })
  await changeSeller(world, seller, { fpayId: 'FP-NEW' })
  const [waits] = await world.deliver(pay, { sellerBalanceId })
  if (waits?.kind !== 'retry') throw new Error(`it is ${waits?.kind}`)
  expect(waits.reason).toBe('destination_changed')
  expect(Math.abs(waits.afterMs - COOLING_MS)).toBeLessThan(60_000)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'blocked',
    blocked_reason: 'destination_changed',
    attempts: 0,
  })
  expect(await alertsAbout(world, seller.sellerId)).toEqual({ destination_changed: 1 })
  expect(await attemptRows(world, sellerBalanceId)).toEqual([])

  // Asked for again before its time it still waits, and the sweep leaves it alone.
  expect(await world.deliver(pay, { sellerBalanceId })).toMatchObject([
    { kind: 'retry', reason: 'destination_changed' },
  ])
  expect(await sweep(new Date(world.now().getTime() + waits.afterMs))).not.toContain(sellerBalanceId)
  expect(await sweep(new Date(world.now().getTime() + waits.afterMs + 120_000))).toContain(sellerBalanceId)

  expect(await world.deliver(payAfter(waits.afterMs), { sellerBalanceId })).toEqual([done])
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-NEW' }])
  const close = (ms: number) =>
    world.database.transaction().execute((tx) => closePassedAlerts(tx, new Date(world.now().getTime() + ms)))
  expect([await close(waits.afterMs - 60_000), await close(waits.afterMs)]).toEqual([0, 1])
  expect(await auditTrail(world, sellerBalanceId)).toEqual(
    expect.arrayContaining([
      'seller_balance.blocked: payable → blocked',
      'seller_balance.released: blocked → payable',
      'payment.claimed: payable → paying',
    ]),
  )
})

test('all that waits for one change is one alert, and is paid at once when two people let it pass', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-2' })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-2' })
  await world.deliver(pay, { sellerBalanceId })
  const payee = { type: 'seller', id: seller.sellerId } as const
  const [state] = (await listCooling(world.database)).filter((one) => one.payee.id === payee.id)
  expect(state).toMatchObject({ payee, payments: 1, release: null })
  const queued = await world.database.transaction().execute(async (tx) => {
    const asked = { actor: 'operator:olga', reason: 'the seller confirmed it', now: world.now() }
    const asking = await askForRelease(tx, payee, asked)
    if (asking?.kind !== 'asked') throw new Error(`the release is ${asking?.kind}`)
    const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
    return releaseCooling(tx, await decideControlApproval(tx, asking.approval.id, decision, world.now()))
  })
  expect(queued).toEqual([sellerBalanceId])
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-NEW-2' }])
  const open = await openAlerts(world.database, { limit: 100 })
  expect(open.filter(({ subject }) => subject.id === seller.sellerId)).toEqual([])
})

test('a payment that may be out as the account changes is finished with its key, where it was sent', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-3' })
  const rail = world.rails.get('fpay')
  if (!rail) throw new Error('no rail')
  const silent: Rail = { ...rail, pay: async () => ({ kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }) }
  await world.deliver(payHandler(world, { rails: new Map([...world.rails, ['fpay', silent]]) }), { sellerBalanceId })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-3' })
  world.moveClock(10 * LEASE_MS)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-OLD-3' }])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted' }])
})

test('a balance without an account waits for one, and another account than the one before waits again', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-4' })
  await changeSeller(world, seller, { fpayId: null })
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ blocked_reason: 'bank_id_missing' })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-4' })
  await world.database.transaction().execute((tx) => releaseBlocked(tx, [seller.sellerId], 'test'))
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ blocked_reason: 'destination_changed' })
})

test('what waits as its seller is closed is blocked for that when its time is over', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-5' })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-5' })
  await world.deliver(pay, { sellerBalanceId })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-5', status: 'closed' })
  expect(await world.deliver(payAfter(COOLING_MS), { sellerBalanceId })).toEqual([done])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ blocked_reason: 'seller_closed' })
})

test('with no cooling time nothing waits', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-6' })
  await changeSeller(world, seller, { fpayId: 'FP-NEW-6' })
  expect(await world.deliver(payHandler(world, { coolingMs: 0 }), { sellerBalanceId })).toEqual([done])
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-NEW-6' }])
})

test('a payment put off by its rail is looked up and given up where its account was changed and changed back; then it waits', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(world, { account: 'FP-OLD-7' })
  world.sandbox.fpay.faults.script({ kind: 'rate-limited', subject: sellerBalanceId, times: 1 })
  await world.deliver(pay, { sellerBalanceId })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'postponed' }])
  await changeSeller(world, seller, { fpayId: 'FP-NEW-7' })
  await changeSeller(world, { ...seller, profile: { ...seller.profile, fpayId: 'FP-NEW-7' } }, { fpayId: 'FP-OLD-7' })
  expect(await world.deliver(payAfter(3_600_000), { sellerBalanceId })).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'declined', refusal_reason: 'superseded' }])
  expect(await world.deliver(payAfter(7_200_000), { sellerBalanceId })).toMatchObject([
    { kind: 'retry', reason: 'destination_changed' },
  ])
  expect(await world.deliver(payAfter(COOLING_MS + 60_000), { sellerBalanceId })).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{}, { generation: 2, state: 'accepted' }])
  expect(payoutsOf(sellerBalanceId)).toMatchObject([{ accountNumber: 'FP-OLD-7' }])
})
