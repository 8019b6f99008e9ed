import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { sql } from 'kysely'
import { claimBalancesToQueue, findStalledPayDays, findUnopenedPayDays } from '../src/balance-sweep.ts'
import { insertAlerts, openAlerts } from '../src/finance-alerts.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { addCountries, addSellers, aProfile, initializeAll, inTransaction, THE_DAY } from './worlds.ts'

const NOW = Date.parse('2026-11-21T09:00:00Z')
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const GRACE_MS = 10 * MINUTE_MS
const after = (minutes: number) => new Date(NOW + minutes * MINUTE_MS)

let world: TestDatabase
let ids: readonly string[]
beforeAll(async () => {
  world = await createTestDatabase()
  await addCountries(world)
  await addSellers(world, aProfile('S1'), aProfile('S2'))
  ids = await initializeAll(world)
})
afterAll(() => world.drop())
beforeEach(async () => {
  await sql`delete from payment_attempts`.execute(world.database)
  await sql`delete from finance_alerts`.execute(world.database)
  await inTransaction(world, async (tx) => {
    // As if it were another balance: one that failed leaves its end only by two people.
    await sql`alter table seller_balances disable trigger takes_two_to_pay_again`.execute(tx)
    await sql`
      update seller_balances set status = 'no_payment_due', amount_owed = 5, next_try_at = null, jobs = '{}',
        status_checks = 0, erp_told_at = null, gsc_told_at = null, created_at = ${after(0)}, updated_at = ${after(0)}
    `.execute(tx)
    await sql`alter table seller_balances enable trigger takes_two_to_pay_again`.execute(tx)
  })
})

const sweep = (minutes: number, limit = 10) =>
  inTransaction(world, (tx) => claimBalancesToQueue(tx, { now: after(minutes), graceMs: GRACE_MS, limit }))
const dueAt = async (minutes: number) => (await sweep(minutes)).map(({ due }) => due)
/** The first balance, brought to a status; the other waits for nothing. */
async function aBalance(changes: object) {
  await world.database
    .updateTable('seller_balances')
    .set({ ...changes })
    .where('id', '=', ids[0] ?? '')
    .execute()
}

test.each<[string, object, string, number]>([
  ['to be retrieved', { status: 'initialized', amount_owed: null }, 'retrieval', 20],
  ['to be paid', { status: 'payable' }, 'payment', 10],
  ['to be paid later', { status: 'awaiting_funds', next_try_at: after(30) }, 'payment', 40],
  ['to be looked at', { status: 'payment_pending', next_try_at: after(5), status_checks: 3 }, 'look', 15],
  ['paid and not told of', { status: 'paid', gsc_told_at: after(0) }, 'report', 70],
  ['failed and not told of', { status: 'failed' }, 'report', 70],
])(
  'a balance %s is queued again once its message had its time, by one of two schedulers',
  async (_, changes, due, at) => {
    await aBalance(changes)
    expect(await dueAt(at - 0.01)).toEqual([])
    const swept = (await Promise.all([sweep(at), sweep(at)])).flat()
    const statusChecks = due === 'look' ? 3 : 0
    expect(swept).toEqual([{ sellerBalanceId: ids[0], due, statusChecks }])
  },
)

test('a balance whose worker died while it paid is queued once its lease has been over for a while', async () => {
  await aBalance({ status: 'paying' })
  await sql`
    insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
      destination, instruction, state, lease_token, lease_expires_at)
    values ('seller_balance', ${ids[0]}, 'fpay', 1, 'k', 5, 'CLP', 'd', '{}', 'claimed', gen_random_uuid(), ${after(30)})
  `.execute(world.database)
  expect(await dueAt(39)).toEqual([])
  expect(await dueAt(40)).toEqual(['payment'])
})

