import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { enqueue } from '../src/outbox.ts'
import { loose, ordered } from './topics.ts'
import { type Arrival, startWorld, type World } from './world.ts'

let world: World
let arrivals: Arrival[]
beforeEach(async () => {
  world = await startWorld()
  arrivals = world.listen()
})
afterEach(() => world.stop())

const numbers = (topic: { name: string } = loose) =>
  arrivals.filter((arrival) => arrival.topic === topic.name).map(({ n }) => n)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
const sendOrdered = (key: string, ...ns: number[]) =>
  world.database.transaction().execute((tx) =>
    enqueue(
      tx,
      ordered,
      ns.map((n) => ({ data: { key, n } })),
    ),
  )

test('what a transaction enqueued goes out when it commits, with its attributes, and the rows are gone', async () => {
  const relay = world.relay()
  await world.send({ data: { n: 1 } })
  relay.nudge()
  await world.until('the message', () => arrivals.length === 1)
  expect(arrivals[0]?.attributes).toEqual({
    eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    schemaVersion: '1',
    occurredAt: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  await relay.drained()
  expect(await world.outboxRows()).toBe(0)
})

test('what a transaction enqueued and rolled back never goes out', async () => {
  const relay = world.relay()
  const undone = world.database.transaction().execute(async (tx) => {
    await enqueue(tx, loose, [{ data: { n: 13 } }])
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow('no')
  await world.send({ data: { n: 1 } })
  await relay.drained()
  await world.until('the message', () => arrivals.length > 0)
  expect(numbers()).toEqual([1])
})

test('a relay that dies after publishing and before its commit leaves the messages to be published again', async () => {
  await sql`create table deaths (at timestamptz)`.execute(world.database)
  await sql`create function die_once() returns trigger language plpgsql as $$
    begin
      if exists (select from deaths) then return null; end if;
      perform pg_terminate_backend(pg_backend_pid());
      return null;
    end $$`.execute(world.database)
  await sql`create constraint trigger dies after delete on outbox deferrable initially deferred
    for each row execute function die_once()`.execute(world.database)
  await world.send(...upTo(20).map((n) => ({ data: { n } })))
  const relay = world.relay()
  await world.until('the first publication', () => arrivals.length >= 20)
  expect(await world.outboxRows()).toBe(20)
  await sql`insert into deaths values (now())`.execute(world.database)
  await relay.drained()
  expect(await world.outboxRows()).toBe(0)
  expect(new Set(numbers())).toEqual(new Set(upTo(20)))
})

test('a message whose acceptance was not heard goes out again', async () => {
  world.emulator.setKnobs({ losePublishResponseRate: 1 })
  const relay = world.relay()
  await world.send({ data: { n: 1 } })
  relay.nudge()
  await world.until('the first publication', () => arrivals.length > 0)
  world.emulator.setKnobs({ losePublishResponseRate: 0 })
  await relay.drained()
  await world.until('the second', () => arrivals.length > 1)
  expect(await world.outboxRows()).toBe(0)
})

test('an outage of Pub/Sub costs nothing but time, and leaves the rows as they were', async () => {
  world.emulator.setKnobs({ failPublishRate: 1 })
  const relay = world.relay()
  await world.send(...upTo(5).map((n) => ({ data: { n } })))
  await sendOrdered('a', ...upTo(5))
  const before = await sql`select * from outbox order by id`.execute(world.database)
  relay.nudge()
  await world.until('some failures', async () => (await failures()) > 20)
  expect((await sql`select * from outbox order by id`.execute(world.database)).rows).toEqual(before.rows)
  world.emulator.setKnobs({ failPublishRate: 0 })
  await relay.drained()
  await world.until('all messages', () => arrivals.length === 10)
  expect(numbers(ordered)).toEqual(upTo(5))
})

test('a message that Pub/Sub refuses stays alone: its neighbours go out, those after it in its key wait', async () => {
  await world.send(...upTo(7).map((n) => ({ data: { n } })))
  await sendOrdered('a', ...upTo(4))
  await sendOrdered('b', ...upTo(4))
  await sql`update outbox set attributes = '{"googx": "refused"}'
    where (topic = ${loose.name} and data->>'n' = '3') or (data->>'key' = 'a' and data->>'n' = '2')`.execute(
    world.database,
  )
  const relay = world.relay()
  await relay.drained()
  await world.until('the neighbours', () => arrivals.length === 6 + 2 + 4)
  expect(numbers().toSorted()).toEqual([0, 1, 2, 4, 5, 6])
  expect(arrivals.filter(({ key }) => key === 'a').map(({ n }) => n)).toEqual([0, 1])
  await sendOrdered('a', 4) // a later one may not overtake them
  await relay.drained()
  const left = await sql<{ n: number }>`select (data->>'n')::int as n from outbox order by id`.execute(world.database)
  expect(left.rows.map(({ n }) => n)).toEqual([3, 2, 3, 4])

  await sql`update outbox set attributes = attributes - 'googx'`.execute(world.database)
  await world.until('the repaired ones', () => arrivals.length === 7 + 5 + 4)
  expect(arrivals.filter(({ key }) => key === 'a').map(({ n }) => n)).toEqual(upTo(5))
})

test('a topic that does not exist holds up no other', async () => {
  const relay = world.relay()
  await sql`insert into outbox (topic, data) select 'no_such_topic', '{}' from generate_series(1, 3)`.execute(
    world.database,
  )
  await world.send({ data: { n: 1 } })
  await relay.drained()
  await world.until('the message', () => arrivals.length === 1)
  expect(await world.outboxRows()).toBe(3)
})

test('several relays at once, and requests that fail, keep the order of each key and lose nothing', async () => {
  world.emulator.setKnobs({ failPublishRate: 0.1, seed: 7 })
  const relays = [world.relay({ batchSize: 7 }), world.relay({ batchSize: 20 }), world.relay({ batchSize: 500 })]
  const keys = upTo(12).map((key) => `key-${key}`)
  for (const n of upTo(25)) {
    await Promise.all(keys.map((key) => sendOrdered(key, 2 * n, 2 * n + 1)))
    for (const relay of relays) relay.nudge()
  }
  await world.until('every message', () => new Set(arrivals.map(({ key, n }) => `${key} ${n}`)).size === 12 * 50)
  for (const key of keys) {
    const firsts = [...new Set(arrivals.filter((arrival) => arrival.key === key).map(({ n }) => n))]
    expect(firsts).toEqual(upTo(50))
  }
})

test('a message goes out when it is due and not before, though nobody nudges and the poll is far off', async () => {
  const relay = world.relay({ pollMs: 60_000 })
  const deliverAt = new Date(Date.now() + 400)
  await world.send({ data: { n: 2 }, deliverAt }, { data: { n: 1 } })
  await relay.drained()
  await world.until('the one that is due', () => arrivals.length >= 1)
  await world.until('the later one', () => arrivals.length === 2)
  expect(Date.now()).toBeGreaterThanOrEqual(deliverAt.getTime())
  expect(numbers()).toEqual([1, 2]) // on a slow machine both may be due by the time they are looked for
})

test('a relay that is stopped finishes its batch; the rest stays for the next', async () => {
  await world.send(...upTo(300).map((n) => ({ data: { n } })))
  const first = world.relay({ batchSize: 100 })
  first.nudge()
  await world.until('a batch', async () => (await world.outboxRows()) < 300)
  await first.stop()
  const left = await world.outboxRows()
  expect(left % 100).toBe(0)
  await world.relay().drained()
  await world.until('every message', () => arrivals.length === 300)
  expect(new Set(numbers())).toEqual(new Set(upTo(300)))
})

async function failures(): Promise<number> {
  const { values } = (await world.metrics.registry.getSingleMetric('remesa_publish_failures_total')?.get()) ?? {
    values: [],
  }
  return values.reduce((sum, { value }) => sum + value, 0)
}
