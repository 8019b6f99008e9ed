import type { AlertOutcome, AlertSender } from '@remesa/alerting/alert-sender'
import { type AlertDelivery, claimDelivery, endDelivery, releaseDelivery } from '@remesa/database/alert-deliveries'
import type { Database } from '@remesa/database/connection'
import { resolveAlerts } from '@remesa/database/finance-alerts'
import type { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, retry, type Verdict } from '@remesa/messaging/handler'
import type { DataOf } from '@remesa/messaging/topic'
import { noteSlackRefusal, noteSlackTaken } from './note-slack.ts'

type Data = DataOf<typeof topics.alertDelivery>

interface Parts {
  readonly database: Database
  readonly alerts: AlertSender
  /** How long a sender that died keeps others away; longer than one alert can take. */
  readonly leaseMs: Readonly<Record<Data['channel'], number>>
  readonly now: () => Date
}

/** What is ahead has its own pause, and this one only waits to be next. */
const BEHIND_ANOTHER_MS = 10_000

/**
 * Sends alerts that were written down with what they tell of: claim, send, record. A trigger of PagerDuty that is
 * repeated is harmless, since its key names the incident; a message in Slack may come twice only when a sender dies
 * between Slack's answer and our note of it.
 */
export function sendDeliveries({ database, alerts, leaseMs, now }: Parts): BatchHandler<Data> {
  const inTurn = createTurns()
  // Claimed in its turn, not before: a lease must not run out while others of its channel are being sent.
  return eachMessage(({ alertDeliveryId: id, channel }) =>
    inTurn(channel, async () => {
      const claim = await claimDelivery(database, { id, leaseMs: leaseMs[channel] })
      if (claim.kind === 'ended') return done
      if (claim.kind === 'in-other-hands') return retry(claim.leaseEndsInMs, 'another sender has it in hand')
      if (claim.kind === 'not-its-turn') return retry(BEHIND_ANOTHER_MS, 'an earlier one of its matter waits')

      const { delivery } = claim
      const outcome = await alerts.send(delivery) // no transaction is open here
      const verdict = await recordOutcome(database, delivery, outcome)
      if (channel === 'slack') await noteWhatSlackSays(database, outcome, now)
      return verdict
    }),
  )
}

async function recordOutcome(database: Database, delivery: AlertDelivery, outcome: AlertOutcome): Promise<Verdict> {
  const { channel } = delivery
  const dedupKey = `alert_refused:${channel}`
  switch (outcome.kind) {
    case 'disabled':
      await endDelivery(database, delivery, { status: 'disabled' })
      return done
    case 'sent':
      await database.transaction().execute(async (tx) => {
        await endDelivery(tx, delivery, { status: 'sent' })
        await resolveAlerts(tx, { dedupKeys: [dedupKey], note: 'It takes alerts again.' })
      })
      return done
    case 'refused':
      await database.transaction().execute(async (tx) => {
        await endDelivery(tx, delivery, { status: 'refused', problem: outcome.reason })
        const subject = { type: 'alert_delivery', id: delivery.id }
        const details = { channel, action: delivery.action, reason: outcome.reason }
        await raiseAlerts(tx, [{ kind: 'alert_refused', dedupKey, subject, businessDate: null, details }])
      })
      return done
    case 'later':
      await releaseDelivery(database, delivery, outcome.reason)
      return retry(outcome.retryAfterMs, outcome.reason)
  }
}

async function noteWhatSlackSays(database: Database, outcome: AlertOutcome, now: () => Date): Promise<void> {
  if (outcome.kind === 'sent') await noteSlackTaken(database, now())
  if (outcome.kind === 'later' && outcome.slackRefusal) await noteSlackRefusal(database, outcome.slackRefusal)
}

/** Runs what is asked of one channel one after the other, and the channels side by side. */
function createTurns(): <Result>(channel: string, work: () => Promise<Result>) => Promise<Result> {
  const last = new Map<string, Promise<unknown>>()
  return (channel, work) => {
    const result = (last.get(channel) ?? Promise.resolve()).then(work)
    last.set(
      channel,
      result.catch(() => undefined), // its caller is told; the next has its turn all the same
    )
    return result
  }
}
