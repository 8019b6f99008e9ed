import type { AuditEntry } from '@remesa/database/audit-rows'
import type { FinanceAlert } from '@remesa/database/finance-alerts'
import type { AttemptView, LedgerEntryView } from '@remesa/database/payable-story'
import type { JobName, JobNote } from '@remesa/database/schema'
import { momentsOfAttempt } from '@remesa/domain/attempt-moments'
import { sentenceOf } from '@remesa/domain/finance-alert'
import { titleOfAction, titleOfAttempt, titleOfEntry, titleOfJob } from '@remesa/domain/story-titles'
import { z } from 'zod'
import { maskedFacts } from '../masks.ts'
import { toWire } from '../wire.ts'
import { facts, time } from './shapes.ts'

const moment = z
  .object({
    at: time,
    kind: z.enum(['message', 'attempt', 'ledger', 'audit', 'alert']),
    title: z.string(),
    actor: z.string().nullable(),
    reason: z.string().nullable(),
    details: facts,
  })
  .meta({ id: 'Moment' })
type Moment = z.output<typeof moment>

export const timeline = z.array(moment).meta({
  description: 'everything that is known to have happened, oldest first; secrets and personal data are masked',
})

/** What a story is told from. */
export interface Traces {
  readonly jobs?: Partial<Record<JobName, JobNote>>
  readonly attempts: readonly AttemptView[]
  readonly ledger: readonly LedgerEntryView[]
  readonly audit: readonly AuditEntry[]
  readonly alerts?: readonly FinanceAlert[]
}

export function timelineOf({ jobs = {}, attempts, ledger, audit, alerts = [] }: Traces): Moment[] {
  return [
    ...Object.entries(jobs).map(([job, note]) => ofJob(job as JobName, note)),
    ...attempts.flatMap(ofAttempt),
    ...ledger.map(ofEntry),
    ...audit.map(ofAudit),
    ...alerts.map(ofAlert),
  ].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}

function ofJob(job: JobName, { messageId, finished, successful, lastExecution, error }: JobNote): Moment {
  const end = finished ? (successful ? 'succeeded' : 'failed') : 'goes on'
  return {
    at: lastExecution,
    kind: 'message',
    title: titleOfJob(job, end),
    actor: null,
    reason: error,
    details: { job, messageId },
  }
}

/** Its beginning with what was asked, and what came of it with the answer, each at its own time. */
function ofAttempt({ refusalReason, instruction, lastFacts, ...attempt }: AttemptView): Moment[] {
  const { createdAt, acceptedAt, settledAt, updatedAt, ...told } = attempt
  return momentsOfAttempt(attempt).map(({ at, state }) => {
    const isEnd = state === told.state
    return {
      at: at.toISOString(),
      kind: 'attempt',
      title: titleOfAttempt({ ...told, state }),
      actor: null,
      reason: isEnd ? refusalReason : null,
      details: {
        ...toWire(told),
        ...(state === 'begun' && { request: maskedFacts(instruction) }),
        ...((isEnd || told.state === 'claimed') && { response: maskedFacts(lastFacts) }),
      },
    }
  })
}

function ofEntry({ occurredAt, kind, idempotencyKey, postings }: LedgerEntryView): Moment {
  return {
    at: occurredAt.toISOString(),
    kind: 'ledger',
    title: titleOfEntry(kind),
    actor: null,
    reason: null,
    details: { entry: idempotencyKey, postings: toWire(postings) },
  }
}

export function ofAudit({ id, occurredAt, action, actor, reason, before, after }: AuditEntry): Moment {
  return {
    at: occurredAt.toISOString(),
    kind: 'audit',
    title: titleOfAction(action),
    actor,
    reason,
    details: { id: id.toString(), action, before: before && maskedFacts(before), after: after && maskedFacts(after) },
  }
}

function ofAlert({ id, kind, severity, status, note, times, raisedAt, details }: FinanceAlert): Moment {
  return {
    at: raisedAt.toISOString(),
    kind: 'alert',
    title: sentenceOf(kind),
    actor: null,
    reason: note,
    details: { alertId: id, kind, severity, status, times, ...maskedFacts(details) },
  }
}
