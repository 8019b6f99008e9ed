import { RETURN_WATCH_MS } from '@remesa/domain/payment-polling'
import type { World } from '@remesa/local-stack/testing/world'
import { applyBankEvents } from '../src/apply-bank-events.ts'
import { checkPayments, looker, type StatusParts, statusRecorder } from '../src/check-payments.ts'
import { type ReportParts, reportPayments } from '../src/report-payments.ts'

export const REPORT_LEASE_MS = 30_000
const MINUTE_MS = 60_000

/** Both handlers as `main.ts` makes them, but with waits that do not vary. */
export function statusHandlers(world: World, changes: Partial<StatusParts & ReportParts> = {}) {
  const { database, netsuite, gsc, rails, patience, logger, now } = world
  const parts = {
    ...{ database, netsuite, gsc, rails, patience, logger, now },
    pollScheduleMs: [1, 2, 5].map((minutes) => minutes * MINUTE_MS),
    watchScheduleMs: RETURN_WATCH_MS,
    pendingLimits: { alertAfterMs: 24 * 60 * MINUTE_MS, handOverAfterMs: 72 * 60 * MINUTE_MS },
    timeZone: 'America/Santiago',
    leaseMs: REPORT_LEASE_MS,
    random: () => 0.5,
    ...changes,
  }
  const record = statusRecorder(parts)
  const look = looker(parts, record)
  const report = reportPayments(parts)
  return {
    check: checkPayments(parts, { look, report }),
    apply: applyBankEvents(parts, { look, record, report }),
  }
}
