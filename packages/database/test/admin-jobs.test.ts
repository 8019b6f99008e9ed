import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AdminJob, claimDueRun, findDueJobs, finishRun, listJobs, registerJobs } from '../src/admin-jobs.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const at = (hour: number) => new Date(Date.UTC(2026, 10, 21, hour))
const aJob = (name: string, changes: Partial<AdminJob> = {}): AdminJob => ({
  name,
  schedule: '0 6 * * *',
  timeZone: 'America/Santiago',
  nextRunAt: at(9),
  ...changes,
})
const register = (...jobs: AdminJob[]) => inTransaction(world, (tx) => registerJobs(tx, jobs))
const stateOf = async (name: string) => (await listJobs(world.database)).find((job) => job.name === name)

test('two schedulers that see one run fall due start it once', async () => {
  await register(aJob('once'))
  const [due] = (await findDueJobs(world.database, at(10))).filter(({ name }) => name === 'once')
  if (!due) throw new Error('not due')
  const run = { name: 'once', dueAt: due.dueAt, nextRunAt: at(33), now: at(10) }
  const claims = await Promise.all([1, 2, 3].map(() => inTransaction(world, (tx) => claimDueRun(tx, run))))
  expect(claims.filter(Boolean)).toHaveLength(1)
  expect((await findDueJobs(world.database, at(10))).map(({ name }) => name)).not.toContain('once')
  expect(await stateOf('once')).toMatchObject({ lastRunAt: at(10), nextRunAt: at(33) })
})

test('a run that fell due while no scheduler was up is still due after registering again', async () => {
  await register(aJob('missed'))
  await register(aJob('missed', { nextRunAt: at(33) }))
  expect(await stateOf('missed')).toMatchObject({ nextRunAt: at(9) })
})

test('a changed schedule takes effect at once', async () => {
  await register(aJob('moved'))
  await register(aJob('moved', { schedule: '0 7 * * *', nextRunAt: at(12) }))
  expect(await stateOf('moved')).toMatchObject({ schedule: '0 7 * * *', nextRunAt: at(12) })
})

test('the outcome of a run is noted, and never over that of a later run', async () => {
  await register(aJob('noted'))
  const claim = (dueAt: Date, nextRunAt: Date) =>
    inTransaction(world, (tx) => claimDueRun(tx, { name: 'noted', dueAt, nextRunAt, now: dueAt }))
  await claim(at(9), at(10))
  await claim(at(10), at(11))
  await finishRun(world.database, { name: 'noted', startedAt: at(10), durationMs: 12.4, error: null })
  await finishRun(world.database, { name: 'noted', startedAt: at(9), durationMs: 99, error: 'late' })
  expect(await stateOf('noted')).toMatchObject({ lastOutcome: 'succeeded', lastDurationMs: 12, lastError: null })
})
