import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import type { PaymentOutcome, Rail } from '@remesa/domain/rail'
import { alertsAbout, attemptRows, balanceRow, ledgerFaults, postedFor } from '@remesa/local-stack/testing/books'
import { untilItKillsItself } from '@remesa/local-stack/testing/processes'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { LEASE_MS, payHandler } from './handler.ts'

let world: World
let pay: ReturnType<typeof payHandler>
beforeAll(async () => {
  world = await startWorld()
  pay = payHandler(world)
})
afterAll(() => world.stop())

const DAY_MS = 86_400_000
const route = 'POST /v1/payouts'

/** FPay, but `pay` is something else. */
function fpayWith(change: (pay: Rail['pay']) => Rail['pay']) {
  const fpay = world.rails.get('fpay')
  if (!fpay) throw new Error('no fpay')
  return { rails: new Map([['fpay' as const, { ...fpay, pay: change(fpay.pay) }]]) }
}

/** Pays by a worker in a process of its own that SIGKILL ends. */
async function payAndDie(sellerBalanceId: string, when: 'before the call' | 'after the call'): Promise<void> {
  const script = new URL('dying-worker.ts', import.meta.url)
  const aheadMs = world.now().getTime() - Date.now()
  const env = { DATABASE_URL: world.databaseUrl, ...world.railEnvironment }
  await untilItKillsItself(script, [sellerBalanceId, when, aheadMs], env)
}

async function expectPaidOnce(sellerBalanceId: string, account: string | null): Promise<void> {
  world.sandbox.fpay.settleAll()
  expect(world.sandbox.fpay.books.payments(account ?? '')).toHaveLength(1)
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'payment_pending', attempts: 0 })
  expect(await postedFor(world, sellerBalanceId)).toEqual({ owed_from: -100_000n, in_transit: 100_000n })
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
}

test.each([
  ['before the call', 0],
  ['after the call', 1],
] as const)(
  'a worker killed %s leaves a payment that the next one finishes with the same key, once',
  async (when, made) => {
    const { sellerBalanceId, profile } = await aPayableBalance(world)
    await payAndDie(sellerBalanceId, when)
    expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(made)
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
      status: 'paying',
      jobs: { payment: { messageId: '1', finished: false, successful: false } },
    })

    // Its message comes again at once: the dead worker might still be calling.
    const [early] = await world.deliver(pay, { sellerBalanceId })
    expect(early).toMatchObject({ kind: 'retry', reason: 'leased' })
    world.moveClock(LEASE_MS)
    expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
    expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'accepted', calls: 2 }])
    await expectPaidOnce(sellerBalanceId, profile.fpayId)
  },
)

test.each([
  ['the reply is lost', { kind: 'lost-response' }],
  ['500 comes before the work', { kind: 'error-before' }],
  ['500 comes after the work', { kind: 'error-after' }],
  ['garbage comes instead of the work', { kind: 'garbage-before' }],
  ['garbage comes after the work', { kind: 'garbage-after' }],
] as const)('when %s, the same key goes out again, and the seller is paid once', async (_, fault) => {
  const { sellerBalanceId, profile } = await aPayableBalance(world)
  world.sandbox.fpay.faults.script({ ...fault, subject: sellerBalanceId, route, times: 2 })
  await world.deliver(pay, { sellerBalanceId })
  const [again, ...others] = await world.take(topics.paySellerBalance)
  expect(others).toEqual([])
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({
    status: 'paying',
    attempts: 0,
    jobs: { payment: { finished: false, error: expect.any(String) } },
  })
  // Waits grow: the second is about twice the first.
  const first = (again?.deliverAt.getTime() ?? 0) - world.now().getTime()
  world.moveClock(LEASE_MS)
  await world.deliver(pay, { sellerBalanceId })
  const [third] = await world.take(topics.paySellerBalance)
  expect((third?.deliverAt.getTime() ?? 0) - world.now().getTime()).toBeGreaterThan(first)
  world.moveClock(LEASE_MS)
  await world.deliver(pay, { sellerBalanceId })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted', calls: 3 }])
  await expectPaidOnce(sellerBalanceId, profile.fpayId)
})

