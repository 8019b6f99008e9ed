import { EXPIRED } from '@remesa/domain/approval'
import { sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import { CONTROL_SUBJECTS, type ControlKind } from './control-approvals.ts'
import { voidExpiredPlans } from './payment-plan-ends.ts'
import type { Schema } from './schema.ts'

/**
 * Voids what somebody asked for, or planned, so long ago that nobody may agree to it any more, so that it can be asked for anew.
 * One that is being decided at this moment is left to whoever decides.
 * @returns how many there were
 */
export async function voidExpiredApprovals(
  tx: Transaction<Schema>,
  { now, lifeMs }: { readonly now: Date; readonly lifeMs: number },
): Promise<number> {
  const before = new Date(now.getTime() - lifeMs)
  const ended = sql`set status = 'void', decision_reason = ${EXPIRED}, decided_at = ${now}`
  const old = sql`status = 'open' and requested_at <= ${before} order by id for update skip locked`
  const { rows: payouts } = await sql<{ id: string; payout_id: string }>`
    update approvals ${ended} where id in (select id from approvals where ${old}) returning id, payout_id`.execute(tx)
  const { rows: controls } = await sql<{ id: string; kind: ControlKind; subject_id: string }>`
    update control_approvals ${ended} where id in (select id from control_approvals where ${old})
    returning id, kind, subject_id`.execute(tx)
  type Voided = Pick<AuditRow, 'action' | 'subject'> & { readonly id: string }
  const voided = [
    ...payouts.map(({ id, payout_id }): Voided => {
      return { id, action: 'payout.approval_void', subject: { type: 'payout', id: payout_id } }
    }),
    ...controls.map(({ id, kind, subject_id }): Voided => {
      return { id, action: 'control.void', subject: { type: CONTROL_SUBJECTS[kind], id: subject_id } }
    }),
  ]
  await recordAudit(
    tx,
    voided.map(({ id, action, subject }) => ({
      actor: 'scheduler',
      ...{ action, subject },
      reason: EXPIRED,
      before: { approvalId: id, status: 'open' },
      after: { approvalId: id, status: 'void' },
    })),
  )
  return voided.length + (await voidExpiredPlans(tx, { now, lifeMs }))
}
