import { latestRun } from '@remesa/database/pay-day-runs'
import { insertPlan } from '@remesa/database/payment-plans'
import type { Schema } from '@remesa/database/schema'
import { payoutRun } from '@remesa/domain/payment-plan'
import type { FundsOfRail } from '@remesa/rails/funds'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { ApiParts } from '../api.ts'
import { type Outcome, refused } from '../outcome.ts'
import { withReason } from '../schemas.ts'
import { toWire } from '../wire.ts'
import { type plan, planJson, planKind } from './plan-shapes.ts'

export const planWish = withReason
  .extend({
    kind: planKind,
    businessDate: z.iso.date().optional().meta({ description: 'of a pay-day; default: the newest there is' }),
  })
  .meta({ id: 'PlanWish' })

/** Plans what was asked for, with what each rail said that it held. */
export async function makePlan(
  tx: Transaction<Schema>,
  { clock, policy }: Pick<ApiParts, 'clock' | 'policy'>,
  wish: z.output<typeof planWish> & { readonly funds: readonly FundsOfRail[]; readonly actor: string },
): Promise<Outcome<{ plan: z.output<typeof plan> }>> {
  const { kind, businessDate, reason, actor } = wish
  const times = clock()
  const run = kind === 'payouts' ? payoutRun(times.now) : await latestRun(tx, businessDate)
  if (run === undefined) {
    return refused('not-found', businessDate ? `There is no pay-day of ${businessDate}.` : 'There is no pay-day yet.')
  }
  const made = await insertPlan(tx, kind, { ...times, run, policy, funds: toWire(wish.funds), actor, reason })
  return { kind: 'done', status: 200, answer: { plan: planJson(made) } }
}
