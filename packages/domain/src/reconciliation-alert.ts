import type { ReconciliationSeverity, ReconciliationStatus } from './reconciliation-result.ts'

/** An amount as people read it: a decimal string of major units with exactly the currency's decimals. */
export interface MajorAmount {
  readonly amount: string
  readonly currency: string
}

/** The totals of one currency; amounts as decimal strings of its major units. */
export interface CurrencyLine {
  readonly currency: string
  readonly stripeTotal: string
  readonly databaseTotal: string
  readonly discrepancy: string
}

/** What people are told of one billing reconciliation: a stored report, in the words and figures they need. */
export interface ReconciliationTold {
  readonly reportId: string
  /**
   * What was compared, not when: the UTC day, YYYY-MM-DD; of any other window its interval, `2026-11-12/2026-11-15`. Runs
   * of the same share one incident.
   */
  readonly day: string
  /** Half-open, ISO 8601 in UTC. */
  readonly window: { readonly from: string; readonly to: string }
  /** Whether refunds were compared, too. Default: they were. */
  readonly includesRefunds?: boolean
  readonly status: ReconciliationStatus
  /** `warning` to 5 % inclusive, `critical` above it. */
  readonly severity: ReconciliationSeverity
  /** The worse of the net and the gross percentage. */
  readonly percentage: number
  readonly stripeTotal: MajorAmount
  readonly databaseTotal: MajorAmount
  /** Stripe's total less the database's: what is over and what is under may cancel out in it. */
  readonly discrepancy: MajorAmount
  /** What is over and what is under, together. */
  readonly moneyAtRisk?: MajorAmount
  readonly byCurrency: readonly CurrencyLine[]
  /** Payment ids. */
  readonly missingInDatabase: readonly string[]
  /** Payment ids. */
  readonly missingInStripe: readonly string[]
  /** How many. */
  readonly amountMismatches: number
  /** Most valuable first. */
  readonly recommendations: readonly string[]
  /** How many ids there are, where the lists above hold only the first of them. */
  readonly counts?: { readonly missingInDatabase: number; readonly missingInStripe: number }
  /** Why a run with status `error` could not be finished, in a sentence. */
  readonly error?: string
  /** A run that failed is made again by itself: nobody need wake up for it yet. Default: it is not. */
  readonly isTriedAgain?: boolean
  /** The Stripe account whose payments were compared. Default: the platform's own. */
  readonly account?: string
}

export type AlertChannel = 'slack' | 'pagerduty'
export type AlertAction = 'post' | 'trigger' | 'resolve'
export interface AlertStep {
  readonly channel: AlertChannel
  readonly action: AlertAction
}

/** How things stand when a run is told of. */
export interface IncidentStanding {
  readonly incidentIsOpen: boolean
  /** It was opened, or grew, by a run that compared refunds, too: one that does not cannot see that all is well. */
  readonly isAboutRefunds: boolean
  /** A run that began later has ended already: what this one found is older than what is known. */
  readonly isOvertaken: boolean
}

/**
 * Who is told of a reconciliation, and how (facts: alerts §2, severity map). Slack shows whatever is above tolerance, and
 * runs that failed; PagerDuty wakes people above 5 % or for a run that failed for the last time, and lets them sleep again
 * once a later run of the same window, which compared as much, is clean. A run that is merely better leaves its incident open.
 */
export function stepsFor(
  {
    status,
    severity,
    includesRefunds = true,
    isTriedAgain = false,
  }: Pick<ReconciliationTold, 'status' | 'severity' | 'includesRefunds' | 'isTriedAgain'>,
  { incidentIsOpen, isAboutRefunds, isOvertaken }: IncidentStanding,
): readonly AlertStep[] {
  const failed = status === 'error'
  const pages = failed ? !isTriedAgain : severity === 'critical'
  const isClean = status === 'success' && severity === 'none'
  const resolves = isClean && incidentIsOpen && (includesRefunds || !isAboutRefunds)
  return [
    ...(failed || severity !== 'none' ? [{ channel: 'slack', action: 'post' } as const] : []),
    ...(pages && !isOvertaken ? [{ channel: 'pagerduty', action: 'trigger' } as const] : []),
    ...(resolves && !isOvertaken ? [{ channel: 'pagerduty', action: 'resolve' } as const] : []),
  ]
}

/** The colour of Slack's bar: orange for a discrepancy to 5 %, red above it and for a run that failed. */
export const colourOf = ({ status, severity }: Pick<ReconciliationTold, 'status' | 'severity'>): string =>
  status === 'error' || severity === 'critical' ? '#FF0000' : '#FFA500'

/** How loudly PagerDuty calls: a run that failed says nothing about money, so it is less than a large discrepancy. */
export const pagerDutySeverityOf = ({ status }: Pick<ReconciliationTold, 'status'>): 'critical' | 'error' =>
  status === 'error' ? 'error' : 'critical'

/** Names the incident of a day, or of another window, within one database. */
export const incidentKeyOf = ({ account = 'platform', day }: Pick<ReconciliationTold, 'account' | 'day'>): string =>
  `${cut(account, 90)}:${day}`

/** Names the incident to PagerDuty, which may hear of several environments (facts: alerts §2). At most 255 characters. */
export const dedupKeyOf = (told: Pick<ReconciliationTold, 'account' | 'day'>, environment: string): string =>
  `billing-recon:${cut(environment, 90)}:${incidentKeyOf(told)}`

const IDS_KEPT = 100
const ID_KEPT = 255
const RECOMMENDATIONS_KEPT = 10
const CURRENCIES_KEPT = 40
const TEXT_KEPT = 800

/**
 * What of a reconciliation is kept to be told: the first ids with their number, and what people read in one sitting. The
 * report has the rest. A day on which every webhook was lost misses a million payments; no message may grow with them.
 */
export const withinBounds = (told: ReconciliationTold): ReconciliationTold => ({
  ...told,
  byCurrency: told.byCurrency
    .slice(0, CURRENCIES_KEPT)
    .map(({ currency, stripeTotal, databaseTotal, discrepancy }) => ({
      currency,
      stripeTotal,
      databaseTotal,
      discrepancy,
    })),
  missingInDatabase: told.missingInDatabase.slice(0, IDS_KEPT).map((id) => cut(id, ID_KEPT)),
  missingInStripe: told.missingInStripe.slice(0, IDS_KEPT).map((id) => cut(id, ID_KEPT)),
  counts: countsOf(told),
  recommendations: told.recommendations.slice(0, RECOMMENDATIONS_KEPT).map((text) => cut(text, TEXT_KEPT)),
  ...(told.error !== undefined && { error: cut(told.error, TEXT_KEPT) }),
})

/** How many payments are missing on either side, those included whose ids are not listed. */
export const countsOf = (
  told: Pick<ReconciliationTold, 'counts' | 'missingInDatabase' | 'missingInStripe'>,
): { readonly missingInDatabase: number; readonly missingInStripe: number } =>
  told.counts ?? {
    missingInDatabase: told.missingInDatabase.length,
    missingInStripe: told.missingInStripe.length,
  }

/** @returns at most `longest` UTF-16 units, no character torn in two, with `…` where something was cut */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  const kept = text.slice(0, longest - 1)
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}
