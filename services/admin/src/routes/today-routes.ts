import { readToday, STAGES, type Today } from '@remesa/database/today-reads'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type ApiParts, operatorOf, PROBLEMS, type ZodServer } from '../api.ts'
import { ROLES } from '../roles.ts'
import { createBoard } from '../today-board.ts'
import { toWire } from '../wire.ts'
import { alert, alertJson } from './alert-shape.ts'
import { count, money, time } from './shapes.ts'

const me = z
  .object({
    subject: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    environment: z.string(),
    via: z.enum(['session', 'bearer']),
  })
  .meta({ id: 'CurrentOperator' })

const counts = z.record(z.string(), count)
const today = z
  .object({
    businessDate: z.iso.date(),
    run: z
      .object({
        openedAt: time,
        initializedAt: time.nullable(),
        state: z.enum(['running', 'finished']),
      })
      .nullable(),
    stages: z.array(
      z.object({
        name: z.enum(STAGES),
        waiting: count,
        done: count,
        failed: count.meta({ description: 'what waits for a person' }),
        perMinute: count,
        oldestSeconds: count.nullable(),
      }),
    ),
    balances: counts,
    paid: z.array(z.object({ rail: z.string(), money, count })),
    settlements: z.object({ jobs: count, complete: count, rejected: count, transfers: counts }),
    bookings: counts,
    alerts: z.array(alert).meta({ description: 'the worst of those that wait for a person' }),
    alertsWaiting: count.meta({ description: 'all that wait for a person' }),
    at: time,
  })
  .meta({ id: 'Today' })

const query = z.strictObject({
  date: z.iso.date().optional().meta({ description: 'a business date; default the newest run’s' }),
})

/** After this a client asks anew, and whether it still may is looked at. */
const STREAM_MS = 15 * 60_000
/** A client that reads so much less than it is told is gone, or as good as. */
const UNREAD_BYTES = 1024 * 1024

export function todayRoutes(server: ZodServer, parts: ApiParts): void {
  const { database, timeZone, environment, logger } = parts
  const read = async (businessDate?: string) =>
    todayJson(
      await readToday(database, {
        now: parts.clock().now,
        timeZone,
        ...(businessDate !== undefined && { businessDate }),
      }),
    )
  const board = createBoard({ read, logger })
  server.addHook('preClose', async () => board.stop())

  server.get(
    '/v1/me',
    { schema: { tags: ['operators'], summary: 'Who asks, and what they may do', response: { ...PROBLEMS, 200: me } } },
    async (request) => {
      const { subject, name, roles, via } = operatorOf(request)
      return { subject, name, roles: ROLES.filter((role) => roles.includes(role)), environment, via }
    },
  )

  server.get(
    '/v1/today',
    {
      schema: {
        tags: ['today'],
        summary: 'How far a business date’s run has come, and what else moves that day',
        querystring: query,
        response: { ...PROBLEMS, 200: today },
      },
    },
    async ({ query: { date } }) => read(date),
  )

  server.get(
    '/v1/events',
    {
      schema: {
        tags: ['today'],
        summary: 'Server-sent events: `today`, with what `GET /v1/today` answers, at once and whenever it changes',
        response: {
          ...PROBLEMS,
          200: { description: 'events', content: { 'text/event-stream': { schema: z.string() } } },
        },
      },
    },
    (_request, reply) => {
      streamTo(reply, board)
    },
  )
}

const todayJson = ({ alerts, ...rest }: Today) => ({ ...toWire(rest), alerts: alerts.map(alertJson) })

function streamTo(reply: FastifyReply, board: ReturnType<typeof createBoard>): void {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  })
  const write = (text: string): void => {
    if (raw.writableLength > UNREAD_BYTES) raw.destroy()
    else raw.write(text)
  }
  write('retry: 2000\n\n')
  const end = (): void => void raw.end()
  const silence = board.listen({
    tell: (state) => write(`event: today\ndata: ${state}\n\n`),
    stillHere: () => write(': nothing new\n\n'),
    end,
  })
  const ending = setTimeout(end, STREAM_MS)
  raw.once('close', () => {
    clearTimeout(ending)
    silence()
  })
}
