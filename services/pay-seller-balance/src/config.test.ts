import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  FPAY_BASE_URL: 'https://fpay.example',
  FPAY_CLIENT_ID: 'id',
  FPAY_CLIENT_SECRET: 'hunter2',
  FPAY_CALLBACK_URL: 'https://remesa.example/webhooks/fpay',
  PAYONEER_BASE_URL: 'https://payoneer.example',
  PAYONEER_TOKEN_URL: 'https://payoneer.example/token',
  PAYONEER_PROGRAM_ID: '1',
  PAYONEER_CLIENT_ID: 'id',
  PAYONEER_CLIENT_SECRET: 'hunter2',
}

test.each(['FPAY_TIMEOUT_MS', 'PAYONEER_TIMEOUT_MS'])(
  'a lease shorter than a call and its look-up by %s is refused, in one line without values',
  (timeout) => {
    expect(readConfig(right).PAYMENT_LEASE_MS).toBe(60_000)
    expect(readConfig({ ...right, [timeout]: '30000' })[timeout as 'FPAY_TIMEOUT_MS']).toBe(30_000)
    expect(() => readConfig({ ...right, [timeout]: '30001' })).toThrow(
      'the environment is wrong: PAYMENT_LEASE_MS is too short: expected at least twice FPAY_TIMEOUT_MS and twice PAYONEER_TIMEOUT_MS',
    )
  },
)
