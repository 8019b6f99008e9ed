import { createClientCredentialsTokens } from '@remesa/provider-http/client-credentials'
import { createHttpClient, type HttpAnswer } from '@remesa/provider-http/http-client'
import { errorByStatus, readAs } from '@remesa/provider-http/read-as'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import type { z } from 'zod'
import { codeOf, errorSchema, exactBody, type Payment, paymentAnswer } from './wire.ts'

export interface PayoneerConnection {
  /** With the version: `https://api.payoneer.com/v4`. */
  readonly baseUrl: string
  /** The whole URL of the token endpoint, which is on another host. */
  readonly tokenUrl: string
  readonly programId: string
  readonly clientId: string
  readonly clientSecret: string
  /** For one request, from its turn to the last byte of its answer. */
  readonly timeoutMs: number
  readonly maxConcurrent: number
  readonly logger?: Pick<Logger, 'debug' | 'warn'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
}

export interface PayoneerCalls {
  /**
   * A request to the program; with `json` it is a POST.
   * @throws ProviderError when no answer came, or no token could be had
   */
  call(request: { readonly operation: string; readonly path: string; readonly json?: unknown }): Promise<HttpAnswer>
  /** @throws ProviderError for anything but a payment, or the word that there is none to be seen */
  look(reference: string): Promise<{ readonly answer: HttpAnswer; readonly payment: Payment | undefined }>
  close(): void
}

/** `sub_code` of a payment that does not exist, or is not visible yet. */
export const PAYMENT_UNKNOWN = '2306'

/** Requests to one program, with a token that is fetched when needed. Holds connections open: call `close` when done. */
export function createPayoneerCalls(options: PayoneerConnection): PayoneerCalls {
  const { baseUrl, timeoutMs, maxConcurrent, logger, metrics } = options
  const provider = 'payoneer'
  const http = createHttpClient({ provider, baseUrl, timeoutMs, maxConcurrent, logger, metrics })
  const tokens = createClientCredentialsTokens({ ...options, provider, scope: 'read write' })
  const program = `/programs/${encodeURIComponent(options.programId)}`

  const call: PayoneerCalls['call'] = ({ operation, path, json }) =>
    tokens.withToken((token) =>
      http.request({
        operation,
        method: json === undefined ? 'GET' : 'POST',
        path: program + path,
        headers: { authorization: `Bearer ${token}` },
        json,
      }),
    )

  return {
    call,
    async look(reference) {
      const path = `/payouts/${encodeURIComponent(reference)}/status`
      const answer = await call({ operation: 'get payment status', path })
      if (answer.status === 404 && codeIn(answer) === PAYMENT_UNKNOWN) return { answer, payment: undefined }
      return { answer, payment: readSuccess(paymentAnswer, answer).result }
    },
    close() {
      http.close()
      tokens.close()
    },
  }
}

const codeIn = (answer: HttpAnswer): string | undefined => {
  const error = errorSchema.safeParse(answer.body).data
  return error && codeOf(error)
}

/** @throws ProviderError for anything but a success with this body */
export function readSuccess<Schema extends z.ZodType>(schema: Schema, answer: HttpAnswer): z.output<Schema> {
  if (answer.status < 200 || answer.status > 299) throw errorByStatus(answer, codeIn(answer))
  return readAs(schema, exactBody(answer))
}
