import type { Message, Subscription, Topic } from '@google-cloud/pubsub'
import { PubSub } from '@google-cloud/pubsub'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { ManualClock } from '../src/clock.ts'
import { createManualClock } from '../src/clock.ts'
import type { Emulator } from '../src/emulator.ts'
import { startEmulator } from '../src/emulator.ts'
import type { Knobs } from '../src/knobs.ts'
import { textOf, until } from './world.ts'

const open: { emulator: Emulator; pubsub: PubSub; subscription: Subscription }[] = []
afterEach(async () => {
  for (const { emulator, pubsub, subscription } of open.splice(0)) {
    await subscription.close()
    await pubsub.close()
    await emulator.stop()
  }
})

type Start = { knobs?: Partial<Knobs>; settings?: object; handle?: (message: Message) => void }

async function start({ knobs = {}, settings = {}, handle = (message) => message.ack() }: Start = {}) {
  const clock: ManualClock = createManualClock()
  const emulator = await startEmulator({ clock, knobs })
  const pubsub = new PubSub({ projectId: 'own', apiEndpoint: emulator.host, emulatorMode: true })
  const [topic] = await pubsub.createTopic('orders')
  await topic.createSubscription('orders-workers', settings)
  const subscription = topic.subscription('orders-workers', { streamingOptions: { maxStreams: 1 } })
  const messages: Message[] = []
  const listen = () =>
    subscription
      .on('error', (error) => {
        throw error
      })
      .on('message', (message) => {
        messages.push(message)
        handle(message)
      })
  open.push({ emulator, pubsub, subscription })
  const figures = () => emulator.stats().subscriptions['projects/own/subscriptions/orders-workers']
  return { clock, emulator, topic, messages, listen, figures }
}

const publish = (topic: Topic, texts: string[], orderingKey = '') =>
  Promise.all(
    texts.map((text) => topic.publishMessage({ data: Buffer.from(text), ...(orderingKey && { orderingKey }) })),
  )

const numbers = (count: number) => Array.from({ length: count }, (_, number) => String(number))

