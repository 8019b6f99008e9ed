import { parseUpdatableFields, UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { gscEnvironment } from '@remesa/gsc-client/environment'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { netsuiteEnvironment } from '@remesa/netsuite-client/environment'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { z } from 'zod'

const fields = z
  .string()
  .transform((text, context) => {
    try {
      return parseUpdatableFields(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'no such field' })
      return z.NEVER
    }
  })
  .describe(`expected some of ${UPDATABLE_FIELDS.join(', ')}, separated by commas`)

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z.object({
      ...workerEnvironment,
      ...gscEnvironment,
      ...netsuiteEnvironment,
      /** The fields of a seller that go to NetSuite when they change. */
      SELLER_UPDATABLE_FIELDS: fields.default([...UPDATABLE_FIELDS]),
    }),
  )