test('a provider that answers nothing usable for long is told of, and asked on with the same key', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world)
  world.sandbox.fpay.faults.script({ kind: 'error-before', subject: sellerBalanceId, route, times: 9 })
  for (let call = 1; call <= 9; call += 1) {
    expect(await alertsAbout(world, sellerBalanceId)).toEqual(call <= 8 ? {} : { payment_unknown: 1 })
    await world.deliver(pay, { sellerBalanceId })
    world.moveClock(20 * 60_000)
  }
  await world.deliver(pay, { sellerBalanceId })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ generation: 1, state: 'accepted', calls: 10 }])
  expect(await openAlerts(world.database, { limit: 10 })).toEqual([])
  await world.take(topics.paySellerBalance)
  await expectPaidOnce(sellerBalanceId, profile.fpayId)
})

test('a first call that answers after the second has begun still counts, and nothing is paid twice', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const slow = payHandler(
    world,
    fpayWith((call) => async (instruction) => {
      const outcome = await call(instruction)
      await released
      return outcome
    }),
  )
  const first = world.deliver(slow, { sellerBalanceId })
  await world.until('the first call is made', () => world.sandbox.fpay.payoutsOf(sellerBalanceId).length > 0)
  world.moveClock(LEASE_MS)
  const noAnswer = fpayWith(() => async (): Promise<PaymentOutcome> => {
    return { kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }
  })
  await world.deliver(payHandler(world, noAnswer), { sellerBalanceId })
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'claimed', calls: 2 }])
  release()
  expect(await first).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'accepted', calls: 2 }])
  // The message that the second call left has nothing left to do.
  world.moveClock(60_000)
  expect(await world.take(topics.paySellerBalance)).toHaveLength(1)
  expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'accepted', calls: 2 }])
  await expectPaidOnce(sellerBalanceId, profile.fpayId)
})

test('two calls with one key answered in one transaction leave one truth, the acceptance', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world)
  const gate = Promise.withResolvers<void>()
  const answers: PaymentOutcome[] = []
  const held = payHandler(
    world,
    fpayWith((call) => async (instruction) => {
      const outcome: PaymentOutcome =
        answers.length === 0 ? await call(instruction) : { kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }
      answers.push(outcome)
      await gate.promise
      return outcome
    }),
  )
  const first = world.deliver(held, { sellerBalanceId })
  await world.until('the first call is answered', () => answers.length === 1)
  world.moveClock(LEASE_MS)
  const second = world.deliver(held, { sellerBalanceId })
  await world.until('the second call is answered', () => answers.length === 2)
  gate.resolve()
  expect(await Promise.all([first, second])).toEqual([[done], [done]])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([{ state: 'accepted', calls: 2 }])
  expect(await world.take(topics.paySellerBalance)).toEqual([])
  await expectPaidOnce(sellerBalanceId, profile.fpayId)
})

test('a request that is still under way at the bank is not sent as another', async () => {
  const { sellerBalanceId, profile } = await aPayableBalance(world)
  world.sandbox.fpay.slowWork(sellerBalanceId, 300)
  const before = world.sandbox.fpay.calls()[route] ?? 0
  const first = world.deliver(pay, { sellerBalanceId })
  await world.until('the bank has the request', () => (world.sandbox.fpay.calls()[route] ?? 0) > before)
  world.moveClock(LEASE_MS)
  await world.deliver(pay, { sellerBalanceId })
  expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ jobs: { payment: { error: 'in_progress' } } })
  expect(await first).toEqual([done])
  await world.take(topics.paySellerBalance)
  await expectPaidOnce(sellerBalanceId, profile.fpayId)
})

