import { expect, test } from '@jest/globals'
import { Backlog } from './backlog.ts'
import { createManualClock } from './clock.ts'
import type { Consumer } from './delivery.ts'
import type { Knobs } from './knobs.ts'
import { Mischief } from './knobs.ts'

const KEYS = 5
const MESSAGES_PER_KEY = 40

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Three consumers that acknowledge, refuse, extend and forget at random until everything is acknowledged. */
async function runAtRandom(knobs: Partial<Knobs>, backoff: { minimumMs: number; maximumMs: number } | undefined) {
  const clock = createManualClock()
  const mischief = new Mischief()
  mischief.set(knobs)
  const dice = new Mischief()
  dice.set({ seed: (knobs.seed ?? 0) + 1 })
  const backlog = new Backlog({
    clock,
    mischief,
    counters: { published: 0, delivered: 0, redelivered: 0, deadLettered: 0 },
    ackIdPrefix: '1-',
    rules: { isOrdered: true, retentionMs: 1e12, ackedRetentionMs: 0, backoff, maxDeliveryAttempts: undefined },
    forward: () => false,
  })
  const held: string[] = []
  const seen = new Map<string, number[]>()
  for (const room of [1, 4, 1000]) {
    let left = room
    const consumer: Consumer = {
      leaseMs: () => 10_000,
      roomForMessages: () => left,
      roomForBytes: () => Number.POSITIVE_INFINITY,
      deliver(messages) {
        left -= messages.length
        for (const { ackId, message } of messages) {
          held.push(ackId)
          seen.set(message.orderingKey, [...(seen.get(message.orderingKey) ?? []), Number(message.messageId)])
        }
      },
      release() {
        left++
      },
      end() {},
    }
    backlog.addConsumer(consumer)
  }

  let published = 0
  const publish = () => {
    const content = {
      data: Buffer.from('x'),
      attributes: {},
      messageId: String(Math.floor(published / KEYS)),
      publishTime: null,
      orderingKey: `k${published % KEYS}`,
    }
    published++
    backlog.add({ content, publishedAt: clock.now(), bytes: 1 })
  }
  for (let step = 0; published < KEYS * MESSAGES_PER_KEY || backlog.figures.backlog > 0; step++) {
    if (step > 50_000) throw new Error('the backlog never empties')
    if (published < KEYS * MESSAGES_PER_KEY && dice.happens(0.5)) publish()
    // One of the latest: most of the others are over since something before them in their key failed.
    const [ackId] = held.splice(
      Math.floor(Math.max(0, held.length - 10) + dice.random() * Math.min(10, held.length)),
      1,
    )
    const deed = dice.random()
    if (ackId !== undefined && deed < 0.6) backlog.acknowledge(ackId)
    else if (ackId !== undefined && deed < 0.8) backlog.modifyDeadline(ackId, 0)
    else if (ackId !== undefined && deed < 0.9) backlog.modifyDeadline(ackId, 15)
    // Otherwise it is forgotten, and its lease ends.
    if (dice.happens(0.3)) clock.advance(Math.floor(dice.random() * 8000))
    await turn()
  }
  return { seen, figures: backlog.figures }
}

test.each<[string, Partial<Knobs>, boolean]>([
  ['as it is', {}, false],
  ['with backoff', {}, true],
  ['with every message twice and reordered', { duplicateRate: 1, reorder: true }, true],
  ['with lost acknowledgements and delays', { lostAckRate: 0.3, delayMs: 3000 }, false],
  ['with batches of a key', { orderedBatch: 5, duplicateRate: 0.5 }, true],
])('whatever consumers do, no key skips a message and none is lost: %s', async (_, knobs, hasBackoff) => {
  for (const seed of [1, 2, 3]) {
    const backoff = hasBackoff ? { minimumMs: 500, maximumMs: 4000 } : undefined
    const { seen, figures } = await runAtRandom({ ...knobs, seed }, backoff)
    expect(figures).toEqual({ backlog: 0, outstanding: 0 })
    expect(seen.size).toBe(KEYS)
    for (const numbers of seen.values()) {
      const firsts = [...new Set(numbers)]
      expect(firsts).toEqual(Array.from({ length: MESSAGES_PER_KEY }, (_, number) => number))
      // What comes again comes from some point on, in order: nobody sees a message before the one it follows.
      numbers.forEach((number, place) => {
        if (place > 0) expect(number).toBeLessThanOrEqual((numbers[place - 1] ?? 0) + 1)
      })
    }
  }
})
