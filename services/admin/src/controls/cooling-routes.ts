import { askForRelease, type CoolingPayee, type CoolingState, listCooling } from '@remesa/database/destination-cooling'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { refused } from '../outcome.ts'
import { pageOf, time } from '../routes/shapes.ts'
import { withReason, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { controlApproval, controlApprovalJson } from './control-shapes.ts'

const payee = z.object({
  type: z.enum(['seller', 'user']),
  id: z.string(),
  name: z.string().nullable().meta({ description: 'null for a user, of whom no name is known' }),
})

export const cooling = z
  .object({
    payee,
    changedAt: time.meta({ description: 'when another account came in the place of an earlier one' }),
    until: time.meta({ description: 'when the last of what waits goes on by itself' }),
    payments: z.int().meta({ description: 'balances or transfers that wait' }),
    release: controlApproval.nullable().meta({ description: 'the release that waits for a second person' }),
  })
  .meta({ id: 'CoolingPayee' })

const answer = z.object({ approval: controlApproval }).meta({ id: 'CoolingReleaseAnswer' })

const byPayee = z.union([
  z.object({ type: z.literal('seller'), id: z.uuid() }),
  z.object({ type: z.literal('user'), id: plainText({ longest: 200 }) }),
])

/** Payees whose accounts were changed lately, and what waits for that. */
export function coolingRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/cooling',
    {
      schema: {
        tags: ['cooling'],
        summary: 'Payees for whom something waits because their account was changed lately',
        response: { ...PROBLEMS, 200: pageOf(cooling).meta({ id: 'CoolingPayeePage' }) },
      },
    },
    async () => ({ items: (await listCooling(parts.database)).map(coolingJson), next: null }),
  )

  server.post(
    '/v1/cooling/:type/:id/release',
    {
      schema: {
        tags: ['cooling'],
        summary: 'Ask for a payee to be paid before the cooling time is over: a second person approves it',
        params: byPayee,
        headers: withRequestKey,
        body: withReason,
        response: { ...PROBLEMS_OF_DEEDS, 202: answer },
      },
    },
    async (request, reply) => {
      const { reason } = request.body
      const who: CoolingPayee = request.params
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) => {
        const asking = await askForRelease(tx, who, asked)
        if (!asking)
          return refused('not-found', `The account of ${who.type} ${who.id} was not changed, or was released.`)
        const approval = controlApprovalJson(asking.approval)
        if (asking.kind === 'open') {
          return refused('approval-open', 'This is asked for already; a second person decides first.', { approval })
        }
        return { kind: 'done', status: 202, answer: { approval } }
      })
      return reply.code(202).send(done.answer)
    },
  )
}

const coolingJson = ({ payee: who, name, changedAt, until, payments, release }: CoolingState) => ({
  payee: { ...who, name },
  changedAt: changedAt.toISOString(),
  until: until.toISOString(),
  payments,
  release: release && controlApprovalJson(release),
})
