import { APPROVAL_STATUSES } from '@remesa/database/approvals'
import type { ControlApproval } from '@remesa/database/control-approvals'
import type { RailState } from '@remesa/database/rail-stops'
import { z } from 'zod'
import { facts, time } from '../routes/shapes.ts'
import { toWire } from '../wire.ts'

export const CONTROL_KINDS = ['rail_restart'] as const

export const controlApproval = z.object({
  id: z.uuid(),
  kind: z.enum(CONTROL_KINDS),
  subjectId: z.string().meta({ description: 'what it is about: a rail by its name' }),
  wish: facts.meta({ description: 'what is agreed to: this, and nothing else' }),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: time,
  status: z.enum(APPROVAL_STATUSES),
  decidedBy: z.string().nullable(),
  decisionReason: z.string().nullable(),
  decidedAt: time.nullable(),
})

export const controlApprovalJson = (approval: ControlApproval): z.output<typeof controlApproval> => ({
  ...toWire(approval),
  wish: { ...toWire(approval.wish) },
})

export const rail = z.object({
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

export const railJson = ({ restart, ...state }: RailState): z.output<typeof rail> => ({
  ...toWire(state),
  restart: restart && controlApprovalJson(restart),
})
