import { randomUUID } from 'node:crypto'
import type { Schema } from '@remesa/database/schema'
import type { SlackRefusal } from '@remesa/domain/alert-matter'
import type { Transaction } from 'kysely'
import { tellOf } from './alert-deliveries.ts'

/** Has PagerDuty told that Slack is left alone: what Slack does not show, nobody reads. Once per rest. */
export async function tellOfSlackRefusal(tx: Transaction<Schema>, refusal: SlackRefusal): Promise<void> {
  const about = { matter: { kind: 'slack_refuses', refusal }, report: `until ${refusal.until}` } as const
  await tellOf(tx, about, () => [{ channel: 'pagerduty', action: 'trigger' }])
}

/** Has that incident resolved, where there is one, once Slack has taken a message again. */
export async function tellThatSlackTakes(tx: Transaction<Schema>, now: Date): Promise<void> {
  const refusal = { reason: 'none', until: now.toISOString() }
  await tellOf(tx, { matter: { kind: 'slack_refuses', refusal }, report: randomUUID() }, ({ incidentIsOpen }) =>
    incidentIsOpen ? [{ channel: 'pagerduty', action: 'resolve' }] : [],
  )
}
