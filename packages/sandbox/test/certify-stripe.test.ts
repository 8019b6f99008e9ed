import { describe, expect, test } from '@jest/globals'
import Stripe from 'stripe'
import { casesFor, certifyRail, runCase } from '../src/certify/certify.ts'
import type { ReceivedCallback } from '../src/certify/receiver.ts'
import { stripeHarness } from '../src/certify/stripe-harness.ts'
import { type StripeFlaw, stripeRail } from './stripe-rail.ts'

const { webhooks } = new Stripe('sk_test_verifiesOnly')

function verifyCallback({ rawBody, headers }: ReceivedCallback, { secret }: { secret: string }): string | undefined {
  const event = webhooks.constructEvent(rawBody, String(headers['stripe-signature']), secret)
  return event.type === 'transfer.created' ? event.data.object.id : undefined
}

certifyRail('a small rail of the Stripe SDK', stripeHarness({ makeRail: (parts) => stripeRail(parts), verifyCallback }))

const flawed: [StripeFlaw, RegExp][] = [
  ['keeps the key of a stored refusal', /no money to pay from/],
  ['takes a stored server error for a refusal', /stored-error-before/],
  ['takes a key in use for a refusal', /work is under way/],
]

describe('at Stripe the suite finds out', () => {
  test.each(flawed)('a rail that %s', async (flaw, title) => {
    const harness = stripeHarness({ makeRail: (parts) => stripeRail(parts, flaw) })
    const bench = await harness.start()
    const telling = casesFor(harness).filter((one) => title.test(one.title))
    expect(telling).toHaveLength(1)
    try {
      for (const one of telling) await expect(runCase(one, bench)).rejects.toThrow()
    } finally {
      await bench.stop()
    }
  })
})
