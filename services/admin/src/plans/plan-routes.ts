import { discardPlan } from '@remesa/database/payment-plan-ends'
import { findPlan, listPlanLines, listPlans } from '@remesa/database/payment-plan-reads'
import type { Plan } from '@remesa/database/payment-plan-rows'
import { applyPlan, approvePlan, lockPlan, plansToApprove } from '@remesa/database/payment-plans'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { refused } from '../outcome.ts'
import { ProblemError, problem } from '../problem.ts'
import { cutPage, given, pageOf, pageQuery } from '../routes/shapes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'
import { makePlan, planWish } from './make-plan.ts'
import { planAnswer as answer, noPlan, outcomeOf, refusalOf } from './plan-outcomes.ts'
import { planDetail, planHash, planJson, planKind, planLine, planLineJson, planState } from './plan-shapes.ts'

const seen = withReason.extend({ hash: planHash }).meta({ id: 'PlanDecision' })
const listQuery = z.strictObject({ kind: planKind.optional(), state: planState.optional(), ...pageQuery })
const linesQuery = z.strictObject({
  leftOut: z.stringbool().default(false).meta({ description: 'true: what it leaves out, instead of what it pays' }),
  ...pageQuery,
})

/** What a run would pay: planned by one person, approved by another, applied. */
export function planRoutes(server: ZodServer, parts: ApiParts): void {
  readingRoutes(server, parts)
  discardRoute(server, parts)

  server.post(
    '/v1/plans',
    {
      schema: {
        tags: ['plans'],
        summary: 'Plan what a run would pay now; nothing is paid',
        headers: withRequestKey,
        body: planWish,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { kind, businessDate, reason } = request.body
      // Before the transaction: a provider that is slow to answer must not hold it open.
      const funds = await parts.funds.ask(kind === 'pay_day' ? ['fpay', 'payoneer'] : ['stripe'])
      const body = { kind, businessDate: businessDate ?? '', reason }
      const wish = { ...request.body, funds, actor: actorOf(request) }
      const done = await doOnce(parts, { request, reply, body, answers: answer }, (tx) => makePlan(tx, parts, wish))
      return reply.code(200).send(done.answer)
    },
  )

  server.post(
    '/v1/plans/:id/approve',
    {
      schema: {
        tags: ['plans'],
        summary: 'Agree to exactly this plan: a second person, never whoever planned it',
        params: byId,
        headers: withRequestKey,
        body: seen,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { hash, reason } = request.body
      const asked = { hash, reason, actor: actorOf(request), lifeMs: parts.approvalLifeMs, now: parts.clock().now }
      const done = await doOnce(parts, { request, reply, body: { hash, reason }, answers: answer }, async (tx) => {
        const locked = await lockPlan(tx, request.params.id)
        if (!locked) return noPlan(request.params.id)
        const approving = await approvePlan(tx, locked, asked)
        return approving.kind === 'done' ? outcomeOf(approving.plan) : refusalOf(approving, locked)
      })
      return reply.code(200).send(done.answer)
    },
  )

  server.post(
    '/v1/plans/:id/apply',
    {
      schema: {
        tags: ['plans'],
        summary: 'Release what a plan pays, if it is still the same to the last line; else it is void',
        params: byId,
        headers: withRequestKey,
        body: seen,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { hash, reason } = request.body
      const { policy, approvalLifeMs: lifeMs } = parts
      const asked = { hash, reason, actor: actorOf(request), lifeMs, policy, ...parts.clock() }
      const done = await doOnce(parts, { request, reply, body: { hash, reason }, answers: answer }, async (tx) => {
        const locked = await lockPlan(tx, request.params.id)
        if (!locked) return noPlan(request.params.id)
        const applying = await applyPlan(tx, locked, asked)
        if (applying.kind === 'approval_required') {
          return refused('approval-required', 'A second person must approve this plan before it is applied.')
        }
        if (applying.kind !== 'done') return refusalOf(applying, locked)
        const ids = applying.payableIds
        const { paySellerBalance, payoutTransfer } = topics
        if (locked.kind === 'pay_day') {
          await enqueue(
            tx,
            paySellerBalance,
            ids.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
          )
        } else
          await enqueue(
            tx,
            payoutTransfer,
            ids.map((payoutTransferId) => ({ data: { payoutTransferId } })),
          )
        return outcomeOf(applying.plan)
      })
      return reply.code(200).send(done.answer)
    },
  )
}

/** One that nobody wants is ended by one person: nothing is paid by that. */
function discardRoute(server: ZodServer, parts: ApiParts): void {
  server.post(
    '/v1/plans/:id/discard',
    {
      schema: {
        tags: ['plans'],
        summary: 'End a plan that nobody wants, before it is applied; nothing is paid and nothing changes',
        params: byId,
        headers: withRequestKey,
        body: withReason,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer },
      },
    },
    async (request, reply) => {
      const { reason } = request.body
      const asked = { reason, actor: actorOf(request), now: parts.clock().now }
      const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) => {
        const locked = await lockPlan(tx, request.params.id)
        if (!locked) return noPlan(request.params.id)
        const discarded = await discardPlan(tx, locked, asked)
        return discarded ? outcomeOf(discarded) : refusalOf({ kind: 'state' }, locked)
      })
      return reply.code(200).send(done.answer)
    },
  )
}

function readingRoutes(server: ZodServer, { database, clock }: ApiParts): void {
  server.get(
    '/v1/plans',
    {
      schema: {
        tags: ['plans'],
        summary: 'Plans, newest first',
        querystring: listQuery,
        response: { ...PROBLEMS, 200: pageOf(planDetail).meta({ id: 'PlanPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const rows = await listPlans(database, { ...given({ ...which, after: cursor }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id, itemOf: await detailed(rows) })
    },
  )

  server.get(
    '/v1/plans/:id',
    {
      schema: {
        tags: ['plans'],
        summary: 'A plan: what it pays by rail and currency, and what it leaves out by reason',
        params: byId,
        response: { ...PROBLEMS_OF_ONE, 200: planDetail },
      },
    },
    async ({ params: { id } }) => {
      const found = await knownPlan(id)
      return (await detailed([found]))(found)
    },
  )

  server.get(
    '/v1/plans/:id/lines',
    {
      schema: {
        tags: ['plans'],
        summary: 'Who gets how much by a plan, or who is left out and why',
        params: byId,
        querystring: linesQuery,
        response: { ...PROBLEMS_OF_ONE, 200: pageOf(planLine).meta({ id: 'PlanLinePage' }) },
      },
    },
    async ({ params: { id }, query: { cursor, limit, leftOut } }) => {
      await knownPlan(id)
      const which = { paid: !leftOut, ...given({ after: cursor }), limit: limit + 1 }
      const rows = await listPlanLines(database, id, which)
      return cutPage(rows, { limit, cursorOf: ({ payableId }) => payableId, itemOf: planLineJson })
    },
  )

  async function detailed(plans: readonly Plan[]): Promise<(plan: Plan) => z.output<typeof planDetail>> {
    const toApprove = await plansToApprove(database, plans, clock().now)
    return (one) => ({ ...planJson(one), needsApproval: toApprove.has(one.id) })
  }

  async function knownPlan(id: string): Promise<Plan> {
    const found = await findPlan(database, id)
    if (!found) throw new ProblemError(problem('not-found', `There is no plan ${id}.`))
    return found
  }
}
