import { readSystem } from '@remesa/database/system-reads'
import { topics } from '@remesa/messaging/catalogue'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, type ZodServer } from '../api.ts'
import { toWire } from '../wire.ts'
import { count, time } from './shapes.ts'

const system = z.object({
  subscriptions: z.array(z.object({ name: z.string(), topic: z.string() })),
  outbox: z.object({ waiting: count, due: count, oldestSeconds: count.nullable() }),
  deadLetters: count,
  rails: z.array(z.object({ name: z.string(), pausedUntil: time.nullable(), reason: z.string().nullable() })),
  attempts: z.array(
    z.object({
      rail: z.string(),
      claimed: count,
      unknown: count,
      lastHour: z.object({ accepted: count, declined: count }),
    }),
  ),
  at: time,
})

export function systemRoutes(server: ZodServer, { database, clock }: ApiParts): void {
  const subscriptions = Object.values(topics).flatMap((topic) =>
    topic.subscriptions.map(({ name }) => ({ name, topic: topic.name })),
  )
  server.get(
    '/v1/system',
    {
      schema: {
        tags: ['system'],
        summary: 'What is in hand, what waits, and what does not come through',
        response: { ...PROBLEMS, 200: system },
      },
    },
    async () => {
      const { now } = clock()
      return { subscriptions, ...toWire(await readSystem(database, now)), at: now.toISOString() }
    },
  )
}
