import { cut, dedupKeyOf, incidentKeyOf, type ReconciliationTold } from './reconciliation-alert.ts'

/** Slack has refused so often in a row that it is left alone: finance alerts reach nobody meanwhile. */
export interface SlackRefusal {
  /** Slack's own word, e.g. `no_service`. */
  readonly reason: string
  /** ISO 8601; Slack is not asked before. */
  readonly until: string
}

/** What an alert is about. Stored as it is, and worded for each channel when it is sent. */
export type AlertMatter =
  | { readonly kind: 'billing_reconciliation'; readonly told: ReconciliationTold }
  | { readonly kind: 'slack_refuses'; readonly refusal: SlackRefusal }

/** Names the matter within one database: what is told of it together is one incident. */
export const matterKeyOf = (matter: AlertMatter): string =>
  matter.kind === 'billing_reconciliation' ? incidentKeyOf(matter.told) : 'webhook'

/** The same to PagerDuty, which may hear of several environments. At most 255 characters. */
export const matterDedupKeyOf = (matter: AlertMatter, environment: string): string =>
  matter.kind === 'billing_reconciliation'
    ? dedupKeyOf(matter.told, environment)
    : `slack-refuses:${cut(environment, 100)}`
