import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createLogger } from '@remesa/service-kit/logger'
import { currentTrace, runWithTrace } from '@remesa/service-kit/trace'
import { sql } from 'kysely'
import { done, eachMessage, type Message, reject, retry } from '../src/handler.ts'
import { enqueue } from '../src/outbox.ts'
import { loose, type Numbered, ordered } from './topics.ts'
import { startWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
const numbered = (count: number) => upTo(count).map((n) => ({ data: { n } }))
/** Messages that Pub/Sub still holds for a subscription. */
const backlog = (name: string = loose.subscriptions[0].name) =>
  world.emulator.stats().subscriptions[`projects/test/subscriptions/${name}`]?.backlog ?? -1
const deadLetters = () => world.database.selectFrom('dead_letters').selectAll().orderBy('received_at').execute()
const publish = (data: string, attributes: Record<string, string> = {}) =>
  world.pubsub.topic(loose.name).publishMessage({ data: Buffer.from(data), attributes })

test('a message that is done is acknowledged and comes no more', async () => {
  const seen: Message<Numbered>[] = []
  world.worker(async (batch) => {
    seen.push(...batch)
    return batch.map(() => done)
  })
  await world.send(...numbered(30))
  await world.until('all to be acknowledged', () => seen.length === 30 && backlog() === 0)
  expect(world.emulator.stats()).toMatchObject({ delivered: 30, redelivered: 0 })
  expect(seen[0]).toMatchObject({ retries: 0, deliveryAttempt: 1, orderingKey: '' })
})

test('a retry comes again after its delay, as it was, counted, and with the fields that we do not know', async () => {
  const seen: { message: Message<Numbered>; at: number }[] = []
  world.worker(
    eachMessage(async (_, message) => {
      seen.push({ message, at: performance.now() })
      return seen.length < 3 ? retry(150, 'not yet') : done
    }),
  )
  await publish('{"n":7,"later":"field"}', { eventId: 'e1', colour: 'red', googclient_traceparent: 'x' })
  await world.until('three tries', () => seen.length === 3)
  expect(seen.map(({ message }) => message.retries)).toEqual([0, 1, 2])
  expect(seen[2]?.message).toMatchObject({ data: { n: 7 }, attributes: { eventId: 'e1', colour: 'red' } })
  expect((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0)).toBeGreaterThanOrEqual(150)
  await world.until('the end', () => backlog() === 0)
  expect(await world.outboxRows()).toBe(0)
})

test('a rejected message becomes one dead letter with the reason, though it is delivered twice', async () => {
  world.emulator.setKnobs({ duplicateRate: 1 })
  let handled = 0
  world.worker(
    eachMessage(async () => {
      handled++
      return reject('the seller is unknown')
    }),
  )
  await world.send({ data: { n: 5 } })
  await world.until('both deliveries', () => handled === 2 && backlog() === 0)
  const letters = await deadLetters()
  expect(letters).toHaveLength(1)
  expect(letters[0]).toMatchObject({ topic: loose.name, reason: 'the seller is unknown', replayed_at: null })
  expect(JSON.parse(letters[0]?.data.toString() ?? '')).toEqual({ n: 5 })
})

test('an unreadable message is set aside at once with what is wrong, and never reaches the handler', async () => {
  const seen: number[] = []
  world.worker(
    eachMessage(async ({ n }) => {
      seen.push(n)
      return done
    }),
  )
  await Promise.all(
    ['no json', '[1]', '{"n":"one"}', '{"n":1,"text":"\\u0000"}', '{"n":4}'].map((text) => publish(text)),
  )
  await world.until('all to be answered', async () => (await deadLetters()).length === 4 && backlog() === 0)
  expect(seen).toEqual([4])
  const reasons = (await deadLetters()).map(({ data, reason }) => `${data}: ${reason}`).toSorted()
  expect(reasons).toEqual([
    '[1]: unreadable: is not a JSON object',
    expect.stringMatching(/^no json: unreadable: is not JSON: /),
    expect.stringMatching(/^\{"n":"one"\}: unreadable: .*expected (int|number).*\n.*at n$/s),
    '{"n":1,"text":"\\u0000"}: unreadable: holds a NUL character or half a surrogate pair',
  ])
})

test('a poisoned message holds up none of its batch, is tried again by itself, and is set aside in the end', async () => {
  const handled: number[] = []
  const poisoned: Message<Numbered>[] = []
  world.worker(
    async (batch) => {
      const poison = batch.find(({ data }) => data.n === 3)
      if (poison && batch.length === 1) poisoned.push(poison)
      if (poison) throw new Error('cannot read 3')
      handled.push(...batch.map(({ data }) => data.n))
      return batch.map(() => done)
    },
    { maxThrows: 2 },
  )
  await world.send(...numbered(10))
  await world.until('the dead letter', async () => (await deadLetters()).length === 1)
  expect(handled.toSorted()).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
  expect(poisoned.length).toBeGreaterThanOrEqual(2)
  expect((await deadLetters())[0]).toMatchObject({ reason: 'threw 2 times: cannot read 3' })
  await world.until('the end', () => backlog() === 0)
})

test('a message that throws, asks for a retry and throws again is set aside after as many throws', async () => {
  let calls = 0
  world.worker(
    eachMessage(async () => {
      calls++
      if (calls % 2 === 0) return retry(1, 'leased')
      throw new Error('a fault of ours')
    }),
    { maxThrows: 3 },
  )
  await world.send({ data: { n: 1 } })
  await world.until('the dead letter', async () => (await deadLetters()).length === 1)
  expect((await deadLetters())[0]).toMatchObject({ reason: 'threw 3 times: a fault of ours' })
})

test('why a message is tried again can be read: each time at debug, the tenth as a warning', async () => {
  const lines: { level: string; reason?: string; retries?: number }[] = []
  const logger = createLogger(
    { service: 'test', level: 'debug' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  let calls = 0
  world.worker(
    eachMessage(async () => (++calls <= 10 ? retry(1, 'the bank is shut') : done)),
    { logger },
  )
  await world.send({ data: { n: 1 } })
  await world.until('the end', () => calls === 11 && backlog() === 0)
  const told = lines.filter(({ reason }) => reason === 'the bank is shut')
  expect(told.map(({ retries }) => retries)).toEqual(upTo(10).map((n) => n + 1))
  expect(told.map(({ level }) => level)).toEqual([...upTo(9).map(() => 'debug'), 'warn'])
})

test('a handler that answers for too few of its messages has thrown', async () => {
  world.worker(async () => [], { maxThrows: 1 })
  await world.send(...numbered(2))
  await world.until('the dead letters', async () => (await deadLetters()).length === 2)
  expect((await deadLetters())[0]?.reason).toBe('threw 1 times: the handler answered 0 of 1 messages')
})

test('an error that has a meaning is answered by it, for the whole batch at once', async () => {
  let calls = 0
  world.worker(
    async (batch) => {
      calls++
      if (calls === 1) throw new Error('NetSuite is down')
      return batch.map(() => done)
    },
    { verdictOf: (error) => ((error as Error).message.endsWith('is down') ? retry(50, 'down') : undefined) },
  )
  await world.send(...numbered(10))
  await world.until('the second try', () => calls === 2 && backlog() === 0)
  expect(await deadLetters()).toEqual([])
})

test('what cannot be written down is not acknowledged: it comes again', async () => {
  await sql`alter table dead_letters add constraint closed check (reason <> 'no')`.execute(world.database)
  let handled = 0
  world.worker(
    eachMessage(async ({ n }) => {
      if (n === 1) handled++
      return n === 1 ? reject('no') : done
    }),
  )
  await world.send(...numbered(2))
  await world.until('a try', () => handled === 1 && backlog() === 1)
  await sql`alter table dead_letters drop constraint closed`.execute(world.database)
  await world.until('the dead letter', async () => (await deadLetters()).length === 1)
  await world.until('the end', () => backlog() === 0)
})

test('messages of one key are handled one after the other in their order, those of other keys beside them', async () => {
  const seen = new Map<string, number[]>()
  const busy = new Set<string>()
  const overlaps: string[] = []
  let most = 0
  world.worker(
    async (batch) => {
      const keys = new Set(batch.map(({ orderingKey }) => orderingKey))
      for (const key of keys) {
        if (busy.has(key)) overlaps.push(key)
        busy.add(key)
      }
      most = Math.max(most, busy.size)
      await new Promise((resolve) => setTimeout(resolve, 3))
      for (const { orderingKey, data } of batch) seen.set(orderingKey, [...(seen.get(orderingKey) ?? []), data.n])
      for (const key of keys) busy.delete(key)
      return batch.map(() => done)
    },
    { topic: ordered, maxBatch: 4, concurrentBatches: 3 },
  )
  world.emulator.setKnobs({ orderedBatch: 3 })
  const keys = upTo(6).map((key) => `key-${key}`)
  const messages = upTo(60).map((index) => ({ data: { key: keys[index % 6] ?? '', n: Math.floor(index / 6) } }))
  await world.database.transaction().execute((tx) => enqueue(tx, ordered, messages))
  await world.until('all', () => [...seen.values()].flat().length >= 60 && backlog(ordered.subscriptions[0].name) === 0)
  for (const key of keys) expect(seen.get(key)).toEqual(upTo(10))
  expect(overlaps).toEqual([])
  expect(most).toBeGreaterThan(4)
})

test('a worker that stops finishes what it began, gives back the rest, and sends what was to follow', async () => {
  const began: number[] = []
  const ended: number[] = []
  const slow = Promise.withResolvers<void>()
  const worker = world.worker(
    async (batch) => {
      began.push(...batch.map(({ data }) => data.n))
      await slow.promise
      await world.database.transaction().execute((tx) =>
        enqueue(
          tx,
          ordered,
          batch.map(({ data: { n } }) => ({ data: { key: 'follow', n } })),
        ),
      )
      ended.push(...batch.map(({ data }) => data.n))
      return batch.map(() => done)
    },
    { maxBatch: 2, concurrentBatches: 2 },
  )
  await world.send(...numbered(20))
  await world.until('two batches', () => began.length === 4)
  const stopped = worker.stop()
  setTimeout(slow.resolve, 50)
  await stopped
  expect(ended.toSorted()).toEqual(began.toSorted())
  expect(began).toHaveLength(4)
  expect(backlog()).toBe(16)
  expect(await world.outboxRows()).toBe(0)
  expect(backlog(ordered.subscriptions[0].name)).toBe(4)

  const others: number[] = [] // another worker takes what was given back
  world.worker(
    eachMessage(async ({ n }) => {
      others.push(n)
      return done
    }),
  )
  await world.until('the rest', () => others.length === 16 && backlog() === 0)
  expect([...began, ...others].toSorted((a, b) => a - b)).toEqual(upTo(20))
})

test('a worker whose handler never ends leaves when its grace has passed, and its message comes again', async () => {
  let began = 0
  const stuck = Promise.withResolvers<never>()
  const worker = world.worker(
    () => {
      began++
      return stuck.promise
    },
    { graceMs: 1500 },
  )
  await world.send({ data: { n: 1 } })
  await world.until('the handler', () => began === 1)
  await worker.stop()
  expect(backlog()).toBe(1)
  let again = 0
  world.worker(
    eachMessage(async () => {
      again++
      return done
    }),
  )
  await world.until('the message', () => again === 1)
})

test('a retry for one subscription of a topic is not handled by another', async () => {
  const handled: number[] = []
  world.worker(
    eachMessage(async ({ n }) => {
      handled.push(n)
      return done
    }),
  )
  await publish('{"n":1}', { onlyForSubscription: 'another_subscription' })
  await publish('{"n":2}', { onlyForSubscription: loose.subscriptions[0].name })
  await world.until('both', () => backlog() === 0 && handled.length > 0)
  expect(handled).toEqual([2])
})

test('what a handler does and enqueues belongs to the trace of its message', async () => {
  const traces: (string | undefined)[] = []
  world.worker(
    eachMessage(async ({ n }) => {
      traces.push(currentTrace()?.traceId)
      if (n === 1) await world.send({ data: { n: 2 } })
      return done
    }),
  )
  let traceId: string | undefined
  await runWithTrace(undefined, async () => {
    traceId = currentTrace()?.traceId
    await world.send({ data: { n: 1 } })
  })
  await world.until('both messages', () => traces.length === 2)
  expect(traces).toEqual([traceId, traceId])
})

test('a subscription that breaks is opened again', async () => {
  let handled = 0
  const worker = world.worker(
    eachMessage(async () => {
      handled++
      return done
    }),
  )
  await world.send({ data: { n: 1 } })
  await world.until('the first message', () => handled === 1)
  const { name } = loose.subscriptions[0]
  await world.pubsub.subscription(name).delete()
  const ready = () => {
    try {
      worker.checkReady()
      return true
    } catch {
      return false
    }
  }
  await world.until('the failure', () => !ready())
  await world.pubsub.createSubscription(loose.name, name)
  await world.until('the recovery', ready)
  await world.send({ data: { n: 2 } })
  await world.until('the next message', () => handled === 2)
})
