import { decideAlert, listAlerts } from '@remesa/database/alert-reads'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { type Outcome, refused } from '../outcome.ts'
import { byId, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { alert, alertJson, alertKind, alertSeverity, alertStatus } from './alert-shape.ts'
import { cutPage, given, pageOf, pageQuery } from './shapes.ts'

const query = z.strictObject({
  status: alertStatus.optional(),
  severity: alertSeverity.optional(),
  kind: alertKind.optional(),
  ...pageQuery,
})

const note = plainText({ longest: 1_000 }).meta({
  description: 'what was found or done; it becomes part of the audit log',
})
const answer = z.object({ alert }).meta({ id: 'AlertAnswer' })
type Answer = z.output<typeof answer>

export function alertRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/alerts',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Finance alerts, newest first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(alert).meta({ id: 'AlertPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const rows = await listAlerts(parts.database, { ...given({ ...which, after: cursor }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: alertJson })
    },
  )

  server.post(
    '/v1/alerts/:id/acknowledge',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Say that somebody is at it: it is no longer among those that wait',
        params: byId,
        headers: withRequestKey,
        body: z.strictObject({ note: note.optional() }).meta({ id: 'AlertAcknowledgement' }),
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { note: words } = request.body
      const decision = { to: 'acknowledged' as const, actor: actorOf(request), note: words ?? null }
      const body = words === undefined ? {} : { note: words }
      const done = await doOnce(parts, { request, reply, body, answers: answer }, (tx) =>
        decideOne(tx, request.params.id, decision),
      )
      return reply.code(200).send(done.answer)
    },
  )

  server.post(
    '/v1/alerts/:id/resolve',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Close it with a note: should the matter come up again, the alert opens again',
        params: byId,
        headers: withRequestKey,
        body: z.strictObject({ note }).meta({ id: 'AlertResolution' }),
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { note: words } = request.body
      const decision = { to: 'resolved' as const, actor: actorOf(request), note: words }
      const done = await doOnce(parts, { request, reply, body: { note: words }, answers: answer }, (tx) =>
        decideOne(tx, request.params.id, decision),
      )
      return reply.code(200).send(done.answer)
    },
  )
}

async function decideOne(
  tx: Transaction<Schema>,
  id: string,
  decision: Parameters<typeof decideAlert>[2],
): Promise<Outcome<Answer>> {
  const decided = await decideAlert(tx, id, decision)
  if (!decided) return refused('not-found', `There is no alert ${id}.`)
  const current = alertJson(decided.alert)
  if (!decided.changed) return refused('wrong-state', `The alert is ${current.status} already.`, { current })
  return { kind: 'done', status: 200, answer: { alert: current } }
}
