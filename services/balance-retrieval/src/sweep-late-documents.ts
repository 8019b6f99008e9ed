import { noteRun } from '@remesa/database/admin-jobs'
import type { Database } from '@remesa/database/connection'
import { type NewAlert, resolveAlerts } from '@remesa/database/finance-alerts'
import { compareGone, deletableDocuments } from '@remesa/database/gone-documents'
import {
  claimSweep,
  findClosedDays,
  finishSweep,
  releaseSweep,
  renewSweep,
  type Sweep,
} from '@remesa/database/late-document-sweep'
import { compareDocuments } from '@remesa/database/late-documents'
import { backoffMs } from '@remesa/domain/payment-steps'
import { credentialsAccepted, credentialsAlert, raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { NO_DOCUMENT_SHOWN } from '@remesa/netsuite-client/gone-documents'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'listChangedDocuments' | 'findGoneDocuments'>
  /** How many days back documents may be dated. */
  readonly days: number
  /** So long before the last sweep began, changes are asked for again: what NetSuite shows late, it shows then. */
  readonly overlapMs: number
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** As the scheduler registers it in `admin_jobs`. */
const JOB = 'late-document-sweep'
/** One page, as often as NetSuite is asked for it, takes less. */
const LEASE_MS = 15 * 60_000
/** After these the next run by the clock begins where this one began. */
const RETRIES = 5
/** A matter of its own: others, whom NetSuite shows what they need, would close the one of all credentials. */
const HIDDEN = 'provider_credentials:netsuite:documents'
const AFTER_OUTAGE = { firstMs: 30_000, maxMs: 10 * 60_000 }

type Transaction = Parameters<typeof compareDocuments>[0]

/** Another worker has the sweep by now: this one's lease had ended. */
class SweepLost extends Error {}

/**
 * Asks NetSuite which documents of closed days have changed, and tells finance of those that were not counted as they stand
 * now, and of those that are gone. Nothing is paid, nothing of a balance is changed. A sweep that ends before its end has told of what it saw, and
 * comes again; one that comes twice tells of nothing twice.
 */
export function sweepLateDocuments(parts: Parts): BatchHandler<object> {
  const { database, netsuite, days, overlapMs, now, random, logger } = parts

  return async (batch) => {
    const [first] = batch
    if (!first) return []
    const sweep = await claimSweep(database, { now: now(), leaseMs: LEASE_MS })
    // One sweep for all that fell due meanwhile; the others' messages are done.
    const answer = (verdict: Verdict) => batch.map((message) => (message === first ? verdict : done))
    if ('busyUntil' in sweep) {
      const waitMs = Math.max(1_000, sweep.busyUntil.getTime() - now().getTime())
      return answer(retry(waitMs, 'another sweep for late documents is under way'))
    }
    const began = performance.now()
    const note = (error: string | null) =>
      noteRun(database, { name: JOB, startedAt: sweep.startedAt, durationMs: performance.now() - began, error })
    try {
      await run(sweep)
    } catch (error) {
      await releaseSweep(database, sweep)
      await note(error instanceof Error ? error.message : String(error))
      if (error instanceof SweepLost) return answer(done) // who has it comes to its end, or is asked again
      if (!(error instanceof ProviderError)) throw error
      return answer(await outage(error, first.retries))
    }
    await note(null)
    return answer(done)
  }

  async function run(sweep: Sweep): Promise<void> {
    const closed = await findClosedDays(database, { now: sweep.startedAt, days })
    const { sweptUntil } = sweep
    const counts = { documents: 0, gone: 0, requests: 0, alerts: 0 }
    if (closed) {
      const { toldOf: andThese, ...which } = closed
      const changedSince = sweptUntil && new Date(sweptUntil.getTime() - overlapMs)
      for await (const page of netsuite.listChangedDocuments({ ...which, changedSince, andThese })) {
        counts.requests += 1
        counts.documents += page.length
        counts.alerts += await tell(sweep, (tx, at) => compareDocuments(tx, page, at))
      }
      for await (const ids of deletableDocuments(database, closed)) {
        const gone = await netsuite.findGoneDocuments(ids)
        counts.requests += 1
        counts.gone += gone.length
        counts.alerts += await tell(sweep, (tx, at) => compareGone(tx, gone, at))
      }
    }
    await database.transaction().execute(async (tx) => {
      if (!(await finishSweep(tx, { ...sweep, closedFrom: closed?.from ?? null })))
        throw new SweepLost('the lease ended')
      const { dedupKeys, note } = credentialsAccepted('netsuite')
      if (counts.requests > 0) await resolveAlerts(tx, { dedupKeys: [...dedupKeys, HIDDEN], note })
    })
    logger.info({ ...counts, sweptUntil, from: closed?.from, to: closed?.to }, 'NetSuite was swept for late documents')
  }

  /** @returns how many alerts were raised */
  function tell(
    { token }: Sweep,
    compare: (tx: Transaction, at: Date) => Promise<readonly NewAlert[]>,
  ): Promise<number> {
    return database.transaction().execute(async (tx) => {
      const at = now()
      if (!(await renewSweep(tx, { token, now: at, leaseMs: LEASE_MS }))) throw new SweepLost('the lease ended')
      const alerts = await compare(tx, at)
      await raiseAlerts(tx, alerts)
      for (const { subject, details } of alerts) logger.warn({ subject, ...details }, 'a document came or changed late')
      return alerts.length
    })
  }

  async function outage(error: ProviderError, retries: number): Promise<Verdict> {
    const level = error.kind === 'unavailable' && !error.credentials ? 'warn' : 'error'
    logger[level]({ err: error, retries }, 'NetSuite did not tell which documents have changed')
    if (error.credentials) {
      const alert = credentialsAlert(error)
      const raised = error.code === NO_DOCUMENT_SHOWN ? { ...alert, dedupKey: HIDDEN } : alert
      await database.transaction().execute((tx) => raiseAlerts(tx, [raised]))
    }
    if (retries >= RETRIES) return done
    return retry(Math.max(error.retryAfterMs ?? 0, backoffMs(retries + 1, AFTER_OUTAGE, random())), error.message)
  }
}
