import { listControlApprovals } from '@remesa/database/control-approvals'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { approvalStatus, cutPage, given, pageOf, pageQuery } from '../routes/shapes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'
import { controlApproval, controlApprovalJson, controlKind } from './control-shapes.ts'
import { decideControl, decisionAnswer } from './decide-control.ts'

const query = z.strictObject({
  status: approvalStatus.optional(),
  kind: controlKind.optional(),
  ...pageQuery,
})

/** Wishes about payments as a whole, which take two people. */
export function controlApprovalRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/control-approvals',
    {
      schema: {
        tags: ['approvals'],
        summary: 'Wishes about payments as a whole, newest first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(controlApproval).meta({ id: 'ControlApprovalPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const rows = await listControlApprovals(parts.database, {
        ...given({ ...which, after: cursor }),
        limit: limit + 1, // one more tells whether there is a next page
      })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: controlApprovalJson })
    },
  )

  for (const [verdict, summary] of [
    ['approve', 'Agree, and do at once what was asked for'],
    ['refuse', 'Refuse what was asked for'],
  ] as const) {
    server.post(
      `/v1/control-approvals/:id/${verdict}`,
      {
        schema: {
          tags: ['approvals'],
          summary: `${summary}: a second person, never whoever asked`,
          params: byId,
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: decisionAnswer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const { now } = parts.clock()
        const decision = {
          approvalId: request.params.id,
          verdict,
          actor: actorOf(request),
          reason,
          lifeMs: parts.approvalLifeMs,
          now,
        }
        const { answer } = await doOnce(parts, { request, reply, body: { reason }, answers: decisionAnswer }, (tx) =>
          decideControl(tx, decision),
        )
        return reply.code(200).send(answer)
      },
    )
  }
}
