import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

test('a query takes a thousand entities, two to a balance: no batch may be larger than 500', () => {
  const right = {
    DATABASE_URL: 'postgresql://remesa@localhost/remesa',
    PUBSUB_PROJECT_ID: 'remesa',
    NETSUITE_BASE_URL: 'https://1234567.suitetalk.api.netsuite.com',
    NETSUITE_ACCOUNT_ID: '1234567',
  }
  expect(readConfig(right)).toMatchObject({ RETRIEVAL_BATCH: 500, RETRIEVAL_LINGER_MS: 250 })
  expect(() => readConfig({ ...right, RETRIEVAL_BATCH: '501' })).toThrow(
    'RETRIEVAL_BATCH is not right (expected a whole number from 1 to 500)',
  )
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() =>
    readConfig({ NETSUITE_BASE_URL: '1234567', NETSUITE_AUTH: 'basic', RETRIEVAL_LINGER_MS: 'soon' }),
  ).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'NETSUITE_BASE_URL is not right (expected an http:// or https:// URL); ' +
      'NETSUITE_ACCOUNT_ID is not set (expected an account id such as 1234567_SB1); ' +
      'NETSUITE_AUTH is not right (expected one of "oauth2"|"tba"); ' +
      'RETRIEVAL_LINGER_MS is not right (expected a whole number from 0 to 10000)',
  )
})
