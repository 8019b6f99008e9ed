import { workerEnvironment } from '@remesa/messaging/worker-service'
import { netsuiteEnvironment } from '@remesa/netsuite-client/environment'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      ...netsuiteEnvironment,
      /** Balances asked about in one query: two NetSuite entities each, and a query takes a thousand. */
      RETRIEVAL_BATCH: wholeNumber({ from: 1, to: 500 }).default(500),
      /** How long a balance may wait for its batch to fill. */
      RETRIEVAL_LINGER_MS: wholeNumber({ from: 0, to: 10_000 }).default(250),
      /** How many days back a document that came or changed late may be dated: a month's books are closed within it. */
      LATE_DOCUMENT_DAYS: wholeNumber({ from: 1, to: 366 }).default(35),
      /** So long before the last sweep began, changes are asked for again. */
      LATE_DOCUMENT_OVERLAP_MS: wholeNumber({ from: 60_000, to: 7 * 86_400_000 }).default(3_600_000),
    }),
  )
