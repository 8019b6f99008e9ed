import { askForRuleRemoval, listPlanRules, type RuleAnswer, setPlanRule } from '@remesa/database/payment-plan-rules'
import { isCurrency } from '@remesa/domain/currency'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { controlApprovalJson } from '../controls/control-shapes.ts'
import { type Outcome, refused } from '../outcome.ts'
import { pageOf } from '../routes/shapes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'
import { planKind, planRule, ruleAnswer, ruleJson } from './plan-shapes.ts'

const wish = withReason
  .extend({
    kind: planKind,
    currency: z.string().refine(isCurrency, 'is no currency that Remesa pays in'),
    amount: z
      .string()
      .regex(/^\d{1,18}$/, 'must be whole minor units')
      .meta({
        description: 'minor units, as a decimal string; at 0 nothing goes without a plan',
        examples: ['5000000'],
      }),
  })
  .meta({ id: 'PlanRuleWish' })

/** From which amount a run needs an approved plan. */
export function planRuleRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/plan-rules',
    {
      schema: {
        tags: ['plans'],
        summary: 'What a run sends out at most without an approved plan',
        response: { ...PROBLEMS, 200: pageOf(planRule).meta({ id: 'PlanRulePage' }) },
      },
    },
    async () => ({ items: (await listPlanRules(parts.database)).map(ruleJson), next: null }),
  )

  server.put(
    '/v1/plan-rules',
    {
      schema: {
        tags: ['plans'],
        summary: 'Set or lower a rule; to raise one takes a second person',
        headers: withRequestKey,
        body: wish,
        response: { ...PROBLEMS_OF_DEEDS, 200: ruleAnswer, 202: ruleAnswer },
      },
    },
    async (request, reply) => {
      const { kind, currency, amount, reason } = request.body
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const body = { kind, currency, amount, reason }
      const done = await doOnce(parts, { request, reply, body, answers: ruleAnswer }, async (tx) =>
        outcomeOf(await setPlanRule(tx, { kind, currency, amount: BigInt(amount) }, asked)),
      )
      return reply.code(done.status).send(done.answer)
    },
  )

  server.delete(
    '/v1/plan-rules/:id',
    {
      schema: {
        tags: ['plans'],
        summary: 'Ask for a rule to be removed: a second person approves it',
        params: byId,
        headers: withRequestKey,
        body: withReason,
        response: { ...PROBLEMS_OF_DEEDS, 200: ruleAnswer, 202: ruleAnswer },
      },
    },
    async (request, reply) => {
      const { reason } = request.body
      const asked = { actor: actorOf(request), reason, now: parts.clock().now }
      const done = await doOnce(parts, { request, reply, body: { reason }, answers: ruleAnswer }, async (tx) => {
        const asking = await askForRuleRemoval(tx, request.params.id, asked)
        return asking ? outcomeOf(asking) : refused('not-found', `There is no rule ${request.params.id}.`)
      })
      return reply.code(done.status).send(done.answer)
    },
  )
}

function outcomeOf(done: RuleAnswer): Outcome<z.output<typeof ruleAnswer>> {
  switch (done.kind) {
    case 'done':
      return { kind: 'done', status: 200, answer: { rule: ruleJson(done.rule), approval: null } }
    case 'asked':
      return {
        kind: 'done',
        status: 202,
        answer: { rule: ruleJson(done.rule), approval: controlApprovalJson(done.approval) },
      }
    case 'open':
      return refused('approval-open', 'A change of this rule is asked for already; it is decided first.', {
        approval: controlApprovalJson(done.approval),
      })
  }
}
