import { readSystem } from '@remesa/database/system-reads'
import { topics } from '@remesa/messaging/catalogue'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, type ZodServer } from '../api.ts'
import { machineFigures } from '../service-metrics/machine-figures.ts'
import { WINDOW_MS } from '../service-metrics/watch-services.ts'
import { toWire } from '../wire.ts'
import { count, time } from './shapes.ts'

const milliseconds = count.nullable()
const outbox = { waiting: count, due: count, oldestSeconds: count.nullable() }

const handled = z.object({
  done: count,
  retried: count,
  failed: count,
  perMinute: z.number().meta({ description: 'over the last minute or so' }),
  inHand: count.meta({ description: 'taken by a worker and not yet answered' }),
  oldestSeconds: z.number().meta({ description: 'since the oldest of those was published' }),
})

export const system = z
  .object({
    subscriptions: z.array(
      z.object({
        name: z.string(),
        topic: z.string(),
        outbox: z.object(outbox).meta({ description: 'of its topic, not yet published' }),
        deadLetters: count,
        workers: handled.nullable().meta({ description: 'null where no service told anything of it' }),
      }),
    ),
    outbox: z.object(outbox),
    deadLetters: count,
    rails: z.array(z.object({ name: z.string(), pausedUntil: time.nullable(), reason: z.string().nullable() })),
    attempts: z.array(
      z.object({
        rail: z.string(),
        claimed: count,
        unknown: count,
        lastHour: z.object({ accepted: count, declined: count, p50Ms: milliseconds, p95Ms: milliseconds }),
      }),
    ),
    providers: z
      .array(
        z.object({
          name: z.string(),
          calls: count,
          refused: count.meta({ description: 'answered with a status from 400 that is our doing' }),
          failed: count.meta({ description: 'no answer, 5xx, 408 or 429' }),
          p50Ms: milliseconds,
          p95Ms: milliseconds,
          inUse: z.number().meta({ description: 'calls under way at once, on average, over the last minute or so' }),
        }),
      )
      .meta({ description: 'every call of every service, over the window of `services`' }),
    services: z
      .array(
        z.object({
          name: z.string(),
          at: time.nullable().meta({ description: 'when it last told something' }),
          trouble: z.string().nullable().meta({ description: 'why its metrics could not be read the last time' }),
          windowSeconds: count.meta({ description: 'over how long its figures go, an hour at most' }),
        }),
      )
      .nullable()
      .meta({ description: 'whose metrics are read; null where none are configured' }),
    at: time,
  })
  .meta({ id: 'System' })

export function systemRoutes(server: ZodServer, { database, clock, services }: ApiParts): void {
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
      const { outbox: waits, deadLettersOf, ...state } = await readSystem(database, now)
      const told = services ? machineFigures(services.read(), { now: new Date(), windowMs: WINDOW_MS }) : undefined
      return {
        ...toWire(state),
        outbox: waits,
        subscriptions: subscriptions.map(({ name, topic }) => ({
          ...{ name, topic },
          outbox: waits.topics.find((one) => one.topic === topic) ?? NOTHING,
          deadLetters: deadLettersOf.find(({ subscription }) => subscription === name)?.count ?? 0,
          workers: told?.subscriptions.find((one) => one.name === name) ?? null,
        })),
        providers: [...(told?.providers ?? [])],
        services: told ? told.services.map((one) => ({ ...one, at: one.at?.toISOString() ?? null })) : null,
        at: now.toISOString(),
      }
    },
  )
}

const NOTHING = { waiting: 0, due: 0, oldestSeconds: null }
