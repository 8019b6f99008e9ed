import type { ApprovalDecision } from '@remesa/database/approvals'
import { recordAudit } from '@remesa/database/audit'
import {
  CONTROL_SUBJECTS,
  type ControlApproval,
  type ControlKind,
  decideControlApproval,
  findControlApproval,
  lockControlApproval,
} from '@remesa/database/control-approvals'
import { isReleaseStillAsked, releaseCooling } from '@remesa/database/destination-cooling'
import { changeCap, isStillAsked, lockCap } from '@remesa/database/payment-cap-changes'
import { changePlanRule, isRuleStillAsked, lockPlanRule } from '@remesa/database/payment-plan-rules'
import { lockStop, restartRail } from '@remesa/database/rail-stops'
import type { Schema } from '@remesa/database/schema'
import { EXPIRED, hasExpired } from '@remesa/domain/approval'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { ACTION_DEEDS } from '../actions/action-deeds.ts'
import { type Outcome, refused } from '../outcome.ts'
import { controlApproval, controlApprovalJson } from './control-shapes.ts'
import type { Deed } from './deed.ts'

/** A second person’s word about a wish that concerns payments as a whole. */
export interface ControlDecision {
  readonly approvalId: string
  readonly verdict: 'approve' | 'refuse'
  /** `operator:<subject>`. */
  readonly actor: string
  readonly reason: string
  /** How long what was asked for can be agreed to. */
  readonly lifeMs: number
  readonly now: Date
}

export const decisionAnswer = z.object({ approval: controlApproval }).meta({ id: 'ControlApprovalAnswer' })

/** What each kind of wish is about, and how it is done. */
const DEEDS: Readonly<Record<ControlKind, Deed>> = {
  rail_restart: {
    isStillAsked: async (tx, { subjectId }) => (await lockStop(tx, subjectId)) !== null,
    act: (tx, approval) => restartRail(tx, approval),
  },
  cap_change: {
    isStillAsked: async (tx, approval) => isStillAsked(await lockCap(tx, approval.subjectId), approval),
    act: changeCap,
  },
  plan_rule_change: {
    isStillAsked: async (tx, approval) => isRuleStillAsked(await lockPlanRule(tx, approval.subjectId), approval),
    act: changePlanRule,
  },
  seller_cooling_release: {
    isStillAsked: isReleaseStillAsked,
    async act(tx, approval) {
      const ids = await releaseCooling(tx, approval)
      await enqueue(
        tx,
        topics.paySellerBalance,
        ids.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
      )
    },
  },
  user_cooling_release: {
    isStillAsked: isReleaseStillAsked,
    async act(tx, approval) {
      const ids = await releaseCooling(tx, approval)
      await enqueue(
        tx,
        topics.payoutTransfer,
        ids.map((payoutTransferId) => ({ data: { payoutTransferId } })),
      )
    },
  },
  ...ACTION_DEEDS,
}

/** Decides an open approval, never by whoever asked for it. What is approved is done at once. */
export async function decideControl(
  tx: Transaction<Schema>,
  { approvalId, verdict, actor, reason, lifeMs, now }: ControlDecision,
): Promise<Outcome<z.output<typeof decisionAnswer>>> {
  const asked = await findControlApproval(tx, approvalId)
  if (!asked) return refused('not-found', `There is no approval ${approvalId}.`)
  if (asked.requestedBy === actor) {
    return refused('own-request', 'You asked for it yourself; somebody else must decide.')
  }
  const deed = DEEDS[asked.kind]
  const still = await deed.isStillAsked(tx, asked)
  const approval = await lockControlApproval(tx, approvalId)
  if (approval.status !== 'open') {
    const detail = `The approval is ${approval.status} already.`
    return refused('approval-decided', detail, { approval: controlApprovalJson(approval) })
  }
  const isOld = hasExpired(approval.requestedAt, { lifeMs, now })
  const why = isOld ? EXPIRED : driftOf(still)
  if (verdict === 'approve' && why !== undefined) {
    const ended = await decideControlApproval(tx, approvalId, { status: 'void', reason: why }, now)
    await auditDecision(tx, ended, { status: 'void', actor, reason: why })
    return refused('approval-void', why, { approval: controlApprovalJson(ended) })
  }
  const decision: ApprovalDecision = {
    status: verdict === 'approve' ? 'approved' : 'refused',
    decidedBy: actor,
    reason,
  }
  const ended = await decideControlApproval(tx, approvalId, decision, now)
  await auditDecision(tx, ended, { status: decision.status, actor, reason })
  if (verdict === 'approve') await deed.act(tx, ended, now)
  return { kind: 'done', status: 200, answer: { approval: controlApprovalJson(ended) } }
}

/** What it is about was changed otherwise. */
const DRIFTED = 'What was asked for is no longer a change of what stands.'

/** @returns why what was asked for is no more what would be done; undefined when it is */
function driftOf(still: Awaited<ReturnType<Deed['isStillAsked']>>): string | undefined {
  if (typeof still === 'object') return still.drifted
  return still ? undefined : DRIFTED
}

const auditDecision = (
  tx: Transaction<Schema>,
  { id, kind, subjectId }: ControlApproval,
  { status, actor, reason }: Pick<ControlDecision, 'actor' | 'reason'> & Pick<ApprovalDecision, 'status'>,
): Promise<void> =>
  recordAudit(tx, [
    {
      actor,
      action: `control.${status}`,
      subject: { type: CONTROL_SUBJECTS[kind], id: subjectId },
      reason,
      before: { approvalId: id, status: 'open' },
      after: { approvalId: id, kind, status },
    },
  ])
