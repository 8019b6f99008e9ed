import { gscOptions } from '@remesa/gsc-client/environment'
import { createGscClient } from '@remesa/gsc-client/gsc-client'
import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { netsuiteOptions } from '@remesa/netsuite-client/environment'
import { createNetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { runService } from '@remesa/service-kit/run-service'
import { applySellerEvents } from './apply-seller-events.ts'
import { readConfig } from './config.ts'
import { syncVendors } from './sync-vendors.ts'

await runService({
  name: 'seller-profile-sync',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const gsc = createGscClient({ ...gscOptions(config), logger, metrics })
    parts.stopWith('gsc client', () => gsc.close())
    const netsuite = createNetSuiteClient({ ...netsuiteOptions(config), logger, metrics })
    parts.stopWith('netsuite client', () => netsuite.close())
    const { database, work } = await connectWorkerService('seller-profile-sync', parts)
    const random = Math.random
    const updatable = config.SELLER_UPDATABLE_FIELDS
    work({ topic: topics.sellerProfile, handle: applySellerEvents({ database, gsc, updatable, random, logger }) })
    work({ topic: topics.sellerVendorSync, handle: syncVendors({ database, netsuite, updatable, random, logger }) })
  },
})
