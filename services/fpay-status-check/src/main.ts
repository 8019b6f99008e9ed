import { RETURN_WATCH_MS } from '@remesa/domain/payment-polling'
import { gscOptions } from '@remesa/gsc-client/environment'
import { createGscClient } from '@remesa/gsc-client/gsc-client'
import { topics } from '@remesa/messaging/catalogue'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { netsuiteOptions } from '@remesa/netsuite-client/environment'
import { createNetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { createRails, patienceOf } from '@remesa/rails/rails'
import { runService } from '@remesa/service-kit/run-service'
import { applyBankEvents } from './apply-bank-events.ts'
import { checkPayments, looker, statusRecorder } from './check-payments.ts'
import { readConfig } from './config.ts'
import { reportPayments } from './report-payments.ts'

await runService({
  name: 'fpay-status-check',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const { rails, close } = createRails(config, parts)
    parts.stopWith('rails', close)
    const netsuite = createNetSuiteClient({ ...netsuiteOptions(config), logger, metrics })
    parts.stopWith('netsuite client', () => netsuite.close())
    const gsc = createGscClient({ ...gscOptions(config), logger, metrics })
    parts.stopWith('gsc client', () => gsc.close())
    const { database, work } = await connectWorkerService('fpay-status-check', parts)

    const status = {
      database,
      rails,
      patience: patienceOf(config),
      pollScheduleMs: config.PAYMENT_POLL_SCHEDULE_MS,
      watchScheduleMs: RETURN_WATCH_MS,
      pendingLimits: {
        alertAfterMs: config.PAYMENT_PENDING_ALERT_MS,
        handOverAfterMs: config.PAYMENT_PENDING_HAND_OVER_MS,
      },
      now: () => new Date(),
      random: Math.random,
      logger,
    }
    const record = statusRecorder(status)
    const look = looker(status, record)
    const report = reportPayments({
      database,
      netsuite,
      gsc,
      timeZone: config.BUSINESS_TIME_ZONE,
      leaseMs: config.PAYMENT_REPORT_LEASE_MS,
      now: () => new Date(),
      random: Math.random,
      logger,
    })
    work({
      topic: topics.checkFpayPaymentStatus,
      maxBatch: 50,
      concurrentBatches: 4,
      handle: checkPayments(status, { look, report }),
    })
    work({
      topic: topics.bankPaymentEvent,
      maxBatch: 50,
      concurrentBatches: 4,
      handle: applyBankEvents(status, { look, record, report }),
    })
  },
})
