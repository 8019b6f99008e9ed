import { openDatabase } from '@remesa/database/connection'
import { createLogger } from '@remesa/service-kit/logger'
import { createMetrics } from '@remesa/service-kit/metrics'
import { createPubSub } from '../src/pubsub.ts'
import { startRelay } from '../src/relay.ts'
import { startWorker } from '../src/worker.ts'
import { loose } from './topics.ts'

/** A worker that takes messages and never answers, until its process is killed: `stuck-worker.ts <emulator> <database>`. */
const [, , emulatorHost, url = ''] = process.argv
const database = openDatabase({ url, poolSize: 2, applicationName: 'stuck-worker', onIdleError: () => {} })
const pubsub = createPubSub({ projectId: 'test', emulatorHost })
const logger = createLogger({ service: 'stuck-worker', level: 'fatal' })
const metrics = createMetrics({ service: 'stuck-worker' })
const relay = startRelay({ database, pubsub, logger, metrics })
startWorker({
  ...{ database, pubsub, logger, metrics, relay, topic: loose, maxBatch: 4 },
  handle: () => {
    process.send?.('began')
    return new Promise(() => {})
  },
})
