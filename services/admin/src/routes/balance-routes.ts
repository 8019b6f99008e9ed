import { type BalanceStory, type BalanceView, findBalanceStory, listBalances } from '@remesa/database/balance-reads'
import { SELLER_BALANCE_STATUSES } from '@remesa/domain/seller-balance'
import { maskTaxId } from '@remesa/domain/tax-id'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { ProblemError, problem } from '../problem.ts'
import { byId } from '../schemas.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { attempt, attemptJson, cutPage, given, minorUnits, money, pageOf, pageQuery, time } from './shapes.ts'
import { timeline, timelineOf } from './timeline.ts'

const balanceStatus = z.enum(SELLER_BALANCE_STATUSES).meta({ id: 'BalanceStatus' })

/** A balance in a list. */
export const balance = z
  .object({
    id: z.uuid(),
    seller: z.object({
      id: z.uuid(),
      gscSellerId: z.string(),
      name: z.string(),
      taxId: z.string().meta({ description: 'masked' }),
    }),
    country: z.string(),
    businessDate: z.iso.date(),
    money: money.nullable().meta({ description: 'null until its documents are read' }),
    status: balanceStatus,
    reason: z.string().nullable().meta({ description: 'why it is blocked, or was refused last' }),
    rail: z.string().nullable(),
    updatedAt: time,
  })
  .meta({ id: 'Balance' })

const balanceStory = balance
  .extend({
    currency: z.string(),
    documents: z.array(
      z.object({
        erpId: z.string(),
        type: z.enum(['vendorBill', 'invoice']),
        tranId: z.string(),
        currency: z.string(),
        amount: minorUnits,
      }),
    ),
    closing: z.object({
      settlementId: z.string().nullable(),
      money: money.nullable(),
      receivedAt: time.nullable(),
      match: z.enum(['matched', 'missing', 'different']).nullable(),
    }),
    nextTryAt: time.nullable(),
    erp: z.object({ toldAt: time.nullable(), vendorPaymentId: z.string().nullable() }),
    gscToldAt: time.nullable(),
    createdAt: time,
    attempts: z.array(attempt),
    timeline,
  })
  .meta({ id: 'BalanceDetail' })

const amount = z
  .string()
  .regex(/^-?\d{1,18}$/, 'must be whole minor units')
  .transform(BigInt)
const query = z.strictObject({
  status: balanceStatus.optional(),
  sellerId: z.uuid().optional(),
  date: z.iso.date().optional(),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/)
    .transform((code) => code.toLowerCase())
    .optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  q: plainText({ longest: 200 })
    .optional()
    .meta({ description: 'an id of the balance or its seller, a tax id, or beginnings of words of the seller’s name' }),
  min: amount.optional().meta({ description: 'minor units, inclusive' }),
  max: amount.optional().meta({ description: 'minor units, inclusive' }),
  ...pageQuery,
})

export function balanceRoutes(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/balances',
    {
      schema: {
        tags: ['balances'],
        summary: 'Seller balances, the newest business date first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(balance).meta({ id: 'BalancePage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const rows = await listBalances(database, { ...given({ ...which, after: cursor }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: balanceJson })
    },
  )

  server.get(
    '/v1/balances/:id',
    {
      schema: {
        tags: ['balances'],
        summary: 'A balance with its documents, attempts and whole history',
        params: byId,
        response: { ...PROBLEMS_OF_ONE, 200: balanceStory },
      },
    },
    async ({ params: { id } }) => {
      const story = await findBalanceStory(database, id)
      if (!story) throw new ProblemError(problem('not-found', `There is no balance ${id}.`))
      return storyJson(story)
    },
  )
}

export const balanceJson = ({ seller, ...view }: BalanceView) => ({
  ...toWire(view),
  seller: { ...seller, taxId: maskTaxId(seller.taxId) },
})

const storyJson = (story: BalanceStory) => ({
  ...balanceJson(story.balance),
  ...toWire({
    currency: story.currency,
    documents: story.documents,
    closing: story.closing,
    nextTryAt: story.nextTryAt,
    erp: story.erp,
    gscToldAt: story.gscToldAt,
    createdAt: story.createdAt,
  }),
  attempts: story.attempts.map(attemptJson),
  timeline: timelineOf(story),
})
