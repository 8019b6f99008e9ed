import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import {
  type FruitlessLook,
  type PaymentWord,
  recordPaymentStatuses,
  scheduleNextLooks,
} from '@remesa/database/seller-payment-status'
import { findSellerPayments, type SellerPayment } from '@remesa/database/seller-payments'
import { type PendingLimits, pendingAlert, pollDelayMs } from '@remesa/domain/payment-polling'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import type { Rail, RailName } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, type Message, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
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

type StatusCheck = DataOf<typeof topics.checkFpayPaymentStatus>

/** Records what a provider says of a payment; resolves once it is committed. */
export type RecordStatus = (word: PaymentWord) => Promise<void>

/** What a look at a payment brought: an end, which is recorded; or nothing yet. */
export type Looked = { readonly ended: true } | { readonly ended: false; readonly error: string | null }

/** Looks at one payment now. */
export type LookAtPayment = (payment: SellerPayment, messageId: string) => Promise<Looked>

export function looker({ rails, logger }: StatusParts, record: RecordStatus): LookAtPayment {
  return async (payment, messageId) => {
    const rail = rails.get(payment.rail)
    if (!rail) throw new Error(`no rail ${payment.rail} is wired, yet it accepted ${payment.reference}`)
    try {
      const status = await rail.status(payment.reference)
      if (status.state === 'pending') return { ended: false, error: null }
      await record({ payment, status, messageId })
      return { ended: true }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      // What cannot be read says nothing about the payment.
      logger.warn({ sellerBalanceId: payment.sellerBalanceId, err: error }, 'the rail did not tell a payment’s status')
      return { ended: false, error: error.message }
    }
  }
}

/**
 * Follows payments to their end: looks at each, then has NetSuite and GSC told. A payment that is still pending is
 * looked at again later, by an outbox row and not by a message that is held back.
 */
export function checkPayments(
  parts: StatusParts,
  { look, report }: { look: LookAtPayment; report: ReportPayments },
): BatchHandler<StatusCheck> {
  const lookAgainLater = laterLook(parts)

  async function check(payment: SellerPayment | undefined, { data, id: messageId }: Message<StatusCheck>) {
    if (payment?.attemptState !== 'accepted') return
    // The look it asks for has been taken: a repeated message must not start a second row of looks.
    if (data.look !== undefined && data.look < payment.statusChecks) return
    const looked = await look(payment, messageId)
    if (!looked.ended) await lookAgainLater({ payment, messageId, error: looked.error })
  }

  return async (batch) => {
    const messages = new Map(batch.map((message) => [message.data.sellerBalanceId, message]))
    const found = await findSellerPayments(parts.database, [...messages.keys()])
    const payments = new Map(found.map((payment) => [payment.sellerBalanceId, payment]))
    const verdicts = new Map<string, Verdict>()
    await Promise.all(
      [...messages].map(async ([id, message]) => {
        try {
          await check(payments.get(id), message)
        } catch (error) {
          verdicts.set(id, { kind: 'threw', error }) // one payment's trouble leaves its neighbours alone
        }
      }),
    )
    const looked = [...messages.values()].filter(({ data }) => !verdicts.has(data.sellerBalanceId))
    const reported = await report(
      looked.map(({ id: messageId, data, retries }) => ({ sellerBalanceId: data.sellerBalanceId, messageId, retries })),
    )
    // Of two messages about one balance, the second has nothing left to do.
    return batch.map((message): Verdict => {
      const { sellerBalanceId } = message.data
      if (messages.get(sellerBalanceId) !== message) return done
      return verdicts.get(sellerBalanceId) ?? reported.get(sellerBalanceId) ?? done
    })
  }
}

/** Records what providers say, in groups as it comes, with what follows from it in the same transaction. */
export function statusRecorder({ database, patience, now, random, logger }: StatusParts): RecordStatus {
  return groupCommit<PaymentWord, void>({
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

interface PendingLook {
  readonly payment: SellerPayment
  readonly messageId: string
  readonly error: string | null
}

function laterLook({
  database,
  pollScheduleMs,
  pendingLimits,
  now,
}: StatusParts): (look: PendingLook) => Promise<void> {
  return groupCommit<PendingLook, void>({
    database,
    maximum: 100,
    write: async (tx, pending) => {
      const at = now()
      const looks = pending.map(({ payment: { sellerBalanceId, statusChecks }, messageId, error }): FruitlessLook => {
        const nextLookAt = new Date(at.getTime() + pollDelayMs(statusChecks + 1, pollScheduleMs))
        return { sellerBalanceId, statusChecks, nextLookAt, messageId, error }
      })
      const scheduled = await scheduleNextLooks(tx, looks, at)
      await enqueue(
        tx,
        topics.checkFpayPaymentStatus,
        looks
          .filter(({ sellerBalanceId }) => scheduled.has(sellerBalanceId))
          .map(({ sellerBalanceId, statusChecks, nextLookAt }) => {
            return { data: { sellerBalanceId, look: statusChecks + 1 }, deliverAt: nextLookAt }
          }),
      )
      await raiseAlerts(
        tx,
        pending.flatMap(({ payment }) =>
          pendingTooLong(payment, at.getTime() - payment.acceptedAt.getTime(), pendingLimits),
        ),
      )
      return pending.map(() => undefined)
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
