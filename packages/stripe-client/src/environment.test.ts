import { expect, test } from '@jest/globals'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { stripeEnvironment, stripeOptions, stripeWebhookEnvironment } from './environment.ts'

const read = (env: Record<string, string>) => stripeOptions(parseEnvironment(env, z.object(stripeEnvironment)))
const readSecrets = (text: string) =>
  parseEnvironment({ STRIPE_WEBHOOK_SECRETS: text }, z.object(stripeWebhookEnvironment)).STRIPE_WEBHOOK_SECRETS

test('a key is all that the real Stripe needs', () => {
  expect(read({ STRIPE_SECRET_KEY: 'sk_live_1' })).toEqual({
    secretKey: 'sk_live_1',
    apiBase: { host: 'api.stripe.com', port: 443, protocol: 'https' },
    timeoutMs: 20_000,
    rate: { perSecond: 25, accountPerSecond: 100, processes: 1, concurrent: 20, maxWaitMs: 10_000 },
  })
})

test('a sandbox, limits and how many share them can be named', () => {
  const env = {
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_API_HOST: '127.0.0.1',
    STRIPE_API_PORT: '12111',
    STRIPE_API_PROTOCOL: 'http',
    STRIPE_TIMEOUT_MS: '500',
    STRIPE_MAX_CONCURRENT: '8',
    STRIPE_MAX_WAIT_MS: '100',
    STRIPE_REQUESTS_PER_SECOND: '50',
    STRIPE_REQUESTS_PER_SECOND_UP_TO: '60',
    STRIPE_ACCOUNT_REQUESTS_PER_SECOND: '25',
    STRIPE_PROCESSES: '4',
  }
  expect(read(env)).toEqual({
    secretKey: 'sk_test_1',
    apiBase: { host: '127.0.0.1', port: 12_111, protocol: 'http' },
    timeoutMs: 500,
    rate: { perSecond: 50, upTo: 60, accountPerSecond: 25, processes: 4, concurrent: 8, maxWaitMs: 100 },
  })
})

test('what is wrong is named, without its value', () => {
  const env = { STRIPE_API_HOST: 'https://api.stripe.com', STRIPE_API_PROTOCOL: 'gopher' }
  expect(() => read(env)).toThrow(
    'the environment is wrong: STRIPE_SECRET_KEY is not set (expected a secret); STRIPE_API_HOST is not right (expected a host name, without scheme and port); STRIPE_API_PROTOCOL is not right (expected https or http)',
  )
})

test('a wait by which no request ever had its turn is refused: none would be sent, and none would be told as failed', () => {
  expect(() => read({ STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_MAX_WAIT_MS: '0' })).toThrow('STRIPE_MAX_WAIT_MS')
})

test('webhook secrets come as a list, and each must be one', () => {
  expect(readSecrets('whsec_a')).toEqual(['whsec_a'])
  expect(readSecrets('whsec_a, whsec_b')).toEqual(['whsec_a', 'whsec_b'])
  for (const wrong of ['whsec_a,', 'secret', 'whsec_a b']) {
    expect(() => readSecrets(wrong)).toThrow('expected secrets that begin with whsec_, separated by commas')
  }
})
