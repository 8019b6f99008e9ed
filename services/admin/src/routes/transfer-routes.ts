import { findTransferStory, listTransfers, type TransferRow } from '@remesa/database/transfer-reads'
import { TRANSFER_STATUSES } from '@remesa/domain/payout-transfer'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { maskEnd } from '../masks.ts'
import { ProblemError, problem } from '../problem.ts'
import { byId } from '../schemas.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { attempt, attemptJson, count, cutPage, given, money, pageOf, pageQuery, time } from './shapes.ts'
import { timeline, timelineOf } from './timeline.ts'

const transferStatus = z.enum(TRANSFER_STATUSES).meta({ id: 'TransferStatus' })

/** A transfer in a list. */
export const transfer = z
  .object({
    id: z.uuid(),
    userId: z.string(),
    money,
    status: transferStatus,
    reason: z.string().nullable().meta({ description: 'why it waits for its destination, or was refused last' }),
    withdrawRequested: z.boolean(),
    destination: z.string().nullable().meta({ description: 'masked' }),
    contestId: z.string().nullable(),
    settlementId: z.string().nullable(),
    jobId: z.uuid().nullable(),
    payoutId: z.uuid().nullable(),
    bookingId: z.string().nullable(),
    attempts: count.meta({ description: 'tries begun' }),
    nextTryAt: time.nullable(),
    providerReference: z.string().nullable(),
    createdAt: time,
    completedAt: time.nullable(),
    updatedAt: time,
  })
  .meta({ id: 'Transfer' })

const transferStory = z
  .object({
    transfer,
    account: z
      .object({ transfersActive: z.boolean(), payoutsEnabled: z.boolean(), disabledReason: z.string().nullable() })
      .nullable()
      .meta({ description: 'what Stripe says of the payee’s account' }),
    attempts: z.array(attempt),
    timeline,
  })
  .meta({ id: 'TransferDetail' })

const name = plainText({ longest: 200 })
const query = z.strictObject({
  status: transferStatus.optional(),
  q: name.optional().meta({ description: 'an id of the transfer, its job, payout, user or contest, or Stripe’s' }),
  userId: name.optional(),
  jobId: z.uuid().optional(),
  payoutId: z.uuid().optional(),
  ...pageQuery,
})

export function transferRoutes(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/transfers',
    {
      schema: {
        tags: ['transfers'],
        summary: 'Payout transfers, newest first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(transfer).meta({ id: 'TransferPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const rows = await listTransfers(database, { ...given({ ...which, after: cursor }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: transferJson })
    },
  )

  server.get(
    '/v1/transfers/:id',
    {
      schema: {
        tags: ['transfers'],
        summary: 'A transfer with its attempts and whole history',
        params: byId,
        response: { ...PROBLEMS_OF_ONE, 200: transferStory },
      },
    },
    async ({ params: { id } }) => {
      const story = await findTransferStory(database, id)
      if (!story) throw new ProblemError(problem('not-found', `There is no transfer ${id}.`))
      return {
        transfer: transferJson(story.transfer),
        account: story.account,
        attempts: story.attempts.map(attemptJson),
        timeline: timelineOf(story),
      }
    },
  )
}

export const transferJson = ({ heldReason, failureReason, destination, ...row }: TransferRow) => ({
  ...toWire(row),
  reason: heldReason ?? failureReason,
  destination: destination && maskEnd(destination),
})
