import type { Database } from '@remesa/database/connection'
import { listFindings } from '@remesa/database/reconciliation-findings'
import type { topics } from '@remesa/messaging/catalogue'
import { type BatchHandler, done, eachMessage, retry } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import type { Logger } from '@remesa/service-kit/logger'
import type { BillingReconciliationService } from './billing-reconciliation.ts'
import { isFinal } from './sync-payments.ts'

interface Parts {
  readonly database: Database
  readonly service: Pick<BillingReconciliationService, 'syncMissingPayments'>
  /** The first wait after a run in which a payment could not be copied; it doubles. */
  readonly againAfterMs: number
  /** Payments that are copied, and their ids held in memory, at once. Default 500. */
  readonly pageSize?: number
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

const MISSING = ['missing_in_database'] as const

/** Payments that cannot be copied are tried again so often; then the next report says so. */
const RETRIES = 3

/**
 * Copies payments of a billing report from Stripe: those that are asked for, or those that are missing in the database.
 * Harmless when repeated: the newest word stands.
 */
export function syncOnRequest(parts: Parts): BatchHandler<DataOf<typeof topics.paymentSync>> {
  const { database, service, logger, pageSize = 500 } = parts
  return eachMessage(async ({ reportId, actor, categories, paymentIds }, { retries }) => {
    const which = {
      ...{ reportId, limit: pageSize },
      ...(paymentIds ? { paymentIds } : { categories: MISSING }),
      ...(categories && { categories }),
    }
    const counts = { synced: 0, failed: 0, again: 0 }
    for (let after: bigint | undefined; ; ) {
      const findings = await listFindings(database, { ...which, ...(after !== undefined && { after }) })
      const found = findings.map(({ paymentId }) => paymentId)
      const { synced, failed } = await service.syncMissingPayments(found, { actor })
      counts.synced += synced.length
      counts.failed += failed.length
      counts.again += failed.filter(({ reason }) => !isFinal(reason)).length
      after = findings.at(-1)?.id
      if (findings.length < pageSize) break
    }
    logger.info({ reportId, ...counts }, 'Payments synced')
    if (counts.again === 0 || retries >= RETRIES) return done
    return retry(parts.againAfterMs * 2 ** retries, `${counts.again} payments could not be copied`)
  })
}
