import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = { DATABASE_URL: 'postgresql://remesa@localhost/remesa', PUBSUB_PROJECT_ID: 'remesa' }

test('by default a pay-day begins at six in Chile, transfers are looked for every five minutes, and the audit log is sealed every minute', () => {
  expect(readConfig(right)).toMatchObject({
    BUSINESS_TIME_ZONE: 'America/Santiago',
    PAYMENT_RESET_CRON: '0 6 * * *',
    PAYOUT_SCHEDULER_CRON: '*/5 * * * *',
    BALANCE_SWEEP_CRON: '*/5 * * * *',
    AUDIT_SEAL_CRON: '* * * * *',
    HOUSEKEEPING_CRON: '30 3 * * *',
  })
})

test.each(['at six', '0 6 * *', '0 0 6 * * *', '0 25 * * *', '0 6 30 2 *'])(
  'the schedule %j, which never comes or is none, stops the boot',
  (PAYMENT_RESET_CRON) => {
    expect(() => readConfig({ ...right, PAYMENT_RESET_CRON })).toThrow(
      'PAYMENT_RESET_CRON is not right (expected a cron expression of five fields that comes some time)',
    )
  },
)

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() =>
    readConfig({ BUSINESS_TIME_ZONE: 'Chile/Santiago', AUDIT_SEAL_CRON: '-', SCHEDULER_POLL_MS: '0' }),
  ).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'BUSINESS_TIME_ZONE is not right (expected an IANA time zone); ' +
      'AUDIT_SEAL_CRON is not right (expected a cron expression of five fields that comes some time); ' +
      'SCHEDULER_POLL_MS is not right (expected a whole number from 100 to 60000)',
  )
})
