import { certifyRail } from '@remesa/sandbox/certify'
import { fpayHarness } from '@remesa/sandbox/certify-fpay'
import { verifyFPayCallback } from '../src/callback.ts'
import { createFPayRail } from '../src/fpay-client.ts'

certifyRail(
  'FPay',
  fpayHarness({
    makeRail: (parts) => createFPayRail({ ...parts, maxConcurrent: 8 }),
    verifyCallback({ headers, rawBody }, { secret, now }) {
      const signatureHeader = headers['x-fpay-signature']?.toString()
      const event = verifyFPayCallback({ rawBody, signatureHeader, secrets: [secret], now })
      return 'refused' in event ? undefined : event.payoutId
    },
  }),
)
