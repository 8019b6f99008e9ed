import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import {
  findSellerPayments,
  recordPaymentStatuses,
  type SellerPayment,
  scheduleNextLooks,
} from '@remesa/database/seller-payment-status'
import { type PendingLimits, pendingAlert, pollDelayMs } from '@remesa/domain/payment-polling'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import type { PaymentStatus, Rail, RailName } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { ReportPayments } from './report-payments.ts'

export interface StatusParts {
  readonly database: Database
  readonly rails: ReadonlyMap<RailName, Rail>
  readonly patience: PaymentPatience
  /** When a pending payment is asked after: the delay before each look; the last one repeats. */
  readonly pollScheduleMs: readonly number[]
  readonly pendingLimits: PendingLimits
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

/** Records what a provider says of a payment; resolves once it is committed. */
export type RecordStatus = (word: { payment: SellerPayment; status: PaymentStatus }) => Promise<void>

/** Looks at one payment now. @returns false when it is still pending, or its rail could not be read */
export type LookAtPayment = (payment: SellerPayment) => Promise<boolean>

export function looker(parts: StatusParts, record: RecordStatus): LookAtPayment {
  return async (payment) => {
    const status = await readStatus(parts, payment)
    if (status === undefined || status.state === 'pending') return false
    await record({ payment, status })
    return true
  }
}

/**
 * Follows payments to their end: looks at each, then has NetSuite and GSC told. A payment that is still pending is
 * looked at again later, by an outbox row and not by a message that is held back.
 */
export function checkPayments(
  parts: StatusParts,
  { look, report }: { look: LookAtPayment; report: ReportPayments },
): BatchHandler<{ sellerBalanceId: string }> {
  const lookAgainLater = laterLook(parts)

  async function check(payment: SellerPayment | undefined): Promise<void> {
    if (payment?.attemptState !== 'accepted' || !payment.lookIsDue) return
    if (!(await look(payment))) await lookAgainLater(payment)
  }

  return async (batch) => {
    const ids = [...new Set(batch.map(({ data }) => data.sellerBalanceId))]
    const found = await findSellerPayments(parts.database, ids)
    const payments = new Map(found.map((payment) => [payment.sellerBalanceId, payment]))
    const errors = new Map<string, unknown>()
    await Promise.all(
      // One payment's trouble leaves its neighbours alone.
      ids.map((id) => check(payments.get(id)).catch((error: unknown) => errors.set(id, error))),
    )
    const looked = batch.map(({ data, retries }) => ({ sellerBalanceId: data.sellerBalanceId, retries }))
    const verdicts = await report(looked.filter(({ sellerBalanceId }) => !errors.has(sellerBalanceId)))
    return batch.map(({ data: { sellerBalanceId: id } }): Verdict => {
      return errors.has(id) ? { kind: 'threw', error: errors.get(id) } : (verdicts.get(id) ?? done)
    })
  }
}

/** Records what providers say, in groups as it comes, with what follows from it in the same transaction. */
export function statusRecorder({ database, patience, now, random, logger }: StatusParts): RecordStatus {
  return groupCommit<Parameters<RecordStatus>[0], void>({
    database,
    maximum: 100,
    write: async (tx, words) => {
      const { recorded, alerts } = await recordPaymentStatuses(tx, words, { now: now(), patience, random })
      await enqueue(
        tx,
        topics.paySellerBalance,
        recorded.flatMap(({ sellerBalanceId, retryAt }) =>
          retryAt ? [{ data: { sellerBalanceId }, deliverAt: retryAt }] : [],
        ),
      )
      await raiseAlerts(tx, alerts)
      for (const { sellerBalanceId, status } of recorded) logger.info({ sellerBalanceId, status }, 'payment moved on')
      return words.map(() => undefined)
    },
  })
}

/** @returns undefined when the rail could not be read: that says nothing about the payment */
async function readStatus({ rails, logger }: StatusParts, payment: SellerPayment): Promise<PaymentStatus | undefined> {
  const rail = rails.get(payment.rail)
  if (!rail) throw new Error(`no rail ${payment.rail} is wired, yet it accepted ${payment.reference}`)
  try {
    return await rail.status(payment.reference)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    logger.warn({ sellerBalanceId: payment.sellerBalanceId, err: error }, 'the rail did not tell a payment’s status')
    return undefined
  }
}

function laterLook({
  database,
  pollScheduleMs,
  pendingLimits,
  now,
}: StatusParts): (payment: SellerPayment) => Promise<void> {
  return groupCommit<SellerPayment, void>({
    database,
    maximum: 100,
    write: async (tx, payments) => {
      const at = now().getTime()
      const looks = payments.map(({ sellerBalanceId, statusChecks }) => ({
        sellerBalanceId,
        nextLookAt: new Date(at + pollDelayMs(statusChecks + 1, pollScheduleMs)),
      }))
      const scheduled = await scheduleNextLooks(tx, looks)
      await enqueue(
        tx,
        topics.checkFpayPaymentStatus,
        looks.flatMap(({ sellerBalanceId, nextLookAt }) =>
          scheduled.has(sellerBalanceId) ? [{ data: { sellerBalanceId }, deliverAt: nextLookAt }] : [],
        ),
      )
      await raiseAlerts(
        tx,
        payments.flatMap((payment) => pendingTooLong(payment, at - payment.acceptedAt.getTime(), pendingLimits)),
      )
      return payments.map(() => undefined)
    },
  })
}

function pendingTooLong(payment: SellerPayment, pendingMs: number, limits: PendingLimits) {
  const kind = pendingAlert(pendingMs, limits)
  if (!kind) return []
  const { rail, reference, money } = payment
  return [
    {
      kind,
      dedupKey: `${kind}:${payment.idempotencyKey}`,
      subject: { type: 'seller_balance', id: payment.sellerBalanceId },
      businessDate: payment.businessDate,
      details: { rail, reference, amount: money.amount.toString(), currency: money.currency },
    },
  ]
}
