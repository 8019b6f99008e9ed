import type { PlanLineView } from '@remesa/database/payment-plan-reads'
import type { Plan, RailFunds } from '@remesa/database/payment-plan-rows'
import type { RuleState } from '@remesa/database/payment-plan-rules'
import { PLAN_KINDS, PLAN_STATES, PLAN_VOIDS, type PlanDrift, type PlanLine } from '@remesa/domain/payment-plan'
import type { RailName } from '@remesa/domain/rail'
import { z } from 'zod'
import { controlApproval } from '../controls/control-shapes.ts'
import { maskEnd } from '../masks.ts'
import { count, minorUnits, time } from '../routes/shapes.ts'
import { toWire } from '../wire.ts'

const deed = z.object({ by: z.string(), at: time }).meta({ id: 'Deed' })
const sum = { currency: z.string(), count, amount: minorUnits }
const line = z
  .object({
    ...{ payableId: z.uuid(), amount: minorUnits, currency: z.string(), rail: z.string() },
    destination: z.string().meta({ description: 'its end alone' }),
  })
  .meta({ id: 'PlannedPayment' })

export const planKind = z.enum(PLAN_KINDS).meta({
  id: 'PlanKind',
  description:
    '`pay_day`: the sellers of a business date; `payouts`: the transfers of settlements and bookings that are due',
})
export const planState = z.enum(PLAN_STATES).meta({ id: 'PlanState' })
export const planHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the whole hash of the plan')
  .meta({ description: 'of the plan as it was seen; another one is refused' })

export const plan = z
  .object({
    id: z.uuid(),
    kind: planKind,
    run: z.iso.date().meta({ description: 'the business date; of payouts the UTC day on which it was planned' }),
    hash: z.string().meta({ description: 'SHA-256 of what it pays' }),
    lineCount: count,
    state: planState,
    reason: z.string(),
    planned: deed,
    approved: deed.nullable(),
    applied: deed.nullable(),
    voided: deed
      .extend({
        why: z.enum(PLAN_VOIDS).meta({
          description:
            '`drift`: something else would be paid by then; `altered`: its lines are not those of its hash; `expired`: nobody applied it in time; `discarded`: a person ended it',
        }),
        reason: z.string().nullable().meta({ description: 'why a person discarded it' }),
        count: count.meta({ description: 'differences in all, where it drifted' }),
        drift: z.array(
          z.object({ kind: z.enum(['added', 'gone', 'changed']), planned: line.nullable(), now: line.nullable() }),
        ),
      })
      .nullable()
      .meta({ description: 'who found or made it void, when and why; where it drifted the first of the differences' }),
    pays: z.array(
      z.object({
        ...{ rail: z.string(), ...sum },
        available: minorUnits.nullable().meta({ description: 'what the rail had when it was planned; null: unknown' }),
        unknown: z.string().nullable().meta({ description: 'why it is unknown' }),
        short: minorUnits
          .nullable()
          .meta({ description: 'by how much the rail has too little; null: not, or unknown' }),
      }),
    ),
    leavesOut: z.array(z.object({ reason: z.string(), ...sum })),
  })
  .meta({ id: 'Plan' })

export const planDetail = plan
  .extend({
    needsApproval: z.boolean().meta({ description: 'a rule wants a second person, and nobody has approved it yet' }),
  })
  .meta({ id: 'PlanDetail' })

export function planJson({ totals, funds, voided, ...told }: Plan): z.output<typeof plan> {
  return {
    ...toWire(told),
    voided: voided && {
      ...toWire({ by: voided.by, at: voided.at, why: voided.why, reason: voided.reason }),
      count: voided.count,
      drift: voided.drift.map(driftJson),
    },
    pays: totals.pays.map((total) => ({ ...total, ...heldFor(funds, total) })),
    leavesOut: [...totals.leavesOut],
  }
}

/** A rail that tells what it holds and names no amount of a currency, holds none of it. */
function heldFor(
  funds: readonly RailFunds[],
  { rail, currency, amount }: { rail: RailName; currency: string; amount: string },
): { available: string | null; unknown: string | null; short: string | null } {
  const told = funds.find((one) => one.rail === rail)
  if (!told?.amounts) return { available: null, unknown: told?.unknown ?? 'not_configured', short: null }
  const available = told.amounts.find((held) => held.currency === currency)?.amount ?? '0'
  const lacking = BigInt(amount) - BigInt(available)
  return { available, unknown: null, short: lacking > 0n ? lacking.toString() : null }
}

/** Amounts in a stored difference are decimal strings already. */
const driftJson = (drift: PlanDrift) => ({
  kind: drift.kind,
  planned: 'planned' in drift ? lineJson(drift.planned) : null,
  now: 'now' in drift ? lineJson(drift.now) : null,
})

const lineJson = ({ payableId, money, rail, destination }: PlanLine): z.output<typeof line> => ({
  ...{ payableId, ...toWire(money), rail, destination: maskEnd(destination) },
})

export const planLine = z
  .object({
    payableType: z.enum(['seller_balance', 'payout_transfer', 'booking_payout']),
    payableId: z.uuid(),
    payee: z.object({ id: z.string(), name: z.string().nullable() }),
    amount: minorUnits.nullable().meta({ description: 'null where the documents were not read' }),
    currency: z.string(),
    rail: z.string().nullable(),
    destination: z.string().nullable().meta({ description: 'its end alone; null for what is left out' }),
    status: z.string().meta({ description: 'of the payable, when it was planned' }),
    leftOut: z.string().nullable().meta({ description: 'why it is not paid; null for what is' }),
  })
  .meta({ id: 'PlanLine' })

export const planLineJson = ({ destination, ...told }: PlanLineView): z.output<typeof planLine> => ({
  ...toWire(told),
  destination: destination && maskEnd(destination),
})

export const planRule = z
  .object({
    id: z.uuid(),
    kind: planKind,
    currency: z.string(),
    amount: minorUnits.meta({ description: 'what a run sends out at most without an approved plan' }),
    reason: z.string(),
    setBy: z.string(),
    setAt: time,
  })
  .meta({ id: 'PlanRule' })
export const ruleAnswer = z
  .object({ rule: planRule, approval: controlApproval.nullable() })
  .meta({ id: 'PlanRuleAnswer' })

export const ruleJson = (rule: RuleState): z.output<typeof planRule> => toWire(rule)
