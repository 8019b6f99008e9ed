import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { aSettlement, jobOf } from '@remesa/local-stack/testing/settlements'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterEach(() => sql`delete from finance_alerts`.execute(world.database))
afterAll(() => world.stop())

const OWN_MESSAGE_MS = 15 * 60_000

const alertsOf = async (kind: 'settlement_untold' | 'settlements_untold') =>
  (await openAlerts(world.database, { limit: 1_000 })).filter((alert) => alert.kind === kind)
/** Settlements that people are told of. */
const told = async () => (await alertsOf('settlement_untold')).map(({ subject }) => subject.id).toSorted()
/** The scheduler runs, and once more when whatever it found has had its time. */
async function twoRuns() {
  await handlers.schedule()
  world.moveClock(OWN_MESSAGE_MS)
  await handlers.schedule()
  expect(await world.take(topics.settlementCompleted)).toEqual([])
  return told()
}
const close = () =>
  sql`update finance_alerts set status = 'resolved' where status <> 'resolved'`.execute(world.database)
const noteOf = async (settlementId: string) => {
  const { rows } = await sql<{ status: string; note: string | null; times: number }>`
    select status, note, times from finance_alerts
    where kind = 'settlement_untold' and subject_id = ${settlementId}`.execute(world.database)
  return rows
}

test('a settlement that the marketplace wrote and never told of is never paid by itself: people are told once, with what it owes', async () => {
  const { settlementId, settlement } = await aSettlement(world, { winners: 2 })
  const seenAt = world.now()
  await handlers.schedule()
  expect(await told()).toEqual([])
  expect(await twoRuns()).toEqual([settlementId])
  const [alert] = await alertsOf('settlement_untold')
  expect(alert).toMatchObject({
    ...{ severity: 'warning', times: 1, subject: { type: 'settlement', id: settlementId }, businessDate: null },
    details: {
      ...{ contestId: settlement.contestId, total: '2500', currency: 'USD', winners: 2, since: seenAt.toISOString() },
    },
  })
  for (let days = 0; days < 3; days += 1) {
    world.moveClock(86_400_000)
    expect(await twoRuns()).toEqual([settlementId])
  }
  await expect(jobOf(world, settlementId)).rejects.toThrow('has no job')
  expect(await noteOf(settlementId)).toMatchObject([{ times: 1 }])
  // One that people closed, since it was paid elsewhere, is not told of again.
  await close()
  world.moveClock(86_400_000)
  expect(await twoRuns()).toEqual([])
})

test('its alert closes by itself once it is told of: when it has its job, and when it is rejected', async () => {
  const owed = await aSettlement(world)
  const wrong = await aSettlement(world, { changes: { total: 1n } })
  const ids = [owed.settlementId, wrong.settlementId]
  expect(await twoRuns()).toEqual(ids.toSorted())
  for (const settlementId of ids) await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))
  expect(await jobOf(world, owed.settlementId)).toMatchObject({ status: 'pending' })
  expect(await told()).toEqual([])
  expect([await noteOf(owed.settlementId), await noteOf(wrong.settlementId)].flat()).toMatchObject([
    { status: 'resolved', note: 'It was told of, and is being paid.' },
    { status: 'resolved', note: 'It was told of, and breaks a rule.' },
  ])
  expect(await twoRuns()).toEqual([])
})

test('people are not told of what is not over, was rejected, or has its job', async () => {
  const open = await aSettlement(world, { changes: { status: 'open' } })
  const wrong = await aSettlement(world, { changes: { total: 1n } })
  const paid = await aSettlement(world)
  for (const { settlementId } of [wrong, paid]) {
    await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))
  }
  expect(await twoRuns()).toEqual([])
  // Once the contest is over its own message has its time, however long it was known before; and that is lost, too.
  world.moveClock(OWN_MESSAGE_MS)
  await sql`update settlements set status = 'closed' where settlement_id = ${open.settlementId}`.execute(world.database)
  expect(await twoRuns()).toEqual([open.settlementId])
})

test('one whose message comes while it has its time is nobody’s matter', async () => {
  const { settlementId } = await aSettlement(world)
  await handlers.schedule()
  await world.deliver(handlers.create, { settlementId })
  expect(await twoRuns()).toEqual([])
  const { rows } = await sql`select over_since from settlements where settlement_id = ${settlementId}`.execute(
    world.database,
  )
  expect(rows).toEqual([{ over_since: null }])
})

test('what is not over, or was rejected, is not written to by every run', async () => {
  const open = await aSettlement(world, { changes: { status: 'open' } })
  const wrong = await aSettlement(world, { changes: { total: 1n } })
  await world.deliver(handlers.create, aMessage({ settlementId: wrong.settlementId }, { retries: 6 }))
  const versions = async () => {
    const { rows } = await sql<{ xmin: string }>`
      select xmin::text from settlements where settlement_id in (${open.settlementId}, ${wrong.settlementId})
      order by settlement_id`.execute(world.database)
    return rows
  }
  const before = await versions()
  expect(await twoRuns()).toEqual([])
  expect(await versions()).toEqual(before)
})

test('two schedulers at once tell of each once', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await aSettlement(world)).settlementId))
  await handlers.schedule()
  world.moveClock(OWN_MESSAGE_MS)
  await Promise.all([handlers.schedule(), handlers.schedule()])
  expect(await told()).toEqual(ids.toSorted())
  for (const settlementId of ids) expect(await noteOf(settlementId)).toMatchObject([{ times: 1 }])
})

test('twenty are told of one by one; more, as when history was loaded, are one alert that counts them, and nobody is paid', async () => {
  await sql`
    insert into settlements (settlement_id, contest_id, currency, total, status)
    select 'OLD-' || n, 'CT-OLD-' || n, case when n = 1 then 'EUR' else 'USD' end, 500, 'closed' from generate_series(1, 20) n
  `.execute(world.database)
  expect(await twoRuns()).toHaveLength(20)
  await close()
  await sql`
    insert into settlements (settlement_id, contest_id, currency, total, status)
    select 'OLDER-' || n, 'CT-OLDER-' || n, case when n = 1 then 'EUR' else 'USD' end, 500, 'closed'
    from generate_series(1, 1500) n`.execute(world.database)
  await sql`
    insert into settlement_winners (settlement_id, user_id, amount, currency)
    select 'OLDER-' || n, 'user-' || n, 500, 'USD' from generate_series(2, 1500) n`.execute(world.database)
  expect(await twoRuns()).toEqual([])
  expect(await alertsOf('settlements_untold')).toMatchObject([
    {
      ...{ severity: 'warning', times: 1, subject: { type: 'settlement', id: 'OLDER-1' } },
      details: { settlements: 1_500, winners: 1_499, totals: { EUR: '500', USD: '749500' } },
    },
  ])
  world.moveClock(86_400_000)
  expect(await twoRuns()).toEqual([])
  expect(await alertsOf('settlements_untold')).toMatchObject([{ times: 1 }])
})
