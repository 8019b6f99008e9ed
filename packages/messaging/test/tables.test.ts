import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@remesa/database/testing/test-database'
import { topics } from '../src/catalogue.ts'
import { insertDeadLettersOnce, listDeadLetters, replayDeadLetter } from '../src/dead-letters.ts'
import { raiseAlerts } from '../src/finance-alerts.ts'
import { enqueue } from '../src/outbox.ts'
import { loose, ordered } from './topics.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const outbox = (topic: { name: string }) =>
  world.database.selectFrom('outbox').selectAll().where('topic', '=', topic.name).orderBy('id').execute()

test('rows of the outbox stand in the order of the messages, each with its key and its time', async () => {
  const deliverAt = new Date('2027-01-01T00:00:00.250Z')
  await world.database.transaction().execute(async (tx) => {
    await enqueue(tx, ordered, [
      { data: { key: 'a', n: 1 }, deliverAt },
      { data: { key: 'a', n: 2 }, orderingKey: 'b' },
      ...Array.from({ length: 500 }, (_, n) => ({ data: { key: 'c', n } })),
    ])
  })
  const rows = await outbox(ordered)
  expect(rows).toHaveLength(502)
  expect(rows[0]).toMatchObject({ ordering_key: 'a', data: { key: 'a', n: 1 }, deliver_at: deliverAt })
  expect(rows[1]?.ordering_key).toBe('b')
  expect(rows[1]?.deliver_at.getTime()).toBeLessThanOrEqual(Date.now() + 1000)
  expect(rows.slice(2).map(({ data }) => (data as { n: number }).n)).toEqual(Array.from({ length: 500 }, (_, n) => n))
})

test('data that does not fit its topic is refused where it is enqueued, and nothing is written', async () => {
  const wrong = world.database
    .transaction()
    .execute((tx) => enqueue(tx, loose, [{ data: { n: 1 } }, { data: { n: 1.5 } }]))
  await expect(wrong).rejects.toThrow(/data does not fit loose_topic: .*n/s)
  expect(await outbox(loose)).toEqual([])
})

test('an alert raised again and again is sent once', async () => {
  const alert = {
    kind: 'bank_id_missing',
    dedupKey: 'bank_id_missing:b1',
    subject: { type: 'seller_balance', id: 'b1' },
    businessDate: '2026-11-20',
    details: { sellerId: 's1' },
  } as const
  const other = { ...alert, dedupKey: 'bank_id_missing:b2' }
  const raise = (...alerts: (typeof other)[]) => world.database.transaction().execute((tx) => raiseAlerts(tx, alerts))
  const [first] = await raise(alert as typeof other, alert as typeof other)
  const second = await raise(alert as typeof other, other)
  expect(second.map(({ dedupKey }) => dedupKey)).toEqual([other.dedupKey])
  const stored = await world.database
    .selectFrom('finance_alerts')
    .select(['id', 'times'])
    .orderBy('dedup_key')
    .execute()
  expect(stored.map(({ times }) => times)).toEqual([3, 1])
  const sent = (await outbox(topics.financeAlert)).map(({ data }) => data)
  expect(sent).toEqual([{ financeAlertId: first?.id }, { financeAlertId: second[0]?.id }])
})

const letter = (n: number, data = `{"n":${n}}`) => ({
  topic: loose.name,
  subscription: loose.subscriptions[0].name,
  messageId: `m${n}`,
  orderingKey: null,
  data: Buffer.from(data),
  attributes: { eventId: 'e', odd: 'nul \0 within', CloudPubSubDeadLetterSourceDeliveryCount: '20' },
  reason: 'half a pair \ud800',
})

test('dead letters are stored once, with any text, and listed page by page, newest first', async () => {
  await world.database.transaction().execute((tx) => insertDeadLettersOnce(tx, [letter(1), letter(2), letter(3)]))
  await world.database.transaction().execute((tx) => insertDeadLettersOnce(tx, [letter(3), letter(4)]))
  const first = await listDeadLetters(world.database, { limit: 3 })
  const second = await listDeadLetters(world.database, { limit: 3, before: first[2]?.id ?? '' })
  const ids = [...first, ...second].map(({ messageId }) => messageId)
  expect(ids.toSorted()).toEqual(['m1', 'm2', 'm3', 'm4'])
  expect(ids[0]).toBe('m4')
})

test('a replay is an outbox row for the one subscription; what could not be read again is refused', async () => {
  await world.database.transaction().execute((tx) => insertDeadLettersOnce(tx, [letter(5), letter(6, 'no json')]))
  const letters = await listDeadLetters(world.database, { limit: 2 })
  const replay = (messageId: string) =>
    world.database
      .transaction()
      .execute((tx) => replayDeadLetter(tx, letters.find((found) => found.messageId === messageId)?.id ?? ''))
  expect(await replay('m6')).toBe('unreadable')
  expect(await replay('m5')).toBe('replayed')
  const none = world.database
    .transaction()
    .execute((tx) => replayDeadLetter(tx, '00000000-0000-4000-8000-000000000000'))
  expect(await none).toBe('not_found')
  const rows = await outbox(loose)
  expect(rows.map(({ data, attributes }) => ({ data, attributes }))).toEqual([
    {
      data: { n: 5 },
      attributes: { eventId: 'e', odd: expect.any(String), onlyForSubscription: loose.subscriptions[0].name },
    },
  ])
})
