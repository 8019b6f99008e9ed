import { listAlerts } from '@remesa/database/alert-reads'
import { auditOfSubjects } from '@remesa/database/audit-rows'
import { listBalances } from '@remesa/database/balance-reads'
import { findSeller, listSellers, type SellerView } from '@remesa/database/seller-reads'
import { maskTaxId } from '@remesa/domain/tax-id'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { maskEnd } from '../masks.ts'
import { ProblemError, problem } from '../problem.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { balance, balanceJson } from './balance-routes.ts'
import { byName, cutPage, given, money, pageOf, pageQuery, time } from './shapes.ts'
import { timeline, timelineOf } from './timeline.ts'

const seller = z
  .object({
    id: z.uuid(),
    gscSellerId: z.string(),
    name: z.string(),
    taxId: z.string().meta({ description: 'masked' }),
    operationType: z.enum(['local', 'international']),
    type: z.enum(['3P', '1P']),
    status: z.enum(['active', 'suspended', 'closed']),
    account: z
      .enum(['fpay', 'payoneer'])
      .nullable()
      .meta({ description: 'the rail that it can be paid by; null: none yet' }),
    countries: z.array(z.object({ country: z.string(), currency: z.string(), enabled: z.boolean() })),
    updatedAt: time,
  })
  .meta({ id: 'Seller' })

const sellerStory = seller
  .extend({
    fpayId: z.string().nullable().meta({ description: 'masked' }),
    payoneerPayeeId: z.string().nullable().meta({ description: 'masked' }),
    erpId: z.string().nullable(),
    createdAt: time,
    owed: z.array(money).meta({ description: 'owed and not yet on its way, by the ledger' }),
    balances: z.array(balance).meta({ description: 'the newest' }),
    timeline,
  })
  .meta({ id: 'SellerDetail' })

const SHOWN_BALANCES = 50
const SHOWN_ALERTS = 100
const query = z.strictObject({
  q: plainText({ longest: 200 })
    .optional()
    .meta({ description: 'an id, ours or GSC’s, a tax id, or beginnings of words of the name' }),
  ...pageQuery,
})

export function sellerRoutes(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/sellers',
    {
      schema: {
        tags: ['sellers'],
        summary: 'Sellers by name',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(seller).meta({ id: 'SellerPage' }) },
      },
    },
    async ({ query: { cursor, limit, q } }) => {
      const rows = await listSellers(database, { ...given({ q, after: cursor }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: sellerJson })
    },
  )

  server.get(
    '/v1/sellers/:id',
    {
      schema: {
        tags: ['sellers'],
        summary: 'A seller, by our id or GSC’s, with its newest balances and its history',
        params: byName,
        response: { ...PROBLEMS_OF_ONE, 200: sellerStory },
      },
    },
    async ({ params: { id } }) => {
      const found = await findSeller(database, id)
      if (!found) throw new ProblemError(problem('not-found', `There is no seller ${id}.`))
      const subject = { type: 'seller', id: found.id }
      const { fpayId, payoneerPayeeId, ...known } = found
      return {
        ...toWire(known),
        ...sellerJson(found),
        fpayId: fpayId && maskEnd(fpayId),
        payoneerPayeeId: payoneerPayeeId && maskEnd(payoneerPayeeId),
        balances: (await listBalances(database, { sellerId: found.id, limit: SHOWN_BALANCES })).map(balanceJson),
        timeline: timelineOf({
          attempts: [],
          ledger: [],
          audit: await auditOfSubjects(database, [subject]),
          alerts: await listAlerts(database, { subject, limit: SHOWN_ALERTS }),
        }),
      }
    },
  )
}

const sellerJson = (view: SellerView) => ({ ...toWire(view), taxId: maskTaxId(view.taxId) })
