import type { ApprovalDecision } from '@remesa/database/approvals'
import { recordAudit } from '@remesa/database/audit'
import {
  type ControlApproval,
  type ControlKind,
  decideControlApproval,
  findControlApproval,
  lockControlApproval,
} from '@remesa/database/control-approvals'
import { lockStop, restartRail } from '@remesa/database/rail-stops'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type Outcome, refused } from '../outcome.ts'
import { controlApproval, controlApprovalJson } from './control-shapes.ts'

/** A second person’s word about a wish that concerns payments as a whole. */
export interface ControlDecision {
  readonly approvalId: string
  readonly verdict: 'approve' | 'refuse'
  /** `operator:<subject>`. */
  readonly actor: string
  readonly reason: string
  readonly now: Date
}

export const decisionAnswer = z.object({ approval: controlApproval })

/** What each kind of wish is about, and how it is done. Each locks what it is about before the approval is locked. */
const DEEDS: Readonly<
  Record<
    ControlKind,
    {
      readonly subjectType: string
      readonly lock: (tx: Transaction<Schema>, approval: ControlApproval) => Promise<unknown>
      readonly act: (tx: Transaction<Schema>, approval: ControlApproval) => Promise<void>
    }
  >
> = {
  rail_restart: {
    subjectType: 'rail',
    lock: (tx, { subjectId }) => lockStop(tx, subjectId),
    act: (tx, approval) => restartRail(tx, approval),
  },
}

/** Decides an open approval, never by whoever asked for it. What is approved is done at once. */
export async function decideControl(
  tx: Transaction<Schema>,
  { approvalId, verdict, actor, reason, now }: ControlDecision,
): Promise<Outcome<z.output<typeof decisionAnswer>>> {
  const asked = await findControlApproval(tx, approvalId)
  if (!asked) return refused('not-found', `There is no approval ${approvalId}.`)
  if (asked.requestedBy === actor) {
    return refused('own-request', 'You asked for it yourself; somebody else must decide.')
  }
  const { lock, act, subjectType } = DEEDS[asked.kind]
  await lock(tx, asked)
  const approval = await lockControlApproval(tx, approvalId)
  if (approval.status !== 'open') {
    const detail = `The approval is ${approval.status} already.`
    return refused('approval-decided', detail, { approval: controlApprovalJson(approval) })
  }
  const decision: ApprovalDecision = {
    status: verdict === 'approve' ? 'approved' : 'refused',
    decidedBy: actor,
    reason,
  }
  const ended = await decideControlApproval(tx, approvalId, decision, now)
  await recordAudit(tx, [
    {
      actor,
      action: `control.${ended.status}`,
      subject: { type: subjectType, id: approval.subjectId },
      reason,
      before: { approvalId, status: 'open' },
      after: { approvalId, kind: approval.kind, status: ended.status },
    },
  ])
  if (verdict === 'approve') await act(tx, ended)
  return { kind: 'done', status: 200, answer: { approval: controlApprovalJson(ended) } }
}
