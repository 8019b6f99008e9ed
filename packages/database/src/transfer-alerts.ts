import { payoutKey } from '@remesa/domain/idempotency-key'
import { CALLS_BEFORE_ALERT } from '@remesa/domain/payment-steps'
import { sql, type Transaction } from 'kysely'
import { resolveAlerts } from './finance-alerts.ts'
import { railPausedKey } from './rail-answers.ts'
import type { Schema } from './schema.ts'
import type { TransferClaim } from './transfer-claims.ts'

/** Names the matter of a transfer's alert: what concerns everybody at once is one, not one per transfer. */
export function transferAlertKey(kind: string, { attempt: { rail, instruction } }: TransferClaim): string {
  if (kind === 'rail_paused') return railPausedKey(rail)
  if (kind === 'rail_unavailable') return `${kind}:${rail}`
  if (kind === 'insufficient_funds') return `${kind}:${rail}:${instruction.money.currency}`
  return `${kind}:${instruction.idempotencyKey}`
}

/**
 * Closes what these acceptances settle, so that the next incident is told of. Want of funds is over once nothing waits
 * for it any more: small transfers may pass while a large one cannot. One look where no alert is open.
 */
export async function resolveSettled(tx: Transaction<Schema>, accepted: readonly TransferClaim[]): Promise<void> {
  if (accepted.length === 0) return
  const everybodys = accepted.flatMap((claim) =>
    ['rail_unavailable', 'insufficient_funds'].map((kind) => transferAlertKey(kind, claim)),
  )
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts
    where dedup_key = any(${[...new Set([...everybodys, ...accepted.flatMap(unknownKeys)])]}::text[])
      and status <> 'resolved'
      and (kind <> 'insufficient_funds' or not exists (
        select from payout_transfers t
        where t.due_at is not null and t.status in ('retryable', 'processing') and t.failure_reason = 'funds'
          and t.currency = split_part(dedup_key, ':', 3)
      ))`.execute(tx)
  const dedupKeys = rows.map(({ key }) => key)
  await resolveAlerts(tx, { dedupKeys, note: 'A payment was accepted.' })
}

/** Whether the rail made a transfer is known now, whichever generation it was asked about. */
function unknownKeys({ transferId, attempt, counted }: TransferClaim): readonly string[] {
  const { generation } = attempt.instruction
  if (generation === 1 && counted.calls < CALLS_BEFORE_ALERT) return []
  return Array.from({ length: generation }, (_, index) => `payment_unknown:${payoutKey(transferId, index + 1)}`)
}
