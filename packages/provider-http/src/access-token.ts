import type { HttpAnswer } from './http-client.ts'

export interface AccessToken {
  readonly token: string
  /** How long the provider honours it, from now. */
  readonly lifeMs: number
}

export interface AccessTokenOptions {
  /** Asks the provider for a new token. Throws ProviderError, with `credentials` when it is our key that was refused. */
  readonly fetchToken: () => Promise<AccessToken>
  /** Milliseconds of any steady clock. */
  readonly now?: () => number
}

export interface AccessTokens {
  /** A token that is good for some time yet. However many ask at once, one is fetched. */
  get(): Promise<string>
  /** Forgets this token, unless it has been replaced meanwhile. */
  invalidate(token: string): void
  /** Calls with a token; when the answer is 401, once more with a new one. @returns the last answer, a 401 included */
  withToken(call: (token: string) => Promise<HttpAnswer>): Promise<HttpAnswer>
}

/** A provider's bearer token, kept and renewed at 80 % of its life: late enough to be cheap, early enough for a slow clock. */
export function createAccessTokens({ fetchToken, now = () => performance.now() }: AccessTokenOptions): AccessTokens {
  let held: { token: string; renewAt: number; endsAt: number } | undefined
  let fetching: Promise<string> | undefined

  async function renew(): Promise<string> {
    const askedAt = now() // its life began when it was minted, not when its answer arrived
    try {
      const { token, lifeMs } = await fetchToken()
      held = { token, renewAt: askedAt + lifeMs * 0.8, endsAt: askedAt + lifeMs }
      return token
    } catch (error) {
      // The old token is still honoured for a fifth of its life, so a short outage of the token endpoint stops nothing.
      if (held && now() < held.endsAt) return held.token
      throw error
    } finally {
      fetching = undefined
    }
  }

  async function get(): Promise<string> {
    if (held && now() < held.renewAt) return held.token
    fetching ??= renew()
    return fetching
  }

  function invalidate(token: string): void {
    if (held?.token === token) held = undefined
  }

  return {
    get,
    invalidate,
    async withToken(call) {
      const token = await get()
      const answer = await call(token)
      if (answer.status !== 401) return answer
      invalidate(token)
      return call(await get())
    },
  }
}
