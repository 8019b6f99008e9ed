import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aSettlement, madeAtStripe, transferNow, transfersOf } from '@remesa/local-stack/testing/settlements'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { GRACE_MS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => world.stop())

const told = async () => (await world.take(topics.settlementCompleted)).map(({ data }) => data.settlementId)
/** The scheduler runs, and once more when whatever it found has had its time. */
const twoRuns = async () => {
  await handlers.schedule()
  expect(await told()).toEqual([])
  world.moveClock(GRACE_MS + 1)
  await handlers.schedule()
  return told()
}

test('a settlement that the marketplace wrote and never told of is paid once, when its message has had its time', async () => {
  const { settlementId } = await aSettlement(world)
  expect(await twoRuns()).toEqual([settlementId])
  await world.deliver(handlers.create, { settlementId }, { settlementId })
  const [transfer] = await transfersOf(world, settlementId)
  const transferId = transfer?.transferId ?? ''
  await world.deliver(handlers.pay, { payoutTransferId: transferId })
  expect(await transferNow(world, transferId)).toMatchObject({ status: 'completed' })
  expect(madeAtStripe(world, transferId)).toHaveLength(1)
  world.moveClock(3 * 86_400_000)
  expect(await twoRuns()).toEqual([])
  const { rows } = await sql<{ left: string }>`
    select swept_until::text as left from settlements where settlement_id = ${settlementId}`.execute(world.database)
  expect(rows).toEqual([{ left: 'infinity' }])
})

test('one that nobody can look at is told of again after a day, and no sooner', async () => {
  const { settlementId } = await aSettlement(world)
  expect(await twoRuns()).toEqual([settlementId])
  expect(await twoRuns()).toEqual([])
  world.moveClock(86_400_000)
  await handlers.schedule()
  expect(await told()).toEqual([settlementId])
  await world.deliver(handlers.create, { settlementId })
})

test('what is not over, was rejected, or has its job, is not told of', async () => {
  const open = await aSettlement(world, { changes: { status: 'open' } })
  const wrong = await aSettlement(world, { changes: { total: 1n } })
  const paid = await aSettlement(world)
  for (const { settlementId } of [wrong, paid]) {
    await world.deliver(handlers.create, aMessage({ settlementId }, { retries: 6 }))
  }
  expect(await twoRuns()).toEqual([])
  // Once the contest is over its own message has its time, however long it was known before; and that is lost, too.
  world.moveClock(GRACE_MS + 1)
  await sql`update settlements set status = 'closed' where settlement_id = ${open.settlementId}`.execute(world.database)
  expect(await twoRuns()).toEqual([open.settlementId])
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
  world.moveClock(GRACE_MS + 1)
  await Promise.all([handlers.schedule(), handlers.schedule()])
  expect((await told()).toSorted()).toEqual(ids.toSorted())
})
