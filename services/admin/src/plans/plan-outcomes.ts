import type { Plan } from '@remesa/database/payment-plan-rows'
import type { PlanRefusal, VoidedPlan } from '@remesa/database/payment-plans'
import { z } from 'zod'
import { type Outcome, refused } from '../outcome.ts'
import { plan, planJson } from './plan-shapes.ts'

export const planAnswer = z.object({ plan }).meta({ id: 'PlanAnswer' })
type Answer = z.output<typeof planAnswer>

export const noPlan = (id: string): Outcome<Answer> => refused('not-found', `There is no plan ${id}.`)

export const outcomeOf = (done: Plan): Outcome<Answer> => ({
  kind: 'done',
  status: 200,
  answer: { plan: planJson(done) },
})

/** @param found - the plan as it stood when somebody decided about it */
export function refusalOf(refusal: PlanRefusal | VoidedPlan, found: Plan): Outcome<Answer> {
  switch (refusal.kind) {
    case 'own':
      return refused('own-request', 'You planned it yourself; somebody else must approve it.')
    case 'hash':
      return refused('plan-differs', 'The plan has another hash than the one that was seen.', { plan: planJson(found) })
    case 'state':
      return refused('wrong-state', endOf(found), { plan: planJson(found) })
    case 'void':
      return refused('plan-void', endOf(refusal.plan), { plan: planJson(refusal.plan) })
  }
}

/** What became of a plan, and what to do about it. */
function endOf({ state, voided }: Plan): string {
  switch (voided?.why) {
    case undefined:
      return `The plan is ${state} already.`
    case 'drift':
      return 'What would be paid now is no longer this plan, so it is void. Plan again.'
    case 'altered':
      return 'The plan’s lines are not those of its hash: somebody changed them in the database. It is void. Plan again.'
    case 'expired':
      return 'It was planned too long ago, and nobody applied it in time, so it is void. Plan again.'
    case 'discarded':
      return `The plan was discarded by ${voided?.by.replace(/^operator:/, '')}. Plan again.`
  }
}
