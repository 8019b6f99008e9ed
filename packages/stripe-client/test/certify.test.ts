import { certifyRail } from '@remesa/sandbox/certify'
import { stripeHarness } from '@remesa/sandbox/certify-stripe'
import { stripeReversalHarness } from '@remesa/sandbox/certify-stripe-reversals'
import { createStripeRail } from '../src/stripe-rail.ts'
import { verifyStripeEvent } from '../src/webhook.ts'
import { apiBaseOf } from './rail.ts'

certifyRail(
  'Stripe',
  stripeHarness({
    makeRail: ({ baseUrl, apiKey, timeoutMs }) =>
      createStripeRail({
        secretKey: apiKey,
        apiBase: apiBaseOf(baseUrl),
        timeoutMs,
        rate: { perSecond: 10_000, concurrent: 40 },
      }),
    verifyCallback({ headers, rawBody }, { secret, now }) {
      const signatureHeader = headers['stripe-signature']?.toString()
      const event = verifyStripeEvent({ rawBody, signatureHeader, secrets: [secret], now })
      return 'refused' in event ? undefined : String(event.object.id)
    },
  }),
)

certifyRail(
  'Stripe, reversals',
  stripeReversalHarness(({ baseUrl, apiKey, timeoutMs }) => {
    const { reversals, close } = createStripeRail({
      secretKey: apiKey,
      apiBase: apiBaseOf(baseUrl),
      timeoutMs,
      rate: { perSecond: 10_000, concurrent: 40 },
    })
    return { ...reversals, close }
  }),
)
