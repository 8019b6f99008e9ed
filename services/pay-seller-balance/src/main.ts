import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { createRails, patienceOf } from '@remesa/rails/rails'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { payBalances } from './pay-balances.ts'

await runService({
  name: 'pay-seller-balance',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const { rails, close } = createRails(config, parts)
    parts.stopWith('rails', close)
    const { database, work } = await connectWorkerService('pay-seller-balance', parts)
    work({
      topic: topics.paySellerBalance,
      maxBatch: 50,
      concurrentBatches: 4,
      handle: payBalances({
        database,
        rails,
        patience: patienceOf(config),
        leaseMs: config.PAYMENT_LEASE_MS,
        coolingMs: config.PAYEE_COOLING_MS,
        firstCheckMs: config.PAYMENT_FIRST_CHECK_MS,
        now: () => new Date(),
        random: Math.random,
        logger,
      }),
    })
  },
})
