import { setTimeout as sleep } from 'node:timers/promises'
import pRetry, { type RetryContext } from 'p-retry'
import { ProviderError } from './provider-error.ts'

export interface RetryOptions {
  /** Calls in all, the first one included. */
  readonly tries: number
  /** The first pause is one to two times this long; each further one is twice the one before. */
  readonly firstMs: number
  /** No pause is longer. A provider that asks for a longer one is not asked again: the caller can be, later. */
  readonly maxMs: number
  readonly signal?: AbortSignal | undefined
  /** Told before each pause. */
  readonly onRetry?: (error: ProviderError, retry: { attempt: number; delayMs: number }) => void
}

/**
 * Repeats an operation while its provider is `unavailable`, with growing, scattered pauses, never shorter than
 * Retry-After asks. Only for what may safely be repeated: reads, and writes that name their own outcome.
 * A `garbled` answer is asked for again too: a proxy's page passes, and a contract that has changed garbles them all.
 * Refused credentials are not tried again: more tries lock accounts.
 * @throws the last error, but `garbled` only when every answer was: among other troubles it is one of them. The reason
 *   of `signal` when it was aborted
 */
export async function retrying<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { tries, firstMs, maxMs, signal, onRetry } = options
  let unavailable: ProviderError | undefined
  const mayRepeat = (error: Error): error is ProviderError =>
    error instanceof ProviderError &&
    error.kind !== 'refused' &&
    !error.credentials &&
    (error.retryAfterMs ?? 0) <= maxMs

  async function onFailedAttempt({ error, attemptNumber, retriesLeft, retryDelay }: RetryContext): Promise<void> {
    if (!mayRepeat(error)) return
    if (error.kind === 'unavailable') unavailable = error
    if (retriesLeft === 0) return
    const askedMs = error.retryAfterMs ?? 0
    onRetry?.(error, { attempt: attemptNumber, delayMs: Math.max(askedMs, retryDelay) })
    if (askedMs <= retryDelay) return
    await sleep(askedMs - retryDelay, undefined, signal && { signal }).catch((aborted: unknown) => {
      throw signal?.reason ?? aborted
    })
  }

  try {
    return await pRetry(operation, {
      retries: tries - 1,
      minTimeout: firstMs,
      maxTimeout: maxMs,
      randomize: true,
      shouldRetry: ({ error }) => mayRepeat(error),
      onFailedAttempt,
      ...(signal && { signal }),
    })
  } catch (error) {
    throw error instanceof ProviderError && error.kind === 'garbled' ? (unavailable ?? error) : error
  }
}
