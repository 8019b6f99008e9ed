import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { v1 } from '@google-cloud/pubsub'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createManualClock, type ManualClock } from '@remesa/pubsub-emulator/clock'
import { findDeadLetter, listDeadLetters, replayDeadLetter } from '../src/dead-letters.ts'
import { done, eachMessage } from '../src/handler.ts'
import { clientOptions } from '../src/pubsub.ts'
import { loose } from './topics.ts'
import { startWorld, type World } from './world.ts'

let world: World
let clock: ManualClock
beforeEach(async () => {
  clock = createManualClock()
  world = await startWorld({ clock })
})
afterEach(() => world.stop())

test('what a worker held that was killed goes to another, and nothing of it is lost', async () => {
  await world.send(...Array.from({ length: 10 }, (_, n) => ({ data: { n } })))
  await world.relay().drained()
  const child = fork(join(import.meta.dirname, 'stuck-worker.ts'), [world.emulator.host, world.databaseUrl], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  await once(child, 'message') // its handler has begun
  child.kill('SIGKILL')
  await once(child, 'exit')

  const seen: number[] = []
  const attempts: number[] = []
  world.worker(
    eachMessage(async ({ n }, { deliveryAttempt }) => {
      seen.push(n)
      attempts.push(deliveryAttempt)
      return done
    }),
  )
  await world.until('the other messages', () => {
    clock.advance(1000) // leases end after 15 s at most, and the back-off a second later
    return new Set(seen).size === 10
  })
  expect(Math.max(...attempts)).toBe(2)
})

test('a message that no worker survives becomes a dead letter, is listed, and is handled once it is replayed', async () => {
  await world.send({ data: { n: 6 } })
  await world.relay().drained()
  const [subscription] = loose.subscriptions
  const client = new v1.SubscriberClient(await clientOptions(world.pubsub))
  const name = `projects/test/subscriptions/${subscription.name}`
  for (let attempt = 1; attempt <= subscription.maxDeliveryAttempts; attempt++) {
    const [{ receivedMessages }] = await client.pull({ subscription: name, maxMessages: 1 })
    expect(receivedMessages?.[0]?.deliveryAttempt).toBe(attempt)
    clock.advance(16_000) // nobody answers: the lease ends
    clock.advance(600_000)
  }
  await client.close()

  const seen: number[] = []
  world.worker(
    eachMessage(async ({ n }) => {
      seen.push(n)
      return done
    }),
  )
  await world.until('the dead letter', async () => (await listDeadLetters(world.database, { limit: 10 })).length > 0)
  const [letter] = await listDeadLetters(world.database, { topic: loose.name, waitingOnly: true, limit: 10 })
  expect(letter).toMatchObject({
    subscription: subscription.name,
    reason: 'delivered 100 times without an answer',
    replayedAt: null,
  })
  expect(seen).toEqual([])

  const id = letter?.id ?? ''
  const replay = () => world.database.transaction().execute((tx) => replayDeadLetter(tx, id))
  expect(await replay()).toBe('replayed')
  expect(await replay()).toBe('replayed_before')
  await world.until('the replay', () => seen.length === 1)
  expect(seen).toEqual([6])
  expect((await findDeadLetter(world.database, id))?.replayedAt).toBeInstanceOf(Date)
})
