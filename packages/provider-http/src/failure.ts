import { type AxiosError, isAxiosError } from 'axios'
import { NoAnswerError, ProviderError } from './provider-error.ts'

export interface CallFacts {
  readonly provider: string
  readonly operation: string
  readonly requestId: string
}

/**
 * What a request that axios threw for stands for. The error of axios itself is dropped: it carries the request's
 * headers and body, and so our token.
 */
export function failureOf(error: unknown, call: CallFacts, { timedOut }: { timedOut: boolean }): unknown {
  if (!isAxiosError(error)) return error // ours, or Node's word on a request that cannot be written down
  const { code } = error
  if (timedOut) return new NoAnswerError({ ...call, code: 'TIMEOUT', sent: true })
  if (code === 'ERR_CANCELED') return new NoAnswerError({ ...call, code: 'ABORTED', sent: true })
  // Without a request it was never begun: a scheme or an option that cannot be right. A bug of ours, not an answer.
  if (!error.request) return new Error(`${call.provider}, ${call.operation}: the request could not be made (${code})`)
  // Both of these have one code: an answer that broke off has its head, one that was too large has been thrown away.
  if (code === 'ERR_BAD_RESPONSE') {
    return error.response
      ? new NoAnswerError({ ...call, code: 'ANSWER_BROKE_OFF', sent: true })
      : new ProviderError({ ...call, kind: 'garbled', status: 0, code: 'ANSWER_TOO_LARGE' })
  }
  if (/^(HPE_|Z_|ERR__ERROR_FORMAT|ERR_BROTLI|ERR_ZSTD)/.test(code ?? '')) {
    return new ProviderError({ ...call, kind: 'garbled', status: 0, code })
  }
  return new NoAnswerError({ ...call, code, sent: wasSent(error) })
}

/** Looking up the name, connecting and the handshake come before the first byte of a request. */
function wasSent(error: AxiosError): boolean {
  const { code = '' } = error
  const { syscall } = (error.cause ?? error) as { syscall?: string }
  if (syscall === 'connect' || syscall === 'getaddrinfo') return false
  return !['CONNECT_TIMEOUT', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_TLS_CERT_ALTNAME_INVALID'].includes(code)
}
