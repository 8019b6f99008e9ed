import { askForRemoval, type CapAnswer, listCaps, setCap } from '@remesa/database/payment-cap-changes'
import { findRail } from '@remesa/database/rail-stops'
import { isCurrency } from '@remesa/domain/currency'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { type Outcome, refused } from '../outcome.ts'
import { pageOf } from '../routes/shapes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { cap, capJson, capScope, controlApproval, controlApprovalJson } from './control-shapes.ts'

const wish = withReason
  .extend({
    rail: plainText({ longest: 20 }).nullable().default(null).meta({ description: 'null: all of them together' }),
    currency: z.string().refine(isCurrency, 'is no currency that Remesa pays in'),
    scope: capScope,
    amount: z
      .string()
      .regex(/^\d{1,18}$/, 'must be whole minor units')
      .meta({ description: 'minor units, as a decimal string', examples: ['5000000'] }),
  })
  .meta({ id: 'CapWish' })

const answer = z.object({ cap, approval: controlApproval.nullable() }).meta({ id: 'CapAnswer' })
type Answer = z.output<typeof answer>

/** How much may go out at most. */
export function capRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/caps',
    {
      schema: {
        tags: ['caps'],
        summary: 'How much may go out at most',
        response: { ...PROBLEMS, 200: pageOf(cap).meta({ id: 'CapPage' }) },
      },
    },
    async () => ({ items: (await listCaps(parts.database)).map(capJson), next: null }),
  )

  server.put(
    '/v1/caps',
    {
      schema: {
        tags: ['caps'],
        summary: 'Set or lower a cap; to raise one takes a second person',
        headers: withRequestKey,
        body: wish,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
      },
    },
    async (request, reply) => {
      const { rail, currency, scope, amount, reason } = request.body
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const body = { rail: rail ?? '', currency, scope, amount, reason }
      const done = await doOnce(parts, { request, reply, body, answers: answer }, async (tx) => {
        const known = rail === null ? null : await findRail(tx, rail)
        if (known === undefined) return refused('not-found', `There is no rail ${rail}.`)
        const place = { rail: known?.name ?? null, currency, scope }
        return outcomeOf(await setCap(tx, { ...place, amount: BigInt(amount) }, asked))
      })
      return reply.code(done.status).send(done.answer)
    },
  )

  server.delete(
    '/v1/caps/:id',
    {
      schema: {
        tags: ['caps'],
        summary: 'Ask for a cap to be removed: a second person approves it',
        params: byId,
        headers: withRequestKey,
        body: withReason,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
      },
    },
    async (request, reply) => {
      const { reason } = request.body
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) => {
        const asking = await askForRemoval(tx, request.params.id, asked)
        return asking ? outcomeOf(asking) : refused('not-found', `There is no cap ${request.params.id}.`)
      })
      return reply.code(done.status).send(done.answer)
    },
  )
}

function outcomeOf(done: CapAnswer): Outcome<Answer> {
  switch (done.kind) {
    case 'done':
      return { kind: 'done', status: 200, answer: { cap: capJson(done.cap), approval: null } }
    case 'asked':
      return {
        kind: 'done',
        status: 202,
        answer: { cap: capJson(done.cap), approval: controlApprovalJson(done.approval) },
      }
    case 'open':
      return refused('approval-open', 'A change of this cap is asked for already; it is decided first.', {
        approval: controlApprovalJson(done.approval),
      })
  }
}
