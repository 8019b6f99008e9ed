import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { initializeBalances } from './initialize-balances.ts'
import { resetPayments } from './reset-payments.ts'

await runService({
  name: 'payment-initialization',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const { database, relay, work } = await connectWorkerService('payment-initialization', parts)
    work({
      topic: topics.paymentReset,
      handle: resetPayments({
        database,
        timeZone: config.BUSINESS_TIME_ZONE,
        now: () => Temporal.Now.instant(),
        logger,
      }),
    })
    work({
      topic: topics.paymentInitialization,
      handle: initializeBalances({
        database,
        batchSize: config.INITIALIZATION_BATCH,
        nudge: () => relay.nudge(),
        logger,
      }),
    })
  },
})
