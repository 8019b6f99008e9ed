import { recordAudit } from '@remesa/database/audit'
import type { Schema } from '@remesa/database/schema'
import { type DeadLetter, findDeadLetter, listDeadLetters, replayDeadLetter } from '@remesa/messaging/dead-letters'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { masked, maskedFacts } from '../masks.ts'
import { ProblemError, problem } from '../problem.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { count, cutPage, facts, given, pageOf, pageQuery, time } from './shapes.ts'

const letter = z
  .object({
    id: z.uuid(),
    topic: z.string(),
    subscription: z.string().meta({ description: 'whose worker could not handle it' }),
    messageId: z.string(),
    orderingKey: z.string().nullable(),
    reason: z.string(),
    receivedAt: time,
    replayedAt: time.nullable(),
  })
  .meta({ id: 'DeadLetter' })
const wholeLetter = letter
  .extend({
    attributes: facts,
    payload: z.unknown().meta({ description: 'secrets and personal data are masked; null when it is no JSON' }),
    bytes: count,
  })
  .meta({ id: 'DeadLetterDetail' })

const OUTCOMES = ['replayed', 'not_found', 'replayed_before', 'unreadable'] as const
const answer = z
  .object({ items: z.array(z.object({ id: z.uuid(), outcome: z.enum(OUTCOMES) })), replayed: count })
  .meta({ id: 'DeadLetterReplayAnswer' })

const query = z.strictObject({
  topic: plainText({ longest: 200 }).optional(),
  waiting: z.stringbool().optional().meta({ description: 'only what nobody has replayed' }),
  ...pageQuery,
})

const REPLAYED_AT_ONCE = 200

export function deadLetterRoutes(server: ZodServer, parts: ApiParts): void {
  const { database } = parts
  server.get(
    '/v1/dead-letters',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Messages that were set aside, newest first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(letter).meta({ id: 'DeadLetterPage' }) },
      },
    },
    async ({ query: { cursor, limit, topic, waiting } }) => {
      const which = given({ topic, waitingOnly: waiting, before: cursor })
      const rows = await listDeadLetters(database, { ...which, limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: letterJson })
    },
  )

  server.get(
    '/v1/dead-letters/:id',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'One with what it says',
        params: byId,
        response: { ...PROBLEMS_OF_ONE, 200: wholeLetter },
      },
    },
    async ({ params: { id } }) => {
      const found = await findDeadLetter(database, id)
      if (!found) throw new ProblemError(problem('not-found', `There is no dead letter ${id}.`))
      return {
        ...letterJson(found),
        attributes: maskedFacts(found.attributes),
        payload: payloadOf(found.data),
        bytes: found.data.length,
      }
    },
  )

  server.post(
    '/v1/dead-letters/replay',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Have them delivered again, each to the subscription that set it aside',
        headers: withRequestKey,
        body: withReason
          .extend({ ids: z.array(z.uuid()).min(1).max(REPLAYED_AT_ONCE) })
          .meta({ id: 'DeadLetterReplay' }),
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { ids, reason } = request.body
      const deed = { ids: [...new Set(ids)].toSorted(), actor: actorOf(request), reason }
      const body = { ids: deed.ids.join(' '), reason }
      const done = await doOnce(parts, { request, reply, body, answers: answer }, async (tx) => ({
        kind: 'done',
        status: 200,
        answer: await replayAll(tx, deed),
      }))
      return reply.code(200).send(done.answer)
    },
  )
}

/** Locks them in the order of their ids, so that two who replay the same do not wait in a circle. */
async function replayAll(
  tx: Transaction<Schema>,
  { ids, actor, reason }: { ids: readonly string[]; actor: string; reason: string },
): Promise<z.output<typeof answer>> {
  const items: z.output<typeof answer>['items'] = []
  for (const id of ids) items.push({ id, outcome: await replayDeadLetter(tx, id) })
  const replayed = items.filter(({ outcome }) => outcome === 'replayed')
  await recordAudit(
    tx,
    replayed.map(({ id }) => ({
      actor,
      action: 'dead_letter.replayed',
      subject: { type: 'dead_letter', id },
      reason,
    })),
  )
  return { items, replayed: replayed.length }
}

const letterJson = ({ data, attributes, ...told }: DeadLetter) => toWire(told)

function payloadOf(data: Buffer): unknown {
  try {
    return masked(JSON.parse(data.toString('utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
