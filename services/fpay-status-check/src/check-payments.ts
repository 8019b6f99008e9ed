import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import {
  type FruitlessLook,
  type PaymentWord,
  type RecordedStatus,
  recordPaymentStatuses,
  scheduleNextLooks,
} from '@remesa/database/seller-payment-status'
import { findSellerPayments, type SellerPayment } from '@remesa/database/seller-payments'
import { type PendingLimits, pendingAlert, pollDelayMs, watchDelayMs } from '@remesa/domain/payment-polling'
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
  /** When a paid payment that can come back is asked after: the time since it was paid. */
  readonly watchScheduleMs: readonly number[]
  readonly pendingLimits: PendingLimits
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

type StatusCheck = DataOf<typeof topics.checkFpayPaymentStatus>

/** Records what a provider says of a payment; resolves once it is committed. */
export type RecordStatus = (word: PaymentWord) => Promise<void>

/** What a look at a payment brought: news, which are recorded; or none, since it stands as it stood or cannot be read. */
export type Looked = { readonly news: true } | { readonly news: false; readonly error: string | null }

/** Looks at one payment now. */
export type LookAtPayment = (payment: SellerPayment, messageId: string) => Promise<Looked>

export function looker({ rails, logger }: StatusParts, record: RecordStatus): LookAtPayment {
  return async (payment, messageId) => {
    const rail = rails.get(payment.rail)
    if (!rail) throw new Error(`no rail ${payment.rail} is wired, yet it accepted ${payment.reference}`)
    try {
      const status = await rail.status(payment.reference)
      const asBefore = status.state === 'pending' || (status.state === 'paid' && payment.attemptState === 'paid')
      if (asBefore) return { news: false, error: null }
      await record({ payment, status, messageId })
      return { news: true }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      // What cannot be read says nothing about the payment.
      logger.warn({ sellerBalanceId: payment.sellerBalanceId, err: error }, 'the rail did not tell a payment’s status')
      return { news: false, error: error.message }
    }
  }
}

/**
 * Follows payments to their end: looks at each, then has NetSuite and GSC told. A payment that is still pending, or paid
 * and able to come back, is looked at again later, by an outbox row and not by a message that is held back.
 */
export function checkPayments(
  parts: StatusParts,
  { look, report }: { look: LookAtPayment; report: ReportPayments },
): BatchHandler<StatusCheck> {
  const lookAgainLater = laterLook(parts)

  async function check(payment: SellerPayment | undefined, { data, id: messageId }: Message<StatusCheck>) {
    if (!payment || !asksForLook(data, payment)) return
    const looked = await look(payment, messageId)
    if (!looked.news) await lookAgainLater({ payment, messageId, error: looked.error })
  }

  return async (batch) => {
    const ofBalance = Map.groupBy(batch, ({ data }) => data.sellerBalanceId)
    const found = await findSellerPayments(parts.database, [...ofBalance.keys()])
    const payments = new Map(found.map((payment) => [payment.sellerBalanceId, payment]))
    // Of several messages about one balance, one that asks for a look speaks; the others have nothing left to do.
    const speakers = [...ofBalance].flatMap(([id, messages]) => {
      const payment = payments.get(id)
      const asking = payment && messages.find(({ data }) => asksForLook(data, payment))
      return asking ?? messages.slice(0, 1)
    })
    const verdicts = new Map<string, Verdict>()
    await Promise.all(
      speakers.map(async (message) => {
        const id = message.data.sellerBalanceId
        try {
          await check(payments.get(id), message)
        } catch (error) {
          verdicts.set(id, { kind: 'threw', error }) // one payment's trouble leaves its neighbours alone
        }
      }),
    )
    const looked = speakers.filter(({ data }) => !verdicts.has(data.sellerBalanceId))
    const reported = await report(
      looked.map(({ id: messageId, data, retries }) => ({ sellerBalanceId: data.sellerBalanceId, messageId, retries })),
    )
    const answered = new Set(speakers)
    return batch.map((message): Verdict => {
      const { sellerBalanceId } = message.data
      return answered.has(message) ? (verdicts.get(sellerBalanceId) ?? reported.get(sellerBalanceId) ?? done) : done
    })
  }
}

