import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import type { ReceivedMessage } from './api.ts'
import { Backlog } from './backlog.ts'
import { createManualClock } from './clock.ts'
import type { Consumer, StoredMessage } from './delivery.ts'
import { Mischief } from './knobs.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function createBacklog() {
  const clock = createManualClock()
  const backlog = new Backlog({
    clock,
    mischief: new Mischief(),
    counters: { published: 0, delivered: 0, redelivered: 0, deadLettered: 0 },
    ackIdPrefix: '1-',
    rules: {
      isOrdered: true,
      retentionMs: 86_400_000,
      ackedRetentionMs: 0,
      backoff: undefined,
      maxDeliveryAttempts: undefined,
    },
    forward: () => false,
  })
  return { clock, backlog }
}

const messageOf = (number: number, orderingKey = ''): StoredMessage => ({
  content: {
    data: Buffer.from(String(number)),
    attributes: {},
    messageId: String(number),
    publishTime: null,
    orderingKey,
  },
  publishedAt: Date.now(),
  bytes: 10,
})

/** Takes messages `most` at a time and keeps their ack ids until it is told to acknowledge. */
function createConsumer(most: number) {
  const held: string[] = []
  const seen = { messages: 0 }
  let room = most
  const consumer: Consumer = {
    leaseMs: () => 10_000,
    roomForMessages: () => room,
    roomForBytes: () => Number.POSITIVE_INFINITY,
    deliver: (messages: ReceivedMessage[]) => {
      room -= messages.length
      seen.messages += messages.length
      for (const { ackId } of messages) held.push(ackId)
    },
    release: () => {
      room++
    },
    end: () => {},
  }
  return { consumer, held, seen }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function consumeAll(backlog: Backlog): Promise<void> {
  const { consumer, held } = createConsumer(1000)
  backlog.addConsumer(consumer)
  while (backlog.figures.backlog > 0) {
    await turn()
    for (const ackId of held.splice(0)) {
      backlog.modifyDeadline(ackId, 20) // as the client does on receipt
      backlog.acknowledge(ackId)
    }
  }
  backlog.removeConsumer(consumer)
}

test('a backlog of fifty thousand, with and without ordering keys, is consumed whole', async () => {
  const { backlog } = createBacklog()
  for (let number = 0; number < 50_000; number++) {
    backlog.add(messageOf(number, number % 2 === 0 ? `k${number % 5000}` : ''))
  }
  await consumeAll(backlog)
  expect(backlog.figures).toEqual({ backlog: 0, outstanding: 0 })
})

test('an acknowledged message is not kept in memory', async () => {
  const { backlog } = createBacklog()
  const published: WeakRef<StoredMessage>[] = []
  const publish = (count: number) => {
    for (let number = 0; number < count; number++) {
      const message = messageOf(number, number % 2 === 0 ? 'k' : '')
      published.push(new WeakRef(message))
      backlog.add(message)
    }
  }
  publish(200)
  await consumeAll(backlog)
  await turn()
  collectGarbage()
  expect(published.filter((message) => message.deref() !== undefined)).toEqual([])
})

test('what a consumer that vanished held goes to another when the leases end, all at once', async () => {
  const { backlog, clock } = createBacklog()
  for (let number = 0; number < 1000; number++) backlog.add(messageOf(number))
  const vanished = createConsumer(600)
  backlog.addConsumer(vanished.consumer)
  await turn()
  expect(backlog.figures).toEqual({ backlog: 1000, outstanding: 600 })
  backlog.removeConsumer(vanished.consumer)

  clock.advance(9_999)
  expect(backlog.figures.outstanding).toBe(600)
  clock.advance(1)
  expect(backlog.figures).toEqual({ backlog: 1000, outstanding: 0 })
  await consumeAll(backlog)
})

test('messages are shared out among the consumers that have room', async () => {
  const { backlog } = createBacklog()
  const consumers = [createConsumer(100), createConsumer(5), createConsumer(100)]
  for (const { consumer } of consumers) backlog.addConsumer(consumer)
  for (let number = 0; number < 65; number++) backlog.add(messageOf(number))
  await turn()
  await turn()
  expect(consumers.map(({ seen }) => seen.messages).sort((a, b) => a - b)).toEqual([5, 30, 30])
})
