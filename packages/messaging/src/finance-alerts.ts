import { type FinanceAlert, insertAlerts, type NewAlert } from '@remesa/database/finance-alerts'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'
import { topics } from './catalogue.ts'
import { enqueue } from './outbox.ts'

/**
 * Stores finance alerts and has those sent that people do not know of yet. Two statements, whatever their number.
 * @returns the ones that are sent: new, or opened again after they were resolved; the others were only counted
 */
export async function raiseAlerts(
  tx: Transaction<Schema>,
  alerts: readonly NewAlert[],
): Promise<readonly FinanceAlert[]> {
  const toSend = await insertAlerts(tx, alerts)
  await enqueue(
    tx,
    topics.financeAlert,
    toSend.map(({ id }) => ({ data: { financeAlertId: id } })),
  )
  return toSend
}

/** @param refusal - of our credentials, as the provider's client threw it */
export const credentialsAlert = (refusal: {
  readonly provider: string
  readonly operation: string
  readonly status: number
  readonly code: string | undefined
}): NewAlert => ({
  kind: 'provider_credentials',
  dedupKey: credentialsKey(refusal.provider),
  subject: { type: 'provider', id: refusal.provider },
  businessDate: null,
  details: { operation: refusal.operation, status: refusal.status, code: refusal.code ?? null },
})

/** What to resolve once the provider has answered. */
export const credentialsAccepted = (provider: string): { dedupKeys: readonly string[]; note: string } => ({
  dedupKeys: [credentialsKey(provider)],
  note: 'Our credentials are accepted.',
})

const credentialsKey = (provider: string): string => `provider_credentials:${provider}`
