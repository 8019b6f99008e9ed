import type { AlertMatter } from '@remesa/domain/alert-matter'
import type { AlertAction, AlertChannel } from '@remesa/domain/reconciliation-alert'
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** Alerts on their way to people, and the incidents that they opened. */
export interface AlertTables {
  alert_incidents: AlertIncidents
  alert_deliveries: AlertDeliveries
}

interface AlertIncidents {
  kind: AlertMatter['kind']
  dedup_key: string
  is_open: boolean
  /** Triggers since it was opened last. */
  times: Generated<number>
  opened_at: Timestamp
  resolved_at: Date | null
}

/**
 * `refused`: the channel will never take it as it is. `disabled`: the channel was not configured when it was to be sent.
 */
export type DeliveryStatus = 'pending' | 'sent' | 'refused' | 'disabled'

interface AlertDeliveries {
  id: Generated<string>
  position: GeneratedAlways<bigint>
  kind: AlertMatter['kind']
  dedup_key: string
  report: string
  channel: AlertChannel
  action: AlertAction
  payload: JSONColumnType<AlertMatter>
  status: Generated<DeliveryStatus>
  /** Tries begun. */
  attempts: Generated<number>
  /** While a sender holds it; one whose sender died is claimed again after this. */
  lease_token: string | null
  lease_expires_at: Date | null
  last_problem: string | null
  created_at: Timestamp
  ended_at: Date | null
}
