import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { PATIENCE } from '@remesa/domain/payment-steps'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { type FPaySandbox, startFPay } from '@remesa/sandbox/fpay'
import { type PayoneerSandbox, startPayoneer } from '@remesa/sandbox/payoneer'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'
import { createRails, patienceOf, railEnvironment } from '../src/rails.ts'

let fpay: FPaySandbox
let payoneer: PayoneerSandbox
beforeAll(async () => {
  fpay = await startFPay({ settleDelayMs: 'by-hand' })
  payoneer = await startPayoneer({ settleDelayMs: 'by-hand' })
})
afterAll(async () => {
  await fpay.stop()
  await payoneer.stop()
})

const environment = (changes: Record<string, string> = {}) => ({
  FPAY_BASE_URL: fpay.url,
  FPAY_CLIENT_ID: fpay.credentials.clientId,
  FPAY_CLIENT_SECRET: fpay.credentials.clientSecret,
  FPAY_CALLBACK_URL: 'https://remesa.example/webhooks/fpay',
  PAYONEER_BASE_URL: payoneer.apiUrl,
  PAYONEER_TOKEN_URL: payoneer.tokenUrl,
  PAYONEER_PROGRAM_ID: payoneer.credentials.programId,
  PAYONEER_CLIENT_ID: payoneer.credentials.clientId,
  PAYONEER_CLIENT_SECRET: payoneer.credentials.clientSecret,
  ...changes,
})
const read = (changes?: Record<string, string>) => parseEnvironment(environment(changes), z.object(railEnvironment))
const parts = {
  logger: createLogger({ service: 'test', level: 'fatal' }),
  metrics: createMetrics({ service: 'test' }),
}
const instruction = (destination: string, code: 'CLP' | 'USD'): PaymentInstruction => ({
  payableId: `balance-of-${destination}`,
  idempotencyKey: `seller-balance:${destination}`,
  generation: 1,
  money: { amount: 1_000n, currency: currency(code) },
  destination,
  country: 'CL',
  beneficiary: { name: 'Comercial', taxId: '76192083-9' },
  description: 'Seller balance',
  payeeId: 'seller',
})

test('each rail is made from the environment and pays through its own provider', async () => {
  const { rails, close } = createRails(read(), parts)
  expect([...rails.keys()].sort()).toEqual(['fpay', 'payoneer'])
  expect(await rails.get('fpay')?.pay(instruction('FP-1', 'CLP'))).toMatchObject({ kind: 'accepted' })
  expect(await rails.get('payoneer')?.pay(instruction('PY-1', 'USD'))).toMatchObject({ kind: 'accepted' })
  expect(fpay.payoutsOf('balance-of-FP-1')).toMatchObject([{ callbackUrl: 'https://remesa.example/webhooks/fpay' }])
  expect(payoneer.paymentsTo('PY-1')).toHaveLength(1)
  close()
})

test('a bank’s payment can come back, a Payoneer payment cannot; FPay keeps keys for a week', () => {
  const { rails, close } = createRails(read(), parts)
  expect(rails.get('fpay')?.contract).toMatchObject({ reversible: true, replaysRefusals: false })
  expect(rails.get('fpay')?.contract.keyLifetime.total('days')).toBe(7)
  expect(rails.get('payoneer')?.contract).toMatchObject({ reversible: false, replaysRefusals: false })
  close()
})

test('cancel reasons that Payoneer told us of are what the environment says they are', async () => {
  const { rails, close } = createRails(read({ PAYONEER_REASON_CATEGORIES: '99999=transient,10301=funding' }), parts)
  const rail = rails.get('payoneer')
  await rail?.pay(instruction('PY-NEWCODE-1', 'USD'))
  payoneer.settleAll()
  expect(await rail?.status('seller-balance:PY-NEWCODE-1')).toMatchObject({ state: 'rejected', category: 'transient' })
  close()
})

test.each([
  ['FPAY_CALLBACK_URL', 'not a url'],
  ['FPAY_CLIENT_SECRET', ''],
  ['PAYONEER_REASON_CATEGORIES', '10301=whatever'],
  ['PAYMENT_MAX_ATTEMPTS', '0'],
  ['PAYMENT_RAIL_PAUSE_MS', '-1'],
])('a wrong %s stops the boot by its name', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(new RegExp(`the environment is wrong: ${name}`))
})

test('patience is the protocol’s own unless the environment says otherwise, and no wait shrinks', () => {
  expect(patienceOf(read())).toEqual(PATIENCE)
  const patient = patienceOf(read({ PAYMENT_RETRY_FIRST_MS: '3600000', PAYMENT_FUNDS_RETRY_FIRST_MS: '86400000' }))
  expect(patient.retry).toEqual({ firstMs: 3_600_000, maxMs: 3_600_000 })
  expect(patient.funds).toEqual({ firstMs: 86_400_000, maxMs: 86_400_000 })
})
