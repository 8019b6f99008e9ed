import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import { sql, type Transaction } from 'kysely'
import { resolveAlerts } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

/** Why the time of an alert of each kind is over, for people. Their details say until when they last. */
const PASSED = {
  cap_reached: 'The cap’s window is over. What still does not fit has an alert of the next one.',
  plan_required: 'The UTC day of the run is over. What still does not fit has an alert of the next one.',
  destination_changed: 'The cooling time is over: what waited is paid by itself.',
} as const satisfies Partial<Record<FinanceAlertKind, string>>

const OF_A_RUN = 'Nothing of the run waits any more.'

/**
 * Closes the alerts whose time is over: of caps whose window has passed and payouts whose day has, and for a run once nothing of it is left to pay; of
 * changed accounts that have cooled.
 * @returns how many were open
 */
export async function closePassedAlerts(tx: Transaction<Schema>, now: Date): Promise<number> {
  const { rows } = await sql<{ key: string; kind: keyof typeof PASSED; of_run: boolean }>`
    select a.dedup_key as key, a.kind, a.business_date is not null as of_run from finance_alerts a
    where a.status <> 'resolved' and a.kind = any(${Object.keys(PASSED)}::text[]) and (
      -- Of these kinds alone: what others call so need not be a time.
      case when a.kind = any(${Object.keys(PASSED)}::text[]) then (a.details->>'until')::timestamptz end <= ${now}
      or a.business_date is not null and not exists (
        select from seller_balances b where b.business_date = a.business_date and b.status in ('payable', 'awaiting_funds')
          and case a.kind
            -- One for all the currencies of a run; its details name the last.
            when 'plan_required' then b.currency in (select currency from payment_plan_rules where kind = 'pay_day')
            else b.currency = a.details->>'currency' end))`.execute(tx)
  let closed = 0
  for (const [note, alerts] of Map.groupBy(rows, ({ kind, of_run }) => (of_run ? OF_A_RUN : PASSED[kind]))) {
    closed += await resolveAlerts(tx, { dedupKeys: alerts.map(({ key }) => key), note })
  }
  return closed
}
