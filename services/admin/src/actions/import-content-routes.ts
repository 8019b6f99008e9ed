import { findControlApproval } from '@remesa/database/control-approvals'
import { importedByWish } from '@remesa/database/settlement-import-approvals'
import { z } from 'zod'
import { type ApiParts, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { ProblemError, problem } from '../problem.ts'
import { countedPageQuery, cutPage, minorUnits, pageOf } from '../routes/shapes.ts'
import { byId } from '../schemas.ts'
import { toWire } from '../wire.ts'

const brought = z
  .object({
    settlementId: z.string(),
    contestId: z.string(),
    currency: z.string(),
    total: minorUnits,
    status: z.string(),
    winners: z.array(
      z.object({
        userId: z.string(),
        stripeAccountId: z.string().nullable(),
        amount: minorUnits,
        currency: z.string(),
      }),
    ),
  })
  .meta({ id: 'Settlement' })

/** All that a second person agrees to when settlements are brought: who is paid, how much, and to which account. */
export function importContentRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/control-approvals/:id/settlements',
    {
      schema: {
        tags: ['approvals'],
        summary: 'The settlements that an approval is about, whole, as they were brought',
        params: byId,
        querystring: z.strictObject(countedPageQuery),
        response: { ...PROBLEMS_OF_ONE, 200: pageOf(brought).meta({ id: 'SettlementPage' }) },
      },
    },
    async ({ params: { id }, query: { cursor = '0', limit } }) => {
      const approval = await findControlApproval(parts.database, id)
      const settlements = approval && importedByWish(approval)
      if (!settlements) {
        throw new ProblemError(problem('not-found', `There is no approval ${id} of settlements that were brought.`))
      }
      const numbered = settlements.map((one, at) => ({ ...one, number: at + 1 }))
      const from = Number(cursor)
      return cutPage(numbered.slice(from, from + limit + 1), {
        limit,
        cursorOf: ({ number }) => String(number),
        itemOf: ({ settlement, winners }) => toWire({ ...settlement, winners }),
      })
    },
  )
}
