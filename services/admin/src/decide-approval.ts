import { decideApproval, findApproval, lockApproval } from '@remesa/database/approvals'
import { recordAudit } from '@remesa/database/audit'
import { lockPayout } from '@remesa/database/payout-reads'
import type { Schema } from '@remesa/database/schema'
import { EXPIRED, hasExpired } from '@remesa/domain/approval'
import type { Transaction } from 'kysely'
import { answerOf, type Clock, DRIFTED, isUnchanged, override, voidApproval } from './act-on-payout.ts'
import { type Outcome, refused } from './outcome.ts'
import { payoutJson, toWire } from './wire.ts'

/** A second person's word. */
export type Decision = {
  readonly approvalId: string
  /** `operator:<subject>`. */
  readonly actor: string
  /** How long what was asked for can be agreed to. */
  readonly lifeMs: number
  readonly clock: Clock
} & (
  | { readonly verdict: 'approve'; readonly reason: string | null }
  | { readonly verdict: 'refuse'; readonly reason: string }
)

/**
 * Decides an open approval: never by whoever asked for it. One that is approved is done at once, unless the payout is no
 * longer as it was seen; then the approval is void.
 */
export async function decide(tx: Transaction<Schema>, decision: Decision): Promise<Outcome> {
  const { approvalId, actor, clock } = decision
  const { now } = clock
  const asked = await findApproval(tx, approvalId)
  if (!asked) return refused('not-found', `There is no approval ${approvalId}.`)
  if (asked.requestedBy === actor) {
    return refused('own-request', 'You asked for it yourself; somebody else must decide.')
  }
  const found = await lockPayout(tx, asked.payoutId, asked.action)
  const approval = await lockApproval(tx, approvalId)
  if (!found) throw new Error(`approval ${approvalId} has no payout`)
  if (approval.status !== 'open') {
    return refused('approval-decided', `The approval is ${approval.status} already.`, { approval: toWire(approval) })
  }
  if (decision.verdict === 'refuse') {
    const ended = await decideApproval(
      tx,
      approvalId,
      { status: 'refused', decidedBy: actor, reason: decision.reason },
      now,
    )
    await auditDecision(tx, decision, approval.payoutId, 'payout.approval_refused')
    return { kind: 'done', status: 200, answer: await answerOf(tx, approval.payoutId, ended) }
  }
  const isOld = hasExpired(approval.requestedAt, { lifeMs: decision.lifeMs, now })
  if (isOld || !isUnchanged(approval.seen, found.seen)) {
    const why = isOld ? EXPIRED : DRIFTED
    const ended = await voidApproval(tx, approval, decision, why)
    return refused('approval-void', why, { approval: toWire(ended), current: payoutJson(found.payout) })
  }
  // The deed is whose wish it was; that somebody else agreed is a row of its own.
  const outcome = await override(tx, { ...approval, actor: approval.requestedBy, clock })
  if (outcome.kind === 'refused') {
    await voidApproval(tx, approval, decision, outcome.problem.detail)
    return outcome
  }
  const ended = await decideApproval(
    tx,
    approvalId,
    { status: 'approved', decidedBy: actor, reason: decision.reason },
    now,
  )
  await auditDecision(tx, decision, approval.payoutId, 'payout.approval_given')
  return { ...outcome, answer: { ...outcome.answer, approval: toWire(ended) } }
}

const auditDecision = (
  tx: Transaction<Schema>,
  { approvalId, actor, reason }: Decision,
  payoutId: string,
  action: 'payout.approval_given' | 'payout.approval_refused',
): Promise<void> =>
  recordAudit(tx, [
    {
      actor,
      action,
      subject: { type: 'payout', id: payoutId },
      reason,
      before: { approvalId, status: 'open' },
      after: { approvalId, status: action === 'payout.approval_given' ? 'approved' : 'refused' },
    },
  ])
