import { formatMajor, type Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { errorFor } from '@remesa/provider-http/read-as'
import { z } from 'zod'
import { answerError, codeOf } from './answer-error.ts'

/** What became of a settlement's payment (facts: marketplace §3.3). */
export interface PaymentNotification {
  readonly gscSellerId: string
  /** Our country id, e.g. `cl`. */
  readonly country: string
  readonly money: Money
  readonly rail: RailName
  /** The rail's own id of the payment. */
  readonly providerReference: string
  readonly result:
    | { readonly status: 'PAID'; readonly paidAt: Date }
    /** With the rail's reason code. */
    | { readonly status: 'REJECTED'; readonly reasonCode: string }
}

/** `refused`: GSC's own code, such as SETTLEMENT_NOT_FOUND or AMOUNT_MISMATCH. It stays so; finance has to look. */
export type NotificationOutcome = 'notified' | 'already_notified' | { readonly refused: string }

export function notificationBody({
  gscSellerId,
  country,
  money,
  rail,
  providerReference,
  result,
}: PaymentNotification) {
  return {
    sellerId: gscSellerId,
    country: country.toUpperCase(),
    currency: money.currency,
    amount: formatMajor(money.amount, money.currency),
    status: result.status,
    provider: rail.toUpperCase(),
    providerReference,
    paidAt: result.status === 'PAID' ? result.paidAt.toISOString() : null,
    reasonCode: result.status === 'REJECTED' ? result.reasonCode : null,
  }
}

/**
 * @throws ProviderError `unavailable` when GSC should be told again, `garbled` when it was not GSC that answered. A
 *   success that does not name the settlement is garbled: told again, GSC either names it or says that it knew
 */
export function notificationOutcome(answer: HttpAnswer, settlementId: string): NotificationOutcome {
  const { status } = answer
  if (status === 200 || status === 201) {
    if (acceptedSchema.safeParse(answer.body).data?.settlementId === settlementId) return 'notified'
    throw errorFor(answer, { kind: 'garbled', code: 'settlement_not_named' })
  }
  const code = codeOf(answer)
  if (status === 409 && code === 'ALREADY_NOTIFIED') return 'already_notified'
  const error = answerError(answer)
  if (error.kind !== 'refused' || code === undefined) throw error
  // Any other conflict is one with a call that is still under way, under the same key.
  if (status === 409) throw errorFor(answer, { kind: 'unavailable', code })
  return { refused: code }
}

const acceptedSchema = z.object({ settlementId: z.string() })
