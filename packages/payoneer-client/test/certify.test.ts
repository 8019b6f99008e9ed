import { certifyRail } from '@remesa/sandbox/certify'
import { payoneerHarness } from '@remesa/sandbox/certify-payoneer'
import { SANDBOX_CODES } from '@remesa/sandbox/payoneer-codes'
import { verifyPayoneerCallback } from '../src/callback.ts'
import { createPayoneerRail } from '../src/payoneer-client.ts'

certifyRail(
  'Payoneer',
  payoneerHarness({
    makeRail: (parts) =>
      createPayoneerRail({
        ...parts,
        maxConcurrent: 8,
        reasonCategories: { [SANDBOX_CODES.insufficientFunds]: 'funding' },
      }),
    verifyCallback({ method, url, headers, rawBody }, { secret, now }) {
      const event = verifyPayoneerCallback({
        method,
        url,
        rawBody,
        authorizationHeader: headers.authorization,
        secret,
        now,
      })
      return 'reference' in event ? event.reference : undefined
    },
  }),
)
