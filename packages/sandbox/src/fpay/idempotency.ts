import type { Reply } from '../kit/http.ts'
import { fpayError } from './payout-request.ts'
import { type Payout, payoutAsJson } from './payouts.ts'

/** Keys are kept this long (facts: marketplace §4.1). */
const KEPT_MS = 7 * 24 * 3_600_000

export interface IdempotencyKeys {
  /**
   * Does the work once per key; answers again with the payout as it stands now.
   * @throws Refusal: no key, the same key with another body, the same key while its work is under way
   */
  once(key: string | undefined, body: unknown, work: () => Promise<Payout>): Promise<Reply>
  /** As if the seven days were over for every key. */
  forgetAll(): void
}

/**
 * FPay's idempotency keys. Only made payouts are remembered: a refused request made nothing, and the same key may
 * try again.
 */
export function createIdempotencyKeys(now: () => Date): IdempotencyKeys {
  const made = new Map<string, { fingerprint: string; payout: Payout; at: number }>()
  const underWay = new Set<string>()
  return {
    async once(key, body, work) {
      if (!key) throw fpayError(400, 'MISSING_FIELD', 'the header Idempotency-Key is missing')
      if (underWay.has(key)) throw fpayError(409, 'REQUEST_IN_PROGRESS', 'a request with this key is under way')
      const fingerprint = canonical(body)
      const known = made.get(key)
      if (known && now().getTime() - known.at < KEPT_MS) {
        if (known.fingerprint !== fingerprint) {
          throw fpayError(422, 'IDEMPOTENCY_MISMATCH', 'this key came with another body before')
        }
        return { status: 200, headers: { 'idempotency-replayed': 'true' }, body: payoutAsJson(known.payout) }
      }
      underWay.add(key)
      try {
        const payout = await work()
        made.set(key, { fingerprint, payout, at: now().getTime() })
        return { status: 201, body: payoutAsJson(payout) }
      } finally {
        underWay.delete(key)
      }
    },
    forgetAll: () => made.clear(),
  }
}

/** JSON with sorted keys: the same body whatever order its fields came in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
