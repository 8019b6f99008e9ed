import type { AlertDelivery, FinanceAlerts } from '@remesa/alerting/finance-alerts'
import type { Database } from '@remesa/database/connection'
import { claimUnsentAlerts, markAlertsSent, releaseUnsentAlerts } from '@remesa/database/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import type { Logger } from '@remesa/service-kit/logger'
import { noteSlackRefusal, noteSlackTaken } from './note-slack.ts'

interface Parts {
  readonly database: Database
  readonly alerts: Pick<FinanceAlerts, 'send'>
  /** How long a sender that died keeps others away; longer than one message to Slack can take. */
  readonly leaseMs: number
  readonly now: () => Date
  readonly logger: Logger
}

const AFTER_OUTAGE_MS = 30_000
/** What Slack refuses, such as a hook that was removed, takes a person. */
const AFTER_FAILURE_MS = 3_600_000
const NOTHING_TO_SEND: AlertDelivery = { kind: 'logged' }

/**
 * Tells people of finance alerts, a batch in one message: Slack takes one a second, and a pay-day may raise hundreds.
 * An alert is sent once; it may come twice only when a sender dies between Slack's answer and ours to it.
 */
export function sendAlerts({
  database,
  alerts,
  leaseMs,
  now,
  logger,
}: Parts): BatchHandler<{ financeAlertId: string }> {
  return async (batch) => {
    const { claimed, inOtherHands } = await claimUnsentAlerts(database, {
      ids: batch.map(({ data }) => data.financeAlertId),
      leaseMs,
    })
    const ids = claimed.map(({ id }) => id)
    const delivery = ids.length > 0 ? await alerts.send(claimed) : NOTHING_TO_SEND
    const again = delivery.kind === 'later' || delivery.kind === 'failed'
    if (again) await releaseUnsentAlerts(database, ids)
    else await markAlertsSent(database, ids)
    if (delivery.kind === 'sent') await noteSlackTaken(database, now())
    if (delivery.kind === 'failed' && 'leftAloneUntil' in delivery) {
      const { reason, leftAloneUntil } = delivery
      await noteSlackRefusal(database, { reason, until: leftAloneUntil.toISOString() })
    }
    if (ids.length > 0) logger.info({ alerts: ids.length, delivery: delivery.kind }, 'finance alerts told')

    const mine = new Set(ids)
    return batch.map(({ data: { financeAlertId } }): Verdict => {
      if (inOtherHands.has(financeAlertId)) return retry(leaseMs, 'another sender has it in hand')
      if (!again || !mine.has(financeAlertId)) return done
      return retry(
        delivery.kind === 'later' ? (delivery.retryAfterMs ?? AFTER_OUTAGE_MS) : AFTER_FAILURE_MS,
        delivery.reason,
      )
    })
  }
}