/** False when the look it asks for has been taken: a repeated message must not start a second row of looks. */
function asksForLook({ look, watch }: StatusCheck, { attemptState, statusChecks }: SellerPayment): boolean {
  if (attemptState === 'accepted') return watch === undefined && (look === undefined || look >= statusChecks)
  return attemptState === 'paid' && watch !== undefined && watch >= statusChecks
}

/** Records what providers say, in groups as it comes, with what follows from it in the same transaction. */
export function statusRecorder(parts: StatusParts): RecordStatus {
  const { database, patience, now, random, logger } = parts
  return groupCommit<PaymentWord, void>({
    database,
    maximum: 100,
    write: async (tx, words) => {
      const at = now()
      const { recorded, alerts } = await recordPaymentStatuses(tx, words, { now: at, patience, random })
      await enqueue(
        tx,
        topics.paySellerBalance,
        recorded.flatMap(({ sellerBalanceId, retryAt }) =>
          retryAt ? [{ data: { sellerBalanceId }, deliverAt: retryAt }] : [],
        ),
      )
      await enqueue(tx, topics.checkFpayPaymentStatus, firstWatches(parts, words, recorded, at))
      await raiseAlerts(tx, alerts)
      for (const { sellerBalanceId, status } of recorded) logger.info({ sellerBalanceId, status }, 'payment moved on')
      return words.map(() => undefined)
    },
  })
}

function firstWatches(
  { rails, watchScheduleMs }: StatusParts,
  words: readonly PaymentWord[],
  recorded: readonly RecordedStatus[],
  at: Date,
) {
  const railOf = new Map(words.map(({ payment }) => [payment.sellerBalanceId, rails.get(payment.rail)]))
  const delayMs = watchDelayMs(0, watchScheduleMs)
  if (delayMs === undefined) return []
  const deliverAt = new Date(at.getTime() + delayMs)
  return recorded
    .filter(({ sellerBalanceId, status }) => status === 'paid' && railOf.get(sellerBalanceId)?.contract.reversible)
    .map(({ sellerBalanceId }) => ({ data: { sellerBalanceId, watch: 0 }, deliverAt }))
}

interface PendingLook {
  readonly payment: SellerPayment
  readonly messageId: string
  readonly error: string | null
}

function laterLook(parts: StatusParts): (look: PendingLook) => Promise<void> {
  const { database, pendingLimits, now } = parts
  return groupCommit<PendingLook, void>({
    database,
    maximum: 100,
    write: async (tx, pending) => {
      const at = now()
      // Two looks at one payment at once lead to one next look.
      const each = new Map(pending.map((look) => [look.payment.sellerBalanceId, look]))
      const looks = [...each.values()].map((look) => nextLook(parts, look, at))
      const scheduled = await scheduleNextLooks(tx, looks, at)
      await enqueue(
        tx,
        topics.checkFpayPaymentStatus,
        looks.flatMap(({ sellerBalanceId, status, statusChecks, nextLookAt }) => {
          if (!nextLookAt || !scheduled.has(sellerBalanceId)) return []
          const next = status === 'paid' ? { watch: statusChecks + 1 } : { look: statusChecks + 1 }
          return [{ data: { sellerBalanceId, ...next }, deliverAt: nextLookAt }]
        }),
      )
      await raiseAlerts(
        tx,
        pending.flatMap(({ payment }) => pendingTooLong(payment, at, pendingLimits)),
      )
      return pending.map(() => undefined)
    },
  })
}

function nextLook(
  { pollScheduleMs, watchScheduleMs }: StatusParts,
  { payment, messageId, error }: PendingLook,
  at: Date,
): FruitlessLook {
  const { sellerBalanceId, attemptState, statusChecks } = payment
  const isPaid = attemptState === 'paid'
  const delayMs = isPaid
    ? watchDelayMs(statusChecks + 1, watchScheduleMs)
    : pollDelayMs(statusChecks + 1, pollScheduleMs)
  const nextLookAt = delayMs === undefined ? null : new Date(at.getTime() + delayMs)
  return { sellerBalanceId, status: isPaid ? 'paid' : 'payment_pending', statusChecks, nextLookAt, messageId, error }
}

function pendingTooLong(payment: SellerPayment, at: Date, limits: PendingLimits) {
  const kind = pendingAlert(at.getTime() - payment.acceptedAt.getTime(), limits)
  if (!kind || payment.attemptState !== 'accepted') return []
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
