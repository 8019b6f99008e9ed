import { type AlertMatter, matterDedupKeyOf, type SlackRefusal } from '@remesa/domain/alert-matter'
import { countsOf, cut, pagerDutySeverityOf, type ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import { headlineOf, reportUrl, type WordingContext } from './billing-wording.ts'
import type { PagerDutyEvent } from './pagerduty.ts'

const SUMMARY_CHARACTERS = 1_024

/** The event that opens a matter's incident, or lets the open one grow. @param at - when it was found */
export function triggerEvent(matter: AlertMatter, at: Date, context: WordingContext): PagerDutyEvent {
  return {
    event_action: 'trigger',
    dedup_key: matterDedupKeyOf(matter, context.environment),
    ...(matter.kind === 'billing_reconciliation'
      ? aboutBilling(matter.told, at, context)
      : aboutSlack(matter.refusal, at, context)),
  }
}

export const resolveEvent = (matter: AlertMatter, { environment }: WordingContext): PagerDutyEvent => ({
  event_action: 'resolve',
  dedup_key: matterDedupKeyOf(matter, environment),
})

type Body = Omit<PagerDutyEvent, 'event_action' | 'dedup_key'>

function aboutBilling(told: ReconciliationTold, at: Date, context: WordingContext): Body {
  const url = reportUrl(told, context)
  return {
    payload: {
      summary: cut(headlineOf(told, context), SUMMARY_CHARACTERS),
      source: `billing-reconciliation.${context.environment}`,
      severity: pagerDutySeverityOf(told),
      timestamp: at.toISOString(),
      component: 'stripe',
      group: 'billing',
      class: 'reconciliation',
      custom_details: detailsOf(told),
    },
    client: 'billing-reconciliation',
    ...(url && { client_url: url, links: [{ href: url, text: 'Reconciliation report' }] }),
  }
}

/** A run that failed compared nothing, so it has no figures to tell. */
function detailsOf(told: ReconciliationTold): object {
  const { reportId, day, window, status, severity, recommendations, error } = told
  const about = { reportId, day, window, status, severity, ...(error !== undefined && { error }), recommendations }
  if (status === 'error') return about
  const counts = countsOf(told)
  return {
    ...about,
    stripeTotal: told.stripeTotal,
    databaseTotal: told.databaseTotal,
    discrepancy: told.discrepancy,
    discrepancyPercentage: told.percentage,
    ...(told.moneyAtRisk && { moneyAtRisk: told.moneyAtRisk }),
    byCurrency: told.byCurrency,
    missingInDatabaseCount: counts.missingInDatabase,
    missingInDatabase: told.missingInDatabase,
    missingInStripeCount: counts.missingInStripe,
    missingInStripe: told.missingInStripe,
    amountMismatches: told.amountMismatches,
  }
}

const aboutSlack = ({ reason, until }: SlackRefusal, at: Date, { environment }: WordingContext): Body => ({
  payload: {
    summary: cut(`[${environment}] Slack refuses alerts (${reason}): finance reads none`, SUMMARY_CHARACTERS),
    source: `finance-alerts.${environment}`,
    severity: 'warning',
    timestamp: at.toISOString(),
    component: 'slack',
    group: 'alerts',
    class: 'alerting',
    custom_details: { reason, leftAloneUntil: until },
  },
  client: 'finance-alerts',
})
