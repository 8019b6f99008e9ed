import type { ControlApproval } from '@remesa/database/control-approvals'
import type { CapState } from '@remesa/database/payment-cap-changes'
import type { RailState } from '@remesa/database/rail-stops'
import { CAP_SCOPES } from '@remesa/domain/payment-controls'
import { z } from 'zod'
import { maskedFacts } from '../masks.ts'
import { approvalStatus, facts, minorUnits, time } from '../routes/shapes.ts'
import { toWire } from '../wire.ts'

export const controlKind = z
  .enum([
    'rail_restart',
    'cap_change',
    'plan_rule_change',
    'seller_cooling_release',
    'user_cooling_release',
    'balance_repayment',
    'transfer_repayment',
    'debt_settlement',
    'settlement_import',
  ])
  .meta({ id: 'ControlKind' })

export const controlApproval = z
  .object({
    id: z.uuid(),
    kind: controlKind,
    subjectId: z.string().meta({ description: 'what it is about: a rail by its name, a cap by its id, and so on' }),
    wish: facts.meta({ description: 'what is agreed to: this, and nothing else' }),
    reason: z.string(),
    requestedBy: z.string(),
    requestedAt: time,
    status: approvalStatus,
    decidedBy: z.string().nullable(),
    decisionReason: z.string().nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: 'ControlApproval' })

/** What a wish keeps in full (`content`) is not for an answer: its hash and its sums stand beside it. */
export function controlApprovalJson({ wish, ...approval }: ControlApproval): z.output<typeof controlApproval> {
  const shown = Object.fromEntries(Object.entries(wish).filter(([name]) => name !== 'content'))
  return { ...toWire(approval), wish: maskedFacts(toWire(shown)) }
}

export const rail = z
  .object({
    name: z.string(),
    stopped: z
      .object({ at: time, by: z.string(), reason: z.string() })
      .nullable()
      .meta({ description: 'a person stopped it; null while it runs' }),
    paused: z
      .object({ until: time, reason: z.string().nullable() })
      .nullable()
      .meta({ description: 'it refuses our credentials, and rests by itself' }),
    restart: controlApproval.nullable().meta({ description: 'the restart that waits for a second person' }),
  })
  .meta({ id: 'Rail' })

export const railJson = ({ restart, ...state }: RailState): z.output<typeof rail> => ({
  ...toWire(state),
  restart: restart && controlApprovalJson(restart),
})

export const capScope = z.enum(CAP_SCOPES).meta({
  id: 'CapScope',
  description:
    '`payee_day`: to one payee in a UTC day; `rail_hour`: in a UTC hour; `run`: to the sellers of one business date',
})

export const cap = z
  .object({
    id: z.uuid(),
    rail: z.string().nullable().meta({ description: 'null: all of them together' }),
    currency: z.string(),
    scope: capScope,
    amount: minorUnits,
    reason: z.string(),
    setBy: z.string(),
    setAt: time,
  })
  .meta({ id: 'Cap' })

export const capJson = (state: CapState): z.output<typeof cap> => toWire(state)
