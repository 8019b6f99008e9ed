import { once } from 'node:events'
import { PubSub } from '@google-cloud/pubsub'

/**
 * The client's side of the benchmark, a process of its own: `client.ts <phase> <messages> <bytes>`, with
 * PUBSUB_EMULATOR_HOST set. Prints one line of JSON.
 */
export type ClientReport = { seconds: number; cpuSeconds: number; seen: number; different: number }

const PROJECT = 'bench'
const [, , phase = '', messagesText = '', bytesText = ''] = process.argv
const messages = Number(messagesText)
const data = Buffer.from(JSON.stringify({ seller_balance_id: 'x'.repeat(Math.max(0, Number(bytesText) - 24)) }))

const pubsub = new PubSub({ projectId: PROJECT })
const [topic] = await pubsub.topic('throughput').get({ autoCreate: true })
await topic.subscription('throughput-workers').get({ autoCreate: true })
// An object of its own, since creating a subscription resets the flow control of the object it was created by. One
// stream: with several, the client leaves some unread for longer than their lease while its inventory is full.
const subscription = topic.subscription('throughput-workers', {
  flowControl: { maxMessages: 5000 },
  streamingOptions: { maxStreams: 1 },
})

const started = performance.now()
let seen = 0
const ids = new Set<string>()

/** Several at a time, so that the client is never idle between two batches. */
async function publishAll(): Promise<void> {
  let sent = 0
  const publisher = async () => {
    while (sent < messages) {
      const batch = Array.from({ length: Math.min(1000, messages - sent) }, () => publish(sent++))
      await Promise.all(batch)
    }
  }
  await Promise.all(Array.from({ length: 4 }, publisher))
}

const publish = (number: number) =>
  topic.publishMessage({
    data,
    attributes: {
      eventId: `0190c3d2-7a11-7bbb-8ccc-${String(number).padStart(12, '0')}`,
      schemaVersion: '1',
      occurredAt: '2026-11-21T10:00:00.000Z',
    },
  })

async function consumeAll(): Promise<void> {
  const all = Promise.withResolvers<void>()
  subscription.on('error', all.reject)
  subscription.on('message', (message) => {
    message.ack()
    seen++
    ids.add(message.id)
    if (ids.size === messages) all.resolve()
  })
  await all.promise
}

if (phase === 'publish') await publishAll()
else if (phase === 'consume') await consumeAll()
else await Promise.all([publishAll(), consumeAll()])

const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage()
const report: ClientReport = { seconds, cpuSeconds: (user + system) / 1e6, seen, different: ids.size }
await subscription.close()
await pubsub.close()
if (!process.stdout.write(`${JSON.stringify(report)}\n`)) await once(process.stdout, 'drain')
