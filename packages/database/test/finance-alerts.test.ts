import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  claimUnsentAlerts,
  insertAlerts,
  markAlertsSent,
  type NewAlert,
  openAlerts,
  resolveAlerts,
} from '../src/finance-alerts.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const anAlert = (dedupKey: string, changes: Partial<NewAlert> = {}): NewAlert => ({
  kind: 'insufficient_funds',
  dedupKey,
  subject: { type: 'rail', id: 'fpay' },
  businessDate: '2026-11-20',
  details: { amount: 9007199254740993n },
  ...changes,
})
const raise = (...alerts: NewAlert[]) => inTransaction(world, (tx) => insertAlerts(tx, alerts))
const stored = async (dedupKey: string) =>
  (await openAlerts(world.database, { limit: 1000 })).find((alert) => alert.dedupKey === dedupKey)

test('an alert raised again is counted and not told again, with its last details', async () => {
  expect(await raise(anAlert('a'), anAlert('a'))).toMatchObject([{ dedupKey: 'a', severity: 'critical', times: 2 }])
  expect(await raise(anAlert('a', { details: { amount: '5' } }), anAlert('b'))).toMatchObject([{ dedupKey: 'b' }])
  expect(await stored('a')).toMatchObject({ times: 3, details: { amount: '5' }, businessDate: '2026-11-20' })
})

test('amounts above what a JSON number holds are kept exactly', async () => {
  await raise(anAlert('exact'))
  expect((await stored('exact'))?.details).toEqual({ amount: '9007199254740993' })
})

test('an alert that was settled and comes again is told again', async () => {
  const [first] = await raise(anAlert('again'))
  await markAlertsSent(world.database, [first?.id ?? ''])
  await inTransaction(world, (tx) => resolveAlerts(tx, { dedupKeys: ['again'], note: 'topped up' }))
  expect(await stored('again')).toBeUndefined()
  expect(await raise(anAlert('again'))).toMatchObject([{ dedupKey: 'again', status: 'open', times: 2 }])
  const { claimed } = await claimUnsentAlerts(world.database, { ids: [first?.id ?? ''], leaseMs: 1000 })
  expect(claimed).toHaveLength(1)
})

test('batches at once with the same matters in any order all go through, and each matter is told by one', async () => {
  const keys = Array.from({ length: 30 }, (_, n) => `crowd${n}`)
  const told = await Promise.all(
    [keys, keys.toReversed(), keys, keys.toReversed()].map((order) => raise(...order.map((key) => anAlert(key)))),
  )
  expect(
    told
      .flat()
      .map(({ dedupKey }) => dedupKey)
      .toSorted(),
  ).toEqual(keys.toSorted())
  expect(await stored('crowd7')).toMatchObject({ times: 4 })
})

test('an alert is sent by one sender, and by the next when the first died', async () => {
  const [alert] = await raise(anAlert('sent'))
  const ids = [alert?.id ?? '']
  const claim = (leaseMs: number) => claimUnsentAlerts(world.database, { ids, leaseMs })
  const claims = await Promise.all([claim(60_000), claim(60_000)])
  expect(claims.map(({ claimed }) => claimed.length).toSorted()).toEqual([0, 1])
  expect(claims.flatMap(({ inOtherHands }) => [...inOtherHands])).toEqual(ids)

  const [left] = await raise(anAlert('left behind'))
  const dead = { ids: [left?.id ?? ''], leaseMs: 0 }
  expect((await claimUnsentAlerts(world.database, dead)).claimed).toHaveLength(1)
  expect((await claimUnsentAlerts(world.database, dead)).claimed).toHaveLength(1)
  await markAlertsSent(world.database, dead.ids)
  expect((await claimUnsentAlerts(world.database, dead)).claimed).toHaveLength(0)
})
