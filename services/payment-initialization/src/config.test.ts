import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = { DATABASE_URL: 'postgresql://remesa@localhost/remesa', PUBSUB_PROJECT_ID: 'remesa' }

test('the business day is Chile’s unless another zone is named', () => {
  expect(readConfig(right)).toMatchObject({ BUSINESS_TIME_ZONE: 'America/Santiago', INITIALIZATION_BATCH: 500 })
  expect(readConfig({ ...right, BUSINESS_TIME_ZONE: 'America/Lima' }).BUSINESS_TIME_ZONE).toBe('America/Lima')
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() => readConfig({ BUSINESS_TIME_ZONE: 'America/Valparaiso', INITIALIZATION_BATCH: '0' })).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'BUSINESS_TIME_ZONE is not right (expected an IANA time zone); ' +
      'INITIALIZATION_BATCH is not right (expected a whole number from 1 to 10000)',
  )
})
