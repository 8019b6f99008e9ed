import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  STRIPE_SECRET_KEY: 'sk_live_hunter2',
}

test('Stripe’s real address and limits hold unless others are named, and money waits for accounts without a bank', () => {
  expect(readConfig(right)).toMatchObject({
    STRIPE_API_HOST: 'api.stripe.com',
    STRIPE_API_PROTOCOL: 'https',
    STRIPE_REQUESTS_PER_SECOND: 25,
    PAYOUT_REFUSALS_BEFORE_ALERT: 5,
    PAYOUT_HOLD_WITHOUT_BANK: true,
    PAYOUT_SCHEDULER_GRACE_MS: 120_000,
  })
  expect(readConfig({ ...right, PAYOUT_HOLD_WITHOUT_BANK: 'false' }).PAYOUT_HOLD_WITHOUT_BANK).toBe(false)
})

test('a lease that ends before a call and its look-up may have is refused, in one line without values', () => {
  const waits = { STRIPE_TIMEOUT_MS: '4000', STRIPE_MAX_WAIT_MS: '1000' }
  expect(readConfig({ ...right, ...waits, PAYMENT_LEASE_MS: '10000' }).PAYMENT_LEASE_MS).toBe(10_000)
  const tooShort =
    'the environment is wrong: PAYMENT_LEASE_MS is too short: expected at least twice what STRIPE_TIMEOUT_MS and STRIPE_MAX_WAIT_MS are together'
  expect(() => readConfig({ ...right, ...waits, PAYMENT_LEASE_MS: '9999' })).toThrow(tooShort)
  expect(() => readConfig({ ...right, STRIPE_TIMEOUT_MS: '20001' })).toThrow(tooShort)
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() =>
    readConfig({
      STRIPE_API_HOST: 'https://hunter2',
      PAYOUT_HOLD_WITHOUT_BANK: 'perhaps',
      PAYOUT_REFUSALS_BEFORE_ALERT: '0',
      PAYMENT_LEASE_MS: 'long',
    }),
  ).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'STRIPE_SECRET_KEY is not set (expected a secret); ' +
      'STRIPE_API_HOST is not right (expected a host name, without scheme and port); ' +
      'PAYMENT_LEASE_MS is not right (expected a whole number from 1000 to 3600000); ' +
      'PAYOUT_REFUSALS_BEFORE_ALERT is not right (expected a whole number from 1 to 100); ' +
      'PAYOUT_HOLD_WITHOUT_BANK is not right (expected true or false)',
  )
})
