import type { FinanceAlert } from '@remesa/database/finance-alerts'
import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { z } from 'zod'
import { maskedFacts } from '../masks.ts'
import { toWire } from '../wire.ts'
import { count, facts, time } from './shapes.ts'

export const SEVERITIES = ['info', 'warning', 'critical'] as const
export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved'] as const

/** An alert as it is told; what its details name of persons and accounts is masked. */
export const alert = z.object({
  id: z.uuid(),
  kind: z.enum(FINANCE_ALERT_KINDS),
  severity: z.enum(SEVERITIES),
  sentence: z.string().meta({ description: 'what happened, and what people can do' }),
  subject: z.object({ type: z.string(), id: z.string() }),
  businessDate: z.iso.date().nullable(),
  details: facts,
  status: z.enum(ALERT_STATUSES),
  note: z.string().nullable(),
  times: count.meta({ description: 'how often it was raised' }),
  raisedAt: time,
  lastRaisedAt: time,
})

export const alertJson = ({ dedupKey, details, ...told }: FinanceAlert): z.output<typeof alert> => ({
  ...toWire(told),
  sentence: sentenceOf(told.kind),
  details: maskedFacts(details),
})
