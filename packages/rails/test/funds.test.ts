import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { type PayoneerSandbox, startPayoneer } from '@remesa/sandbox/payoneer'
import { type StripeSandbox, startStripe } from '@remesa/sandbox/stripe'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { type Funds, fundsEnvironment, openFunds } from '../src/funds.ts'

let payoneer: PayoneerSandbox
let stripe: StripeSandbox
beforeAll(async () => {
  payoneer = await startPayoneer({ settleDelayMs: 'by-hand' })
  stripe = await startStripe({ balance: [money(1_250n, 'USD'), money(7n, 'CLP')] })
})
afterAll(async () => {
  await payoneer.stop()
  await stripe.stop()
})

const environment = (changes: Record<string, string | undefined> = {}) => {
  const { hostname, port } = new URL(stripe.url)
  return {
    FUNDS_STRIPE_SECRET_KEY: stripe.credentials.apiKey,
    STRIPE_API_HOST: hostname,
    STRIPE_API_PORT: port,
    STRIPE_API_PROTOCOL: 'http',
    FUNDS_PAYONEER_BASE_URL: payoneer.apiUrl,
    FUNDS_PAYONEER_TOKEN_URL: payoneer.tokenUrl,
    FUNDS_PAYONEER_PROGRAM_ID: payoneer.credentials.programId,
    FUNDS_PAYONEER_CLIENT_ID: payoneer.credentials.clientId,
    FUNDS_PAYONEER_CLIENT_SECRET: payoneer.credentials.clientSecret,
    ...changes,
  }
}
const open = (env: Record<string, string | undefined>): Funds =>
  openFunds(parseEnvironment(env, z.object(fundsEnvironment)))

async function ask(env: Record<string, string | undefined>) {
  const funds = open(env)
  const answers = await funds.ask(['fpay', 'payoneer', 'stripe'])
  funds.close()
  return answers
}

test('rails tell what they hold by currency; FPay has no call for it, and that is unknown and not zero', async () => {
  payoneer.setBalance(50_025n)
  expect(await ask(environment())).toEqual([
    { rail: 'fpay', amounts: null, unknown: 'not_offered' },
    { rail: 'payoneer', amounts: [money(50_025n, 'USD')], unknown: null },
    { rail: 'stripe', amounts: [money(1_250n, 'USD'), money(7n, 'CLP')], unknown: null },
  ])
})

test('without credentials, with wrong ones, and of a rail that does not answer it is unknown, and says why', async () => {
  expect(await ask({})).toMatchObject([
    { unknown: 'not_offered' },
    { unknown: 'not_configured' },
    { unknown: 'not_configured' },
  ])
  const wrong = environment({ FUNDS_STRIPE_SECRET_KEY: 'sk_test_wrong', FUNDS_PAYONEER_BASE_URL: 'http://127.0.0.1:1' })
  expect(await ask(wrong)).toMatchObject([
    { unknown: 'not_offered' },
    { unknown: 'no_answer' },
    { unknown: 'credentials_refused' },
  ])
})

test('half of Payoneer’s variables stop the boot, and the missing ones are named', () => {
  expect(() => open(environment({ FUNDS_PAYONEER_CLIENT_SECRET: undefined }))).toThrow(
    /FUNDS_PAYONEER_CLIENT_SECRET not set/,
  )
})