test.each([
  ['made it', 'lost-response', 1],
  ['did not make it', 'error-before', 0],
] as const)(
  'a key that the bank may have forgotten is looked up first: it %s, and it is paid once',
  async (_, kind, made) => {
    const { sellerBalanceId, profile } = await aPayableBalance(world)
    world.sandbox.fpay.faults.script({ kind, subject: sellerBalanceId, route })
    await world.deliver(pay, { sellerBalanceId })
    expect(world.sandbox.fpay.payoutsOf(sellerBalanceId)).toHaveLength(made)
    world.sandbox.fpay.forgetKeys()
    world.moveClock(4 * DAY_MS) // beyond half of the seven days that FPay keeps a key
    const calls = () => world.sandbox.fpay.calls()
    const before = calls()
    expect(await world.deliver(pay, { sellerBalanceId })).toEqual([done])
    expect(calls()['GET /v1/payouts'] ?? 0).toBeGreaterThan(before['GET /v1/payouts'] ?? 0)
    expect((calls()[route] ?? 0) - (before[route] ?? 0)).toBe(1 - made)
    await world.take(topics.paySellerBalance)
    await expectPaidOnce(sellerBalanceId, profile.fpayId)
  },
)

test('a bank that gives two references for one key has its books compared by a person', async () => {
  const { sellerBalanceId } = await aPayableBalance(world)
  const accepted = (reference: string): PaymentOutcome => ({
    kind: 'accepted',
    reference,
    status: { state: 'pending' },
    facts: { status: 201 },
  })
  const gate = Promise.withResolvers<void>()
  const late = payHandler(
    world,
    fpayWith(() => async () => {
      await gate.promise
      return accepted('fpo_first')
    }),
  )
  const first = world.deliver(late, { sellerBalanceId })
  await world.until('the attempt is claimed', async () => (await attemptRows(world, sellerBalanceId)).length === 1)
  world.moveClock(LEASE_MS)
  await world.deliver(
    payHandler(
      world,
      fpayWith(() => async () => accepted('fpo_second')),
    ),
    { sellerBalanceId },
  )
  gate.resolve()
  expect(await first).toEqual([done])
  expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
    { state: 'accepted', provider_reference: 'fpo_second' },
  ])
  expect(await alertsAbout(world, sellerBalanceId)).toEqual({ payment_mismatch: 1 })
})

test('a bank that gives one reference for two payments has its books compared: the second stays open, neither loops', async () => {
  const [one, two, three] = [await aPayableBalance(world), await aPayableBalance(world), await aPayableBalance(world)]
  const same = payHandler(
    world,
    fpayWith(() => async () => {
      return { kind: 'accepted', reference: 'fpo_same', status: { state: 'pending' }, facts: { status: 201 } }
    }),
  )
  const message = ({ sellerBalanceId }: { sellerBalanceId: string }) => ({ sellerBalanceId })
  expect(await world.deliver(same, message(one))).toEqual([done])
  expect(await world.deliver(same, message(two), message(three))).toEqual([done, done])
  expect(await attemptRows(world, one.sellerBalanceId)).toMatchObject([{ state: 'accepted' }])
  for (const { sellerBalanceId } of [two, three]) {
    expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: 'paying', attempts: 0 })
    expect(await attemptRows(world, sellerBalanceId)).toMatchObject([
      { state: 'claimed', lease_expires_at: expect.any(Date), provider_reference: null },
    ])
    expect(await alertsAbout(world, sellerBalanceId)).toEqual({ payment_mismatch: 1 })
    const alert = await world.database
      .selectFrom('finance_alerts')
      .select('details')
      .where('subject_id', '=', sellerBalanceId)
      .executeTakeFirstOrThrow()
    expect(alert.details).toMatchObject({
      reference: 'fpo_same',
      key: `seller-balance:${sellerBalanceId}`,
      recordedFor: `seller-balance:${one.sellerBalanceId}`,
    })
  }
})

test('two payments accepted by one reference in one transaction are told apart, too', async () => {
  const balances = [await aPayableBalance(world), await aPayableBalance(world)]
  const same = payHandler(
    world,
    fpayWith(() => async () => {
      return { kind: 'accepted', reference: 'fpo_twin', status: { state: 'pending' }, facts: { status: 201 } }
    }),
  )
  expect(await world.deliver(same, ...balances.map(({ sellerBalanceId }) => ({ sellerBalanceId })))).toEqual([
    done,
    done,
  ])
  const states = await Promise.all(balances.map(({ sellerBalanceId }) => attemptRows(world, sellerBalanceId)))
  expect(
    states
      .flat()
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['accepted', 'claimed'])
})
