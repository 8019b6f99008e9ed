import { listApprovals } from '@remesa/database/approvals'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from './api.ts'
import { decide } from './decide-approval.ts'
import { actionAnswer, approvalPage, approvalQuery, byId, withReason, withRequestKey } from './schemas.ts'
import { toWire } from './wire.ts'

export function approvalRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/approvals',
    {
      schema: {
        tags: ['approvals'],
        summary: 'Approvals, newest first',
        querystring: approvalQuery,
        response: { ...PROBLEMS, 200: approvalPage },
      },
    },
    async ({ query: { cursor, limit, status, payoutId } }) => {
      const approvals = await listApprovals(parts.database, {
        limit: limit + 1, // one more tells whether there is a next page
        ...(status && { status }),
        ...(payoutId && { payoutId }),
        ...(cursor && { after: cursor }),
      })
      return toWire({
        approvals: approvals.slice(0, limit),
        next: approvals.length > limit ? (approvals[limit - 1]?.id ?? null) : null,
      })
    },
  )

  for (const [verdict, summary] of [
    ['approve', 'Agree, and do at once what was asked for'],
    ['refuse', 'Refuse what was asked for'],
  ] as const) {
    server.post(
      `/v1/approvals/:id/${verdict}`,
      {
        schema: {
          tags: ['approvals'],
          summary: `${summary}: a second person, never whoever asked`,
          params: byId,
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: actionAnswer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const decision = {
          approvalId: request.params.id,
          verdict,
          actor: actorOf(request),
          reason,
          lifeMs: parts.approvalLifeMs,
          clock: parts.clock(),
        }
        const { answer } = await doOnce(parts, { request, reply, body: { reason }, answers: actionAnswer }, (tx) =>
          decide(tx, decision),
        )
        return reply.code(200).send(answer)
      },
    )
  }
}
