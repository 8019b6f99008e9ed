import type { StripeOptions, StripeSandbox } from '../src/stripe/stripe.ts'
import { startStripe } from '../src/stripe/stripe.ts'
import { sdkAt } from './stripe-rail.ts'

/** A Stripe on a clock of its own, the real SDK, and a way to look at bytes and headers. */
export async function stripeWorld(options: StripeOptions = {}) {
  let ms = Date.parse('2026-11-21T12:00:00Z')
  const stripe: StripeSandbox = await startStripe({ now: () => new Date(ms), ...options })
  const sdk = sdkAt(stripe.url, stripe.credentials)

  async function ask(method: string, path: string, init: { form?: string; headers?: Record<string, string> } = {}) {
    const response = await fetch(stripe.url + path, {
      method,
      ...(init.form === undefined ? {} : { body: init.form }),
      headers: {
        authorization: `Bearer ${stripe.credentials.apiKey}`,
        ...(init.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...init.headers,
      },
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  return {
    stripe,
    sdk,
    ask,
    post: (form: string, key: string, path = '/v1/transfers') =>
      ask('POST', path, { form, headers: { 'idempotency-key': key } }),
    passMs(more: number) {
      ms += more
    },
  }
}

/** What a settled call was refused with. @throws Error when it was not refused */
export async function refusal(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('it was not refused')
  const { type, code, statusCode, param, headers = {} } = error as StripeFailure
  return { type, code, statusCode, param, shouldRetry: headers['stripe-should-retry'], headers }
}

interface StripeFailure extends Error {
  readonly type?: string
  readonly code?: string
  readonly statusCode?: number
  readonly param?: string
  readonly headers?: Record<string, string>
}

export const aTransfer = (change: object = {}) => ({
  amount: 1_250,
  currency: 'usd',
  destination: 'acct_1A',
  transfer_group: 'b7c0',
  metadata: { transfer_id: 'b7c0' },
  ...change,
})

/** Waits for something that is about to happen; the test's own time limit ends it. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 2))
}
