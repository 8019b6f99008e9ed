import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { addSellers, forgetSellers, handlers, marked, runsOf } from './sellers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(() => forgetSellers(world))

const NOON = '2026-11-21T15:00:00Z' // of the 21st in Chile, too
const queuedRuns = async () => (await world.take(topics.paymentInitialization)).map(({ data }) => data.runId)

test('a reset takes every seller’s mark away, opens the run of its date, and queues its initialization', async () => {
  await addSellers(world, { name: 'A' }, { name: 'B' }, { name: 'C' })
  await sql`update sellers set day_balance_generated = true where gsc_seller_id <> 'C'`.execute(world.database)
  expect(await world.deliver(handlers(world, { now: NOON }).reset, { businessDate: '2026-11-20' })).toEqual([
    { kind: 'done' },
  ])
  expect(await marked(world)).toBe(0)
  expect(await runsOf(world)).toEqual([{ date: '2026-11-20', resets: 1, initialized: false }])
  expect(await queuedRuns()).toHaveLength(1)
})

test('a reset that leaves a mark standing is an error, and opens nothing', async () => {
  await addSellers(world, { name: 'A' })
  await sql`update sellers set day_balance_generated = true`.execute(world.database)
  await sql`
    create function keep_mark() returns trigger language plpgsql as
      $$ begin new.day_balance_generated := true; return new; end $$`.execute(world.database)
  await sql`
    create trigger keep_mark before update on sellers for each row execute function keep_mark()`.execute(world.database)
  const [verdict] = await world.deliver(handlers(world, { now: NOON }).reset, { businessDate: '2026-11-20' })
  await sql`drop function keep_mark cascade`.execute(world.database)
  expect(verdict).toEqual({ kind: 'threw', error: new Error('payment reset: 1 sellers kept their mark') })
  expect(await runsOf(world)).toEqual([])
  expect(await queuedRuns()).toEqual([])
})

test.each(['2026-11-21', '2026-11-22', '2027-01-01'])('the day %s is not over in Chile: set aside', async (date) => {
  const [verdict] = await world.deliver(handlers(world, { now: NOON }).reset, { businessDate: date })
  expect(verdict).toEqual({
    kind: 'reject',
    reason: `the business date ${date} is not over yet in America/Santiago`,
  })
  expect(await runsOf(world)).toEqual([])
})

test('a day long past may be paid again', async () => {
  await world.deliver(handlers(world, { now: NOON }).reset, { businessDate: '2025-02-28' })
  expect(await runsOf(world)).toMatchObject([{ date: '2025-02-28' }])
})

test.each([
  ['on an ordinary morning', '2026-11-21T09:00:00Z', '2026-11-20'],
  ['in the last second of a day', '2026-11-22T02:59:59Z', '2026-11-20'],
  ['at midnight', '2026-11-22T03:00:00Z', '2026-11-21'],
  ['in the first of two hours before midnight', '2026-04-05T02:30:00Z', '2026-04-03'],
  ['in the second of them', '2026-04-05T03:30:00Z', '2026-04-03'],
  ['once that night’s midnight came', '2026-04-05T04:00:00Z', '2026-04-04'],
  ['before the midnight that does not exist', '2026-09-06T03:59:59Z', '2026-09-04'],
  ['after it, at one o’clock', '2026-09-06T04:00:00Z', '2026-09-05'],
])('a reset without a date, %s (%s), is for the day before in Chile: %s', async (_, now, date) => {
  await world.deliver(handlers(world, { now }).reset, {})
  expect(await runsOf(world)).toMatchObject([{ date }])
})

test('while another date’s run initializes, a reset waits; after that it goes on', async () => {
  await addSellers(world, { name: 'A' })
  const { reset, initialize } = handlers(world, { now: NOON })
  await world.deliver(reset, { businessDate: '2026-11-19' })
  expect(await world.deliver(reset, { businessDate: '2026-11-20' })).toEqual([
    { kind: 'retry', afterMs: 2_000, reason: 'the run of 2026-11-19 is still being initialized' },
  ])
  expect(await runsOf(world)).toHaveLength(1)
  await world.deliver(initialize, ...(await queuedRuns()).map((runId) => ({ runId })))
  expect(await world.deliver(reset, { businessDate: '2026-11-20' })).toEqual([{ kind: 'done' }])
  expect(await runsOf(world)).toMatchObject([{ initialized: true }, { date: '2026-11-20', initialized: false }])
})

test('resets of one date at once open one run', async () => {
  const { reset } = handlers(world, { now: NOON })
  const data = { businessDate: '2026-11-20' }
  const verdicts = await Promise.all([1, 2, 3].map(() => world.deliver(reset, data)))
  expect(verdicts.flat()).toEqual([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }])
  expect(await runsOf(world)).toEqual([{ date: '2026-11-20', resets: 3, initialized: false }])
})
