import { type AdminJobState, changeJob, listJobs } from '@remesa/database/admin-jobs'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { refused } from '../outcome.ts'
import { withReason, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { count, time } from './shapes.ts'

const job = z
  .object({
    name: z.string(),
    schedule: z.string().meta({ description: 'cron, five fields' }),
    timeZone: z.string(),
    enabled: z.boolean(),
    nextRunAt: time.nullable(),
    lastRunAt: time.nullable(),
    lastDurationMs: count.nullable(),
    lastOutcome: z.enum(['succeeded', 'failed']).nullable(),
    lastError: z.string().nullable(),
  })
  .meta({ id: 'Job' })
const answer = z.object({ job }).meta({ id: 'JobAnswer' })

const WISHES = [
  ['run', 'Have it run now: the scheduler takes it within seconds'],
  ['pause', 'Have it not run until it is resumed'],
  ['resume', 'Have it run by its schedule again; what fell due meanwhile is made up for'],
] as const

export function jobRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/jobs',
    {
      schema: {
        tags: ['jobs'],
        summary: 'What the clock starts, and how it went',
        response: { ...PROBLEMS, 200: z.object({ items: z.array(job), next: z.null() }).meta({ id: 'JobPage' }) },
      },
    },
    async () => ({ items: (await listJobs(parts.database)).map(jobJson), next: null }),
  )

  for (const [wish, summary] of WISHES) {
    server.post(
      `/v1/jobs/:name/${wish}`,
      {
        schema: {
          tags: ['jobs'],
          summary,
          params: z.object({ name: plainText({ longest: 200 }) }),
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: answer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const { name } = request.params
        const change = { wish, actor: actorOf(request), reason, now: parts.clock().now }
        const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) => {
          const changed = await changeJob(tx, name, change)
          if (!changed) return refused('not-found', `There is no job ${name}.`)
          const current = jobJson(changed.job)
          return changed.kind === 'done'
            ? { kind: 'done', status: 200, answer: { job: current } }
            : refused('wrong-state', 'The job is paused: resume it first.', { current })
        })
        return reply.code(200).send(done.answer)
      },
    )
  }
}

const jobJson = (state: AdminJobState) => toWire(state)
