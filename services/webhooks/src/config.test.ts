import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  WEBHOOKS_PUBLIC_URL: 'https://pay.example.com/',
  FPAY_WEBHOOK_SECRETS: 'old, new',
  PAYONEER_WEBHOOK_SECRET: 'ipcn',
  STRIPE_WEBHOOK_SECRETS: 'whsec_old, whsec_new',
}

test('secrets come as a list, and the public address without a slash at its end', () => {
  expect(readConfig(right)).toMatchObject({
    FPAY_WEBHOOK_SECRETS: ['old', 'new'],
    STRIPE_WEBHOOK_SECRETS: ['whsec_old', 'whsec_new'],
    WEBHOOKS_PUBLIC_URL: 'https://pay.example.com',
    WEBHOOKS_PORT: 8081,
  })
})

test('a comma too many does not make an empty secret, which anybody could sign with', () => {
  for (const FPAY_WEBHOOK_SECRETS of ['old,', ',', ' , new']) {
    expect(() => readConfig({ ...right, FPAY_WEBHOOK_SECRETS })).toThrow(
      'FPAY_WEBHOOK_SECRETS is not right (expected secrets separated by commas, none of them empty)',
    )
  }
})

test('what is no secret of a Stripe endpoint, such as an API key, stops the boot', () => {
  for (const STRIPE_WEBHOOK_SECRETS of ['sk_live_hunter2', 'whsec_old,', 'whsec_']) {
    expect(() => readConfig({ ...right, STRIPE_WEBHOOK_SECRETS })).toThrow(
      'STRIPE_WEBHOOK_SECRETS is not right (expected secrets that begin with whsec_, separated by commas)',
    )
  }
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() => readConfig({ WEBHOOKS_PUBLIC_URL: 'pay.example.com', WEBHOOKS_PORT: 'http' })).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'WEBHOOKS_PORT is not right (expected a whole number from 0 to 65535); ' +
      'WEBHOOKS_PUBLIC_URL is not right (expected an http:// or https:// URL); ' +
      'FPAY_WEBHOOK_SECRETS is not set (expected secrets separated by commas, none of them empty); ' +
      'PAYONEER_WEBHOOK_SECRET is not set (expected a secret); ' +
      'STRIPE_WEBHOOK_SECRETS is not set (expected secrets that begin with whsec_, separated by commas)',
  )
})