describe('only this emulator can be told to misbehave:', () => {
  test('with duplicateRate 1 every message comes twice, and then no more', async () => {
    const { topic, messages, listen, figures, emulator } = await start({ knobs: { duplicateRate: 1 } })
    listen()
    const ids = await publish(topic, numbers(50))
    await until(() => messages.length >= 100 && figures()?.backlog === 0, 'every message has come twice')
    expect(messages.map(({ id }) => id).sort()).toEqual([...ids, ...ids].sort())
    expect(emulator.stats()).toMatchObject({ published: 50, delivered: 100, redelivered: 50 })
  })

  test('with duplicateRate 1 the messages of one key come twice and still in order', async () => {
    const settings = { enableMessageOrdering: true }
    const { topic, messages, listen } = await start({ knobs: { duplicateRate: 1 }, settings })
    listen()
    await publish(topic, ['1', '2', '3'], 'k')
    await until(() => messages.length >= 6, 'every message has come twice')
    expect(messages.map(textOf)).toEqual(['1', '1', '2', '2', '3', '3'])
  })

  test('with reorder what waits comes in another order, the same for the same seed', async () => {
    const orders: string[][] = []
    for (const seed of [7, 7, 8]) {
      const { topic, messages, listen, figures } = await start({ knobs: { reorder: true, seed } })
      await publish(topic, numbers(100))
      await until(() => figures()?.backlog === 100, 'all messages wait')
      listen()
      await until(() => messages.length === 100, 'all messages are received')
      orders.push(messages.map(textOf))
    }
    const [first, same, other] = orders
    expect(first).not.toEqual(numbers(100))
    expect(first?.toSorted()).toEqual(numbers(100).sort())
    expect(same).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('with reorder the messages of one key stay in order', async () => {
    const settings = { enableMessageOrdering: true }
    const { topic, messages, listen } = await start({ knobs: { reorder: true, duplicateRate: 1 }, settings })
    await Promise.all([publish(topic, ['a1', 'a2'], 'a'), publish(topic, ['b1', 'b2'], 'b')])
    listen()
    await until(() => messages.length === 8, 'every message has come twice')
    const ofKey = (key: string) => messages.filter(({ orderingKey }) => orderingKey === key).map(textOf)
    expect([ofKey('a'), ofKey('b')]).toEqual([
      ['a1', 'a1', 'a2', 'a2'],
      ['b1', 'b1', 'b2', 'b2'],
    ])
  })

  test('with delayMs a message waits no longer than that', async () => {
    const { topic, messages, listen, clock, figures } = await start({ knobs: { delayMs: 1000 } })
    listen()
    await publish(topic, numbers(30))
    expect(messages).toEqual([])
    clock.advance(500)
    await until(() => messages.length > 0, 'some messages are received')
    clock.advance(500)
    await until(() => figures()?.backlog === 0, 'all messages are received')
    expect(messages).toHaveLength(30)
  })

  test('with lostAckRate 1 an acknowledged message comes again when its lease ends', async () => {
    const { topic, messages, listen, clock, emulator, figures } = await start({ knobs: { lostAckRate: 1 } })
    listen()
    await publish(topic, ['a'])
    await until(() => messages.length === 1, 'the message is received')
    emulator.setKnobs({ lostAckRate: 0 })
    await messages[0]?.ackWithResponse()
    clock.advance(600_000)
    await until(() => messages.length === 2 && figures()?.backlog === 0, 'the message is received again')
  })

  test('with failPublishRate 1 a publish is unavailable and stores nothing, and works again afterwards', async () => {
    const { topic, emulator, figures } = await start({ knobs: { failPublishRate: 1 } })
    const impatient = topic.pubsub.topic('orders', { gaxOpts: { retry: null } })
    await expect(impatient.publishMessage({ data: Buffer.from('a') })).rejects.toMatchObject({ code: 14 })
    expect(figures()).toEqual({ backlog: 0, outstanding: 0 })
    emulator.setKnobs({ failPublishRate: 0 })
    await publish(topic, ['b'])
    expect(figures()?.backlog).toBe(1)
  })

  test('with losePublishResponseRate 1 a publish is unavailable and stored all the same', async () => {
    const { topic, figures } = await start({ knobs: { losePublishResponseRate: 1 } })
    const impatient = topic.pubsub.topic('orders', { gaxOpts: { retry: null } })
    await expect(impatient.publishMessage({ data: Buffer.from('a') })).rejects.toMatchObject({ code: 14 })
    expect(figures()?.backlog).toBe(1)
  })

  test('with orderedBatch a failed message brings everything after it again, what was acknowledged too', async () => {
    const settings = { enableMessageOrdering: true }
    let isFirstTime = true
    const { topic, messages, listen, figures } = await start({
      knobs: { orderedBatch: 3 },
      settings,
      handle: (message) => {
        if (textOf(message) !== '2' || !isFirstTime) return message.ack()
        // Refused only when 3 is acknowledged already.
        isFirstTime = false
        void until(() => figures()?.outstanding === 1, '1 and 3 are acknowledged').then(() => message.nack())
      },
    })
    await publish(topic, ['1', '2', '3', '4'], 'k')
    listen()
    await until(() => figures()?.backlog === 0, 'everything is acknowledged')
    expect(messages.map(textOf)).toEqual(['1', '2', '3', '2', '3', '4'])
  })

  test('a knob that is unknown or out of range is refused and changes nothing', async () => {
    const { emulator } = await start()
    const before = emulator.knobs()
    const wrong: object[] = [{ duplicates: 1 }, { duplicateRate: 2 }, { lostAckRate: '1' }, { delayMs: 0.5 }]
    for (const knobs of wrong) expect(() => emulator.setKnobs({ reorder: true, ...knobs })).toThrow(RangeError)
    expect(emulator.knobs()).toEqual(before)
  })
})

describe('only the clock of this emulator can be moved by days:', () => {
  test('a message is dropped when its retention ends', async () => {
    const { topic, messages, listen, clock, figures } = await start()
    await publish(topic, ['old'])
    clock.advance(7 * 86_400_000)
    await publish(topic, ['new'])
    listen()
    await until(() => figures()?.backlog === 0, 'nothing is left')
    expect(messages.map(textOf)).toEqual(['new'])
  })

  test('the backoff of a long row of failures ends at the maximum of 600 s', async () => {
    const settings = { retryPolicy: { minimumBackoff: { seconds: 10 }, maximumBackoff: { seconds: 600 } } }
    const { topic, messages, listen, clock, figures } = await start({ settings, handle: (message) => message.nack() })
    listen()
    await publish(topic, ['stubborn'])
    for (const [place, waitSeconds] of [10, 20, 40, 80, 160, 320, 600, 600].entries()) {
      await until(() => messages.length === place + 1 && figures()?.outstanding === 0, 'the message is refused')
      clock.advance(waitSeconds * 1000 - 1)
      expect(figures()).toEqual({ backlog: 1, outstanding: 0 })
      clock.advance(1)
    }
  })
})

test('what this emulator does not do is refused as UNIMPLEMENTED, not taken in silence', async () => {
  const { topic } = await start()
  const unimplemented = expect.objectContaining({ code: 12 })
  await expect(topic.createSubscription('push', { pushEndpoint: 'https://example.com' })).rejects.toEqual(unimplemented)
  await expect(topic.subscription('orders-workers').createSnapshot('snap')).rejects.toEqual(unimplemented)
  await expect(topic.pubsub.createTopic({ name: 'typed', schemaSettings: { schema: 's' } })).rejects.toEqual(
    unimplemented,
  )
})

test('with exactly-once delivery the client library learns that its acknowledgement came too late', async () => {
  const { topic, messages, listen, clock, figures } = await start({
    settings: { enableExactlyOnceDelivery: true },
    handle: () => {},
  })
  listen()
  await publish(topic, ['late'])
  await until(() => messages.length === 1, 'the message is in work')
  clock.advance(600_000) // no extension of the lease can keep up with that
  await expect(messages[0]?.ackWithResponse()).rejects.toMatchObject({ errorCode: 'INVALID' })
  await until(() => messages.length === 2, 'the message comes again')
  expect(await messages[1]?.ackWithResponse()).toBe('SUCCESS')
  expect(figures()?.backlog).toBe(0)
})

test('figures count what was published, delivered and dead-lettered, and what is left', async () => {
  const { topic, messages, listen, emulator, figures } = await start({ handle: (message) => message.nack() })
  await topic.pubsub.createTopic('orders-dead')
  await topic.subscription('orders-workers').setMetadata({
    deadLetterPolicy: { deadLetterTopic: 'projects/own/topics/orders-dead', maxDeliveryAttempts: 5 },
  })
  await publish(topic, ['a', 'b'])
  expect(figures()).toEqual({ backlog: 2, outstanding: 0 })
  listen()
  await until(() => figures()?.backlog === 0, 'both are dead letters')
  expect(messages).toHaveLength(10)
  expect(emulator.stats()).toMatchObject({ published: 2, delivered: 10, redelivered: 8, deadLettered: 2 })
})

test('a client finds an emulator that was restarted on its port, empty', async () => {
  const { topic, emulator } = await start()
  await emulator.stop()
  const again = await startEmulator({ port: Number(emulator.host.split(':')[1]) })
  await expect(publish(topic, ['a'])).rejects.toMatchObject({ code: 5 })
  await topic.create()
  expect(await publish(topic, ['a'])).toHaveLength(1)
  await again.stop()
})
