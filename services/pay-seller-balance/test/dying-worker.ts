import { openDatabase } from '@remesa/database/connection'
import { COOLING_MS } from '@remesa/domain/cooling'
import { PATIENCE } from '@remesa/domain/payment-steps'
import type { Rail, RailName } from '@remesa/domain/rail'
import { createRails, railEnvironment } from '@remesa/rails/rails'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'
import { payBalances } from '../src/pay-balances.ts'

// A worker that is killed as the kernel kills: no finally, no rollback, no goodbye. For the tests of what it leaves.
// Arguments: the balance to pay; when to die: before its rail is called, or after it has answered; how many milliseconds
// the test's clock is ahead.

const [sellerBalanceId = '', when = '', aheadMs = '0'] = process.argv.slice(2)
const logger = createLogger({ service: 'dying-worker', level: 'fatal' })
const metrics = createMetrics({ service: 'dying-worker' })
const { rails } = createRails(parseEnvironment(process.env, z.object(railEnvironment)), { logger, metrics })

const die = async (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {}) // the signal may take a moment
}
const dying = (rail: Rail): Rail => ({
  ...rail,
  async pay(instruction) {
    if (when === 'before the call') return die()
    await rail.pay(instruction)
    return die()
  },
})

const pay = payBalances({
  database: openDatabase({
    url: process.env.DATABASE_URL ?? '',
    poolSize: 2,
    applicationName: 'dying-worker',
    onIdleError: () => {},
  }),
  rails: new Map([...rails].map(([name, rail]): [RailName, Rail] => [name, dying(rail)])),
  patience: PATIENCE,
  leaseMs: 10_000,
  coolingMs: COOLING_MS,
  firstCheckMs: 0,
  now: () => new Date(Date.now() + Number(aheadMs)),
  random: Math.random,
  logger,
})
const message = { id: '1', data: { sellerBalanceId }, attributes: {}, orderingKey: '', deliveryAttempt: 1, retries: 0 }
await pay([message])
