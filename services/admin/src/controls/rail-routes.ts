import { askForRestart, findRail, listRails, stopRail } from '@remesa/database/rail-stops'
import type { Schema } from '@remesa/database/schema'
import type { RailName } from '@remesa/domain/rail'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { type Outcome, refused } from '../outcome.ts'
import { byName, pageOf } from '../routes/shapes.ts'
import { withReason, withRequestKey } from '../schemas.ts'
import { controlApprovalJson, rail, railJson } from './control-shapes.ts'

const answer = z.object({ rail }).meta({ id: 'RailAnswer' })
type Answer = z.output<typeof answer>

interface Wish {
  readonly actor: string
  readonly reason: string
  readonly now: Date
}

/** The switch of each rail. */
export function railRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/rails',
    {
      schema: {
        tags: ['rails'],
        summary: 'The rails, and which of them run',
        response: { ...PROBLEMS, 200: pageOf(rail).meta({ id: 'RailPage' }) },
      },
    },
    async () => ({ items: (await listRails(parts.database)).map(railJson), next: null }),
  )

  for (const [verb, summary, deed] of [
    ['stop', 'Stop a rail: no worker claims anything new for it from now on', stop],
    ['restart', 'Ask for a stopped rail to be restarted: a second person approves it', restart],
  ] as const) {
    server.post(
      `/v1/rails/:id/${verb}`,
      {
        schema: {
          tags: ['rails'],
          summary,
          params: byName,
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const wish = { actor: actorOf(request), reason, now: parts.clock().now }
        const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) => {
          const known = await findRail(tx, request.params.id)
          return known ? deed(tx, known.name, wish) : refused('not-found', `There is no rail ${request.params.id}.`)
        })
        return reply.code(done.status).send(done.answer)
      },
    )
  }
}

async function stop(tx: Transaction<Schema>, name: RailName, wish: Wish): Promise<Outcome<Answer>> {
  await raiseAlerts(tx, await stopRail(tx, name, wish))
  return { kind: 'done', status: 200, answer: await answerOf(tx, name) }
}

async function restart(tx: Transaction<Schema>, name: RailName, wish: Wish): Promise<Outcome<Answer>> {
  const asked = await askForRestart(tx, name, wish)
  switch (asked.kind) {
    case 'asked':
      return { kind: 'done', status: 202, answer: await answerOf(tx, name) }
    case 'not_stopped':
      return refused('wrong-state', `${name} is not stopped.`, { current: (await answerOf(tx, name)).rail })
    case 'open': {
      const detail = `A restart of ${name} is asked for already; it is decided first.`
      return refused('approval-open', detail, { approval: controlApprovalJson(asked.approval) })
    }
  }
}

async function answerOf(tx: Transaction<Schema>, name: RailName): Promise<Answer> {
  const state = await findRail(tx, name)
  if (!state) throw new Error(`rail ${name} is gone`)
  return { rail: railJson(state) }
}
