import { setTimeout as sleep } from 'node:timers/promises'
import { ProviderError } from '@remesa/provider-http/provider-error'

/** So many failures in a row end a run. */
export const TRIES = 6

/** Reading changes nothing, so a body that something between us and Stripe has mangled is asked for again, too. */
export const passes = ({ kind, credentials }: ProviderError): boolean => kind !== 'refused' && !credentials

/**
 * Asks again after what passes, each time after twice as long.
 * @throws ProviderError for what does not pass, or not soon; the signal's reason once it is aborted
 */
export async function patiently<Answer>(
  ask: () => Promise<Answer>,
  { retryFirstMs, signal }: { retryFirstMs: number; signal: AbortSignal },
): Promise<Answer> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted()
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ProviderError) || !passes(error) || failures >= TRIES) throw error
      await sleep(Math.max(retryFirstMs * 2 ** (failures - 1), error.retryAfterMs ?? 0), undefined, { signal })
    }
  }
}
