import { standingOf } from '@remesa/database/alert-deliveries'
import type { Schema } from '@remesa/database/schema'
import { type ReconciliationTold, stepsFor, withinBounds } from '@remesa/domain/reconciliation-alert'
import type { Transaction } from 'kysely'
import { tellOf } from './alert-deliveries.ts'

/**
 * Has people told of a billing reconciliation, by Slack, PagerDuty, both or neither: see `stepsFor`. Call it in the
 * transaction that stores the report; told again, the same report is not sent again. Never fails for a channel's sake.
 */
export async function tellOfReconciliation(tx: Transaction<Schema>, told: ReconciliationTold): Promise<void> {
  const matter = { kind: 'billing_reconciliation', told: withinBounds(told) } as const
  await tellOf(tx, { matter, report: told.reportId }, async ({ incidentIsOpen }) =>
    stepsFor(told, { incidentIsOpen, ...(await standingOf(tx, matter)) }),
  )
}
