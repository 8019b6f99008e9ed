import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { netsuiteOptions } from '@remesa/netsuite-client/environment'
import { createNetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { matchClosings } from './match-closings.ts'
import { retrieveBalances } from './retrieve-balances.ts'
import { sweepLateDocuments } from './sweep-late-documents.ts'

await runService({
  name: 'balance-retrieval',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const netsuite = createNetSuiteClient({ ...netsuiteOptions(config), logger, metrics })
    parts.stopWith('netsuite client', () => netsuite.close())
    const now = () => new Date()
    const { database, work } = await connectWorkerService('balance-retrieval', parts)
    work({
      topic: topics.balanceDataRetrieval,
      maxBatch: config.RETRIEVAL_BATCH,
      lingerMs: config.RETRIEVAL_LINGER_MS,
      concurrentBatches: 2,
      handle: retrieveBalances({ database, netsuite, now, random: Math.random, logger }),
    })
    work({
      topic: topics.lateDocumentSweep,
      handle: sweepLateDocuments({
        ...{ database, netsuite, now, random: Math.random, logger },
        days: config.LATE_DOCUMENT_DAYS,
        overlapMs: config.LATE_DOCUMENT_OVERLAP_MS,
      }),
    })
    work({ topic: topics.sellerClosing, maxBatch: 200, handle: matchClosings({ database, logger }) })
  },
})
