import type { SellerProfile } from '@remesa/domain/seller'
import type { AccessTokens } from '@remesa/provider-http/access-token'
import { createHttpClient, type HttpAnswer, type HttpRequest } from '@remesa/provider-http/http-client'
import { errorFor, readAs } from '@remesa/provider-http/read-as'
import { type RetryOptions, retrying } from '@remesa/provider-http/retrying'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { answerError, codeOf } from './answer-error.ts'
import {
  type NotificationOutcome,
  notificationBody,
  notificationOutcome,
  type PaymentNotification,
} from './payment-notification.ts'
import { sellerSchema } from './seller.ts'

export interface GscClientOptions {
  readonly baseUrl: string
  /** A bearer token that does not change, or tokens that are renewed. */
  readonly token: string | Pick<AccessTokens, 'withToken'>
  /** Default 10 s. */
  readonly timeoutMs?: number
  /** Default 20. */
  readonly maxConcurrent?: number
  /** Default 5 tries, 200 ms, 5 s; what takes longer is the caller's to do again later. */
  readonly retry?: Pick<RetryOptions, 'tries' | 'firstMs' | 'maxMs'>
  readonly logger?: Pick<Logger, 'debug'> | undefined
  readonly metrics?: Pick<Metrics, 'providerCall'> | undefined
}

/** The seller centre's operator API: OUR CONTRACT, facts: marketplace §3. All methods throw ProviderError. */
export interface GscClient {
  /** `not-found` may be too early: an event can come before the seller can be read. */
  getSeller(gscSellerId: string): Promise<SellerProfile | 'not-found'>
  /**
   * Tells GSC how the payment of a settlement ended.
   * @param idempotencyKey - `<seller_balance_id>:<status>`, with `:<n>` once two people had it paid again, n times
   */
  notifySettlementPayment(
    settlementId: string,
    idempotencyKey: string,
    notification: PaymentNotification,
  ): Promise<NotificationOutcome>
  close(): void
}

export function createGscClient(options: GscClientOptions): GscClient {
  const { token, timeoutMs = 10_000, maxConcurrent = 20 } = options
  const retry = options.retry ?? { tries: 5, firstMs: 200, maxMs: 5_000 }
  const { logger, metrics } = options
  const http = createHttpClient({
    provider: 'gsc',
    baseUrl: options.baseUrl,
    timeoutMs,
    maxConcurrent,
    logger,
    metrics,
  })

  function ask(request: HttpRequest & { readonly headers?: Readonly<Record<string, string>> }): Promise<HttpAnswer> {
    const withToken = (bearer: string) =>
      http.request({ ...request, headers: { ...request.headers, authorization: `Bearer ${bearer}` } })
    return typeof token === 'string' ? withToken(token) : token.withToken(withToken)
  }

  return {
    getSeller: (gscSellerId) =>
      retrying(async () => {
        const path = `/v2/sellers/${encodeURIComponent(gscSellerId)}`
        const answer = await ask({ operation: 'get seller', method: 'GET', path })
        if (answer.status === 200) {
          const seller = readAs(sellerSchema, answer)
          if (seller.gscSellerId === gscSellerId) return seller
          throw errorFor(answer, { kind: 'garbled', code: 'another_seller' })
        }
        if (answer.status === 404 && codeOf(answer) === 'SELLER_NOT_FOUND') return 'not-found'
        throw answerError(answer)
      }, retry),

    notifySettlementPayment: (settlementId, idempotencyKey, notification) =>
      retrying(async () => {
        const answer = await ask({
          operation: 'notify settlement payment',
          method: 'POST',
          path: `/v2/settlements/${encodeURIComponent(settlementId)}/payments`,
          headers: { 'idempotency-key': idempotencyKey },
          json: notificationBody(notification),
        })
        return notificationOutcome(answer, settlementId)
      }, retry),
    close: http.close,
  }
}