test('what is told, waits for its time, or was asked for lately is left alone', async () => {
  await aBalance({ status: 'paid', erp_told_at: after(0), gsc_told_at: after(0) })
  expect(await dueAt(600)).toEqual([])
  await aBalance({ status: 'awaiting_funds', next_try_at: after(600) })
  expect(await dueAt(600)).toEqual([])
  const jobs = { retrieval: { lastExecution: after(590).toISOString() } }
  await aBalance({ status: 'initialized', next_try_at: null, jobs: JSON.stringify(jobs) })
  expect(await dueAt(600)).toEqual([])
})

test('while a rail rests its balances are not queued: their messages come back by themselves', async () => {
  await aBalance({ status: 'payable' })
  const rest = (until: Date | null) =>
    sql`update rails set paused_until = ${until} where name = 'fpay'`.execute(world.database)
  await rest(after(60))
  expect(await dueAt(69)).toEqual([])
  expect(await dueAt(70)).toEqual(['payment'])
  await rest(null)
})

test('a long outage queues a balance ever less often', async () => {
  await aBalance({ status: 'payable' })
  const times: number[] = []
  for (let minutes = 0; minutes <= 300; minutes += 5) if ((await sweep(minutes)).length > 0) times.push(minutes)
  expect(times).toEqual([10, 20, 40, 80, 140, 200, 260])
})

test('those that wait longest go first when there are more than one run takes', async () => {
  await sql`update seller_balances set status = 'payable'`.execute(world.database)
  await aBalance({ updated_at: after(-1) })
  expect((await sweep(20, 1)).map(({ sellerBalanceId }) => sellerBalanceId)).toEqual([ids[0]])
  expect((await sweep(20, 1)).map(({ sellerBalanceId }) => sellerBalanceId)).toEqual([ids[1]])
})

test('a pay-day stalls when sellers have no balances, or balances wait for us; not when they wait for the bank', async () => {
  const stalled = (minutes: number) =>
    inTransaction(world, (tx) => findStalledPayDays(tx, { now: after(minutes), stalledMs: 60 * MINUTE_MS }))
  const run = (initializedAt: Date | null) =>
    sql`update pay_day_runs set opened_at = ${after(0)}, initialized_at = ${initializedAt}`.execute(world.database)
  await run(null)
  expect(await stalled(59)).toEqual([])
  expect(await stalled(60)).toMatchObject([
    { kind: 'pay_day_stalled', dedupKey: `pay_day_stalled:${THE_DAY}`, businessDate: THE_DAY },
  ])
  await run(after(1))
  await aBalance({ status: 'payment_pending' })
  expect(await stalled(60)).toEqual([])
  await aBalance({ status: 'paying' })
  expect(await stalled(60)).toMatchObject([{ details: { initialized: true, open: { paying: 1 } } }])
})

test('a pay-day that never began is told once, and no more once it has; what was due before the first was opened is none', async () => {
  await sql`update pay_day_runs set opened_at = '2026-11-21T14:00:00Z'`.execute(world.database)
  const due = (date: string) => ({ date: businessDate(date), at: new Date(Date.parse(`${date}T09:00:00Z`) + DAY_MS) })
  const look = (...dates: string[]) =>
    inTransaction(world, async (tx) => insertAlerts(tx, await findUnopenedPayDays(tx, dates.map(due))))
  const open = async () => (await openAlerts(world.database, { limit: 10 })).map(({ dedupKey }) => dedupKey)
  // A new system whose first pay-day was asked for by hand in the afternoon, for a day of last week.
  expect(await look('2026-11-01', THE_DAY, '2026-11-20')).toEqual([])
  expect(await look(THE_DAY, '2026-11-21', '2026-11-22')).toMatchObject([
    { kind: 'pay_day_stalled', businessDate: '2026-11-21', details: { opened: false } },
    { kind: 'pay_day_stalled', businessDate: '2026-11-22' },
  ])
  expect(await look('2026-11-21', '2026-11-22')).toEqual([])
  await sql`insert into pay_day_runs (business_date) values ('2026-11-21')`.execute(world.database)
  await look('2026-11-21', '2026-11-22')
  expect(await open()).toEqual(['pay_day_stalled:2026-11-22:not_opened'])
  await sql`delete from pay_day_runs where business_date = '2026-11-21'`.execute(world.database)
})
