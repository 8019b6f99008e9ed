/**
 * Why a provider gave us nothing usable.
 * `unavailable`: it could not answer now, the same request may succeed later. `refused`: it understood and said no,
 * the same request never succeeds. `garbled`: it answered something that its contract does not allow.
 */
export type ProviderErrorKind = 'unavailable' | 'refused' | 'garbled'

/** What is known of a failed call: enough to argue with the provider, no header, no body, nothing personal. */
export interface ProviderErrorFacts {
  readonly kind: ProviderErrorKind
  /** `netsuite`, `gsc`, … */
  readonly provider: string
  /** What was asked, in our words: `upsert vendor`. */
  readonly operation: string
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** The provider's own code, or the network's (`ECONNRESET`). */
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  /** How long the provider asked us to wait. */
  readonly retryAfterMs?: number | undefined
  /** Our own key, token or permission was refused. Always of kind `unavailable`: see {@link ProviderError.credentials}. */
  readonly credentials?: boolean
  /** Further words for the message. Never values of a body: paths and expectations only. */
  readonly detail?: string | undefined
}

/**
 * A provider that could not be read. Of the kinds, `unavailable` asks for another try later; the others do not.
 * Holds neither the request nor the answer, so it can be logged as it is.
 */
export class ProviderError extends Error {
  readonly kind: ProviderErrorKind
  readonly provider: string
  readonly operation: string
  readonly status: number
  readonly code: string | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  /**
   * Our own credentials are at fault. Nothing was wrong with what was asked, so it is to be asked again once somebody
   * has repaired them: the kind is `unavailable`, nothing is counted against the payee, and the on-call is told.
   */
  readonly credentials: boolean

  constructor(facts: ProviderErrorFacts) {
    super(describe(facts))
    this.name = 'ProviderError'
    this.kind = facts.kind
    this.provider = facts.provider
    this.operation = facts.operation
    this.status = facts.status
    this.code = facts.code
    this.requestId = facts.requestId
    this.retryAfterMs = facts.retryAfterMs
    this.credentials = facts.credentials ?? false
  }
}

/** No answer came. Whether the provider did the work is unknown, unless {@link NoAnswerError.sent} is false. */
export class NoAnswerError extends ProviderError {
  /** False only when it is certain that no byte of the request reached the provider: no name, no connection, not begun. */
  readonly sent: boolean

  constructor(facts: Omit<ProviderErrorFacts, 'kind' | 'status'> & { readonly sent: boolean }) {
    super({ ...facts, kind: 'unavailable', status: 0 })
    this.name = 'NoAnswerError'
    this.sent = facts.sent
  }
}

function describe({ kind, provider, operation, status, code, credentials, detail }: ProviderErrorFacts): string {
  const what = status === 0 ? 'no answer' : credentials ? 'our credentials were refused' : kind
  const facts = [status === 0 ? undefined : status, code].filter((fact) => fact !== undefined).join(' ')
  return `${provider}, ${operation}: ${what}${facts && ` (${facts})`}${detail ? `: ${detail}` : ''}`
}
