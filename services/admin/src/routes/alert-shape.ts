import type { FinanceAlert } from '@remesa/database/finance-alerts'
import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { z } from 'zod'
import { maskedFacts } from '../masks.ts'
import { toWire } from '../wire.ts'
import { count, facts, subject, time } from './shapes.ts'

export const alertKind = z.enum(FINANCE_ALERT_KINDS).meta({ id: 'AlertKind' })
export const alertSeverity = z.enum(['info', 'warning', 'critical']).meta({ id: 'AlertSeverity' })
export const alertStatus = z.enum(['open', 'acknowledged', 'resolved']).meta({ id: 'AlertStatus' })

/** An alert as it is told; what its details name of persons and accounts is masked. */
export const alert = z
  .object({
    id: z.uuid(),
    kind: alertKind,
    severity: alertSeverity,
    sentence: z.string().meta({ description: 'what happened, and what people can do' }),
    subject,
    businessDate: z.iso.date().nullable(),
    details: facts,
    status: alertStatus,
    note: z.string().nullable(),
    times: count.meta({ description: 'how often it was raised' }),
    raisedAt: time,
    lastRaisedAt: time,
  })
  .meta({ id: 'Alert' })

export const alertJson = ({ dedupKey, details, ...told }: FinanceAlert): z.output<typeof alert> => ({
  ...toWire(told),
  sentence: sentenceOf(told.kind),
  details: maskedFacts(details),
})
