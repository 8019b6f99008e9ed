import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { listJobs, registerJobs } from '@remesa/database/admin-jobs'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { sql } from 'kysely'
import { payoutHandlers } from './handlers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  const job = { name: 'payout-scheduler', schedule: '*/5 * * * *', timeZone: 'UTC', nextRunAt: new Date(8e12) }
  await world.database.transaction().execute((tx) => registerJobs(tx, [job]))
})
afterAll(() => world.stop())

const theJob = async () => (await listJobs(world.database))[0]

test('a run of the payout scheduler is in admin_jobs with when it began, what it took and how it ended', async () => {
  const before = world.now()
  await world.deliver(payoutHandlers(world).scheduled, {})
  expect(await theJob()).toMatchObject({
    name: 'payout-scheduler',
    schedule: '*/5 * * * *',
    nextRunAt: new Date(8e12),
    lastRunAt: expect.any(Date),
    lastDurationMs: expect.any(Number),
    lastOutcome: 'succeeded',
    lastError: null,
  })
  expect((await theJob())?.lastRunAt?.getTime()).toBeGreaterThanOrEqual(before.getTime())
})

test('a run that fails says why, is told to be run again, and the next one that succeeds clears it', async () => {
  await sql`alter table payout_transfers rename to payout_transfers_away`.execute(world.database)
  await expect(world.deliver(payoutHandlers(world).scheduled, {})).rejects.toThrow('payout_transfers')
  expect(await theJob()).toMatchObject({
    lastOutcome: 'failed',
    lastError: expect.stringContaining('payout_transfers'),
  })
  await sql`alter table payout_transfers_away rename to payout_transfers`.execute(world.database)
  await world.deliver(payoutHandlers(world).scheduled, {})
  expect(await theJob()).toMatchObject({ lastOutcome: 'succeeded', lastError: null })
})
