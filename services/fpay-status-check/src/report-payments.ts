import type { Database } from '@remesa/database/connection'
import type { NewAlert } from '@remesa/database/finance-alerts'
import { groupCommit } from '@remesa/database/group-commit'
import { jobNote } from '@remesa/database/job-notes'
import { claimUnreported, type EndedPayment, type PaymentReport, recordReports } from '@remesa/database/payment-reports'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { GscClient } from '@remesa/gsc-client/gsc-client'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { retry, type Verdict } from '@remesa/messaging/handler'
import type { NetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import { needNotKnow, tellGsc } from './tell-gsc.ts'
import { tellNetSuite } from './tell-netsuite.ts'

export interface ReportParts {
  readonly database: Database
  readonly netsuite: Pick<NetSuiteClient, 'upsertVendorPayment' | 'setBillPaymentStatus'>
  readonly gsc: Pick<GscClient, 'notifySettlementPayment'>
  /** In whose calendar a payment was made on a day. */
  readonly timeZone: string
  /** How long telling of a payment keeps other workers from telling of it, too. */
  readonly leaseMs: number
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

/** A balance whose payment may have ended, and the message that made us look. */
export interface PossiblyEnded {
  readonly sellerBalanceId: string
  readonly messageId: string
  /** How often telling has been put off. */
  readonly retries: number
}

/**
 * Tells NetSuite, then GSC, how payments ended; each step may be repeated safely.
 * @returns a verdict for each balance that has to be told of again later
 */
export type ReportPayments = (balances: readonly PossiblyEnded[]) => Promise<ReadonlyMap<string, Verdict>>

/** An outage passes in minutes; what NetSuite refuses, such as a closed period, takes a person an hour or more. */
const AGAIN_AFTER_OUTAGE = { firstMs: 2_000, maxMs: 5 * 60_000 }
const AGAIN_AFTER_REFUSAL_MS = 3_600_000

export function reportPayments(parts: ReportParts): ReportPayments {
  const { database, now, random, logger } = parts
  /** @returns false when the payment has moved on meanwhile: what was told was of an older end */
  const note = groupCommit<Noted, boolean>({
    database,
    maximum: 100,
    write: async (tx, noted) => {
      const reports = noted.map(({ report }) => report)
      const recorded = await recordReports(tx, reports, now())
      await raiseAlerts(
        tx,
        noted.flatMap(({ alerts = [] }) => alerts),
      )
      return reports.map(({ payment }) => recorded.has(payment.sellerBalanceId))
    },
  })

  async function reportOne(payment: EndedPayment, asked: PossiblyEnded): Promise<Verdict | undefined> {
    const notGscs = needNotKnow(payment)
    const erp = payment.erpTold ? 'stands' : await reportToErp(payment, notGscs, asked)
    // GSC must not hear of an older end after a newer one: whoever brought the newer one tells of it.
    if (erp !== 'stands') return erp === 'moved_on' ? undefined : erp
    const isNoted = payment.gscTold || (notGscs && !payment.erpTold)
    return isNoted ? undefined : reportToGsc(payment, notGscs, asked)
  }

  async function reportToErp(payment: EndedPayment, notGscs: boolean, asked: PossiblyEnded) {
    try {
      const answer = await tellNetSuite(parts.netsuite, payment, parts.timeZone)
      if ('missing' in answer) return await putOffUnconfigured(payment, answer.missing, asked)
      const jobs = { erp: jobNote('succeeded', { messageId: asked.messageId, now: now() }) }
      const report = { payment, erpTold: answer, jobs, over: notGscs }
      const stands = await note({ report: notGscs ? { ...report, gscTold: 'need_not' } : report })
      return stands ? 'stands' : 'moved_on'
    } catch (error) {
      return putOff('erp', error, payment, asked)
    }
  }

  async function reportToGsc(payment: EndedPayment, notGscs: boolean, asked: PossiblyEnded) {
    try {
      const refused = notGscs ? undefined : await tellGsc(parts.gsc, payment)
      const end = { messageId: asked.messageId, now: now(), error: refused ?? null }
      const jobs = { gsc: jobNote(refused === undefined ? 'succeeded' : 'failed', end) }
      const gscTold = notGscs || refused !== undefined ? 'need_not' : 'told' // a refusal stays one, however often it is asked
      const alerts = refused === undefined ? [] : [alert(payment, 'settlement_notification_refused', { code: refused })]
      await note({ report: { payment, gscTold, jobs, over: true }, alerts })
      return undefined
    } catch (error) {
      return putOff('gsc', error, payment, asked)
    }
  }

  async function putOff(whom: 'erp' | 'gsc', error: unknown, payment: EndedPayment, asked: PossiblyEnded) {
    if (!(error instanceof ProviderError)) {
      // Its next try must find it free: held, it would be put off by our own lease instead of coming to a dead letter.
      const jobs = {
        [whom]: jobNote('goes_on', { messageId: asked.messageId, now: now(), error: 'a fault of ours: see the log' }),
      }
      await note({ report: { payment, jobs, over: true } })
      throw error
    }
    const { code, status, message } = error
    logger.warn({ sellerBalanceId: payment.sellerBalanceId, err: error }, 'the end of a payment could not be told yet')
    const refused = whom === 'erp' && error.kind === 'refused'
    const jobs = { [whom]: jobNote('goes_on', { messageId: asked.messageId, now: now(), error: message }) }
    const alerts = refused ? [alert(payment, 'vendor_payment_refused', { code, status })] : []
    await note({ report: { payment, jobs, over: true }, alerts })
    return refused
      ? retry(AGAIN_AFTER_REFUSAL_MS, message)
      : retry(backoffMs(asked.retries + 1, AGAIN_AFTER_OUTAGE, random()), message)
  }

  /** Finance has not opened the country or currency in NetSuite: it is told, and the payment entered once it has. */
  async function putOffUnconfigured(payment: EndedPayment, missing: readonly string[], asked: PossiblyEnded) {
    const { country, money } = payment
    const problem = `NetSuite’s ids for ${country} and ${money.currency} are not configured: ${missing.join(', ')}`
    logger.error({ sellerBalanceId: payment.sellerBalanceId, country, missing }, 'NetSuite’s ids are not configured')
    const jobs = { erp: jobNote('goes_on', { messageId: asked.messageId, now: now(), error: problem }) }
    const alerts = [alert(payment, 'vendor_payment_refused', { country, missing })]
    await note({ report: { payment, jobs, over: true }, alerts })
    return retry(AGAIN_AFTER_REFUSAL_MS, problem)
  }

  return async (balances) => {
    const asked = new Map(balances.map((balance) => [balance.sellerBalanceId, balance]))
    const at = now()
    const { claimed, inOtherHands } = await claimUnreported(database, [...asked.keys()], {
      now: at,
      expiresAt: new Date(at.getTime() + parts.leaseMs),
    })
    // Its teller may be dead: only what is noted is told, so this message comes back to see.
    const verdicts = new Map(
      [...inOtherHands].map(([id, until]) => [id, retry(until.getTime() - at.getTime(), 'being told of')]),
    )
    await Promise.all(
      claimed.map(async (payment) => {
        const balance = asked.get(payment.sellerBalanceId)
        if (!balance) throw new Error(`${payment.sellerBalanceId} was claimed, yet nobody asked for it`)
        const verdict = await reportOne(payment, balance).catch((error: unknown): Verdict => ({ kind: 'threw', error }))
        if (verdict) verdicts.set(payment.sellerBalanceId, verdict)
      }),
    )
    return verdicts
  }
}

interface Noted {
  readonly report: PaymentReport
  readonly alerts?: readonly NewAlert[]
}

function alert(
  { sellerBalanceId, businessDate, money, settlementId }: EndedPayment,
  kind: 'vendor_payment_refused' | 'settlement_notification_refused',
  details: object,
): NewAlert {
  return {
    kind,
    dedupKey: `${kind}:${sellerBalanceId}`,
    subject: { type: 'seller_balance', id: sellerBalanceId },
    businessDate,
    details: { ...details, settlementId, amount: money.amount.toString(), currency: money.currency },
  }
}
