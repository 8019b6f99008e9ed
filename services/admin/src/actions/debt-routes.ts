import {
  askToSettleDebt,
  type DebtAnswer,
  type DebtSettlement,
  listDebts,
  SETTLED_HOW,
  settleDebt,
  writtenDownAlone,
} from '@remesa/database/receivable-settlements'
import { currency as currencyOf, isCurrency } from '@remesa/domain/currency'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { takesTwo } from '../approval-limits.ts'
import { controlApproval, controlApprovalJson } from '../controls/control-shapes.ts'
import { type Outcome, refused } from '../outcome.ts'
import { byName, cutPage, given, money, pageOf } from '../routes/shapes.ts'
import { withReason, withRequestKey } from '../schemas.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'

export const debt = z
  .object({
    providerId: z.string(),
    money: money.meta({ description: 'what the provider owes us' }),
  })
  .meta({ id: 'Debt' })

/** What one person writes down of a debt within it counts together. */
const DAY_MS = 86_400_000

const CURSOR = /^(.{1,200}):([A-Z]{3})$/su
const query = z.strictObject({
  providerId: plainText({ longest: 200 }).optional(),
  cursor: z
    .string()
    .regex(CURSOR, 'must be `next` of the page before')
    .optional()
    .meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

const wish = withReason
  .extend({
    how: z
      .enum(SETTLED_HOW)
      .meta({ description: '`repaid`: it came back outside our rails; `forgiven`: it never will' }),
    currency: z.string().refine(isCurrency, 'is no currency that Remesa pays in'),
    amount: z
      .string()
      .regex(/^[1-9]\d{0,17}$/, 'must be whole minor units, above zero')
      .meta({ description: 'minor units, as a decimal string; at most what is owed', examples: ['5000'] }),
    reference: plainText({ longest: 200 })
      .nullable()
      .default(null)
      .meta({ description: 'what names the payment at the bank; of one that is repaid, and only of it' }),
  })
  .refine(({ how, reference }) => (how === 'repaid') === (reference !== null), {
    path: ['reference'],
    message: 'names the payment of a debt that is repaid, and only of one',
  })
  .meta({ id: 'DebtSettlement' })

const answer = z
  .object({
    debt: debt.meta({ description: 'as it stands now; zero once it is settled' }),
    approval: controlApproval.nullable().meta({ description: 'what waits for a second person; null once it is done' }),
  })
  .meta({ id: 'DebtAnswer' })
type Answer = z.output<typeof answer>

/** What providers owe us, and how it ends beside their next payouts. */
export function debtRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/debts',
    {
      schema: {
        tags: ['debts'],
        summary: 'What providers owe us, by provider and currency',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(debt).meta({ id: 'DebtPage' }) },
      },
    },
    async ({ query: { cursor, limit, providerId } }) => {
      const [, after = '', currency = ''] = CURSOR.exec(cursor ?? '') ?? []
      const which = given({ providerId, after: cursor === undefined ? undefined : { providerId: after, currency } })
      const rows = await listDebts(parts.database, { ...which, limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: (row) => `${row.providerId}:${row.money.currency}`, itemOf: toWire })
    },
  )

  server.post(
    '/v1/debts/:id/settle',
    {
      schema: {
        tags: ['debts'],
        summary:
          'Write down that a provider’s debt, or a part of it, was repaid or is forgiven; forgiven, or above the limit, it takes a second person',
        params: byName,
        headers: withRequestKey,
        body: wish,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
      },
    },
    async (request, reply) => {
      const { how, amount, reference, reason } = request.body
      const currency = currencyOf(request.body.currency)
      const settlement = { providerId: request.params.id, money: { amount: BigInt(amount), currency }, how, reference }
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const body = { providerId: request.params.id, how, amount, currency, reference: reference ?? '', reason }
      const done = await doOnce(parts, { request, reply, body, answers: answer }, async (tx) => {
        const since = new Date(asked.now.getTime() - DAY_MS)
        const before = await writtenDownAlone(tx, settlement, { actor: asked.actor, since })
        const together = { currency, amount: settlement.money.amount + before }
        const deed = how === 'forgiven' || takesTwo(parts.limits, together) ? askToSettleDebt : settleDebt
        return outcomeOf(settlement, await deed(tx, settlement, asked))
      })
      return reply.code(done.status).send(done.answer)
    },
  )
}

function outcomeOf({ providerId, money }: DebtSettlement, done: DebtAnswer): Outcome<Answer> {
  const debt = { providerId, money: toWire({ amount: done.owed, currency: money.currency }) }
  switch (done.kind) {
    case 'too_much':
      return done.owed === 0n
        ? refused('not-found', `${providerId} owes nothing in ${money.currency}.`)
        : refused('wrong-state', `${providerId} owes less than that.`, { current: debt })
    case 'written_down':
      return refused('wrong-state', 'This payment at the bank has settled a part of the debt already.', {
        current: debt,
      })
    case 'open':
      return refused('approval-open', 'This is asked for already; a second person decides first.', {
        approval: controlApprovalJson(done.approval),
      })
    case 'asked':
      return { kind: 'done', status: 202, answer: { debt, approval: controlApprovalJson(done.approval) } }
    case 'done':
      return { kind: 'done', status: 200, answer: { debt, approval: null } }
  }
}
