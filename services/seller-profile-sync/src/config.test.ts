import { expect, test } from '@jest/globals'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  GSC_BASE_URL: 'https://gsc.example.com',
  GSC_TOKEN: 'token',
  NETSUITE_BASE_URL: 'https://1234567.suitetalk.api.netsuite.com',
  NETSUITE_ACCOUNT_ID: '1234567',
}

test('every field goes to NetSuite unless a list says which', () => {
  expect(readConfig(right).SELLER_UPDATABLE_FIELDS).toEqual(UPDATABLE_FIELDS)
  const some = readConfig({ ...right, SELLER_UPDATABLE_FIELDS: 'fpayId, legalName' })
  expect(some.SELLER_UPDATABLE_FIELDS).toEqual(['legalName', 'fpayId'])
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() => readConfig({ GSC_BASE_URL: 'gsc', SELLER_UPDATABLE_FIELDS: 'taxId' })).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'GSC_BASE_URL is not right (expected an http:// or https:// URL); ' +
      'GSC_TOKEN is not set (expected a secret); ' +
      'NETSUITE_BASE_URL is not set (expected an http:// or https:// URL); ' +
      'NETSUITE_ACCOUNT_ID is not set (expected an account id such as 1234567_SB1); ' +
      `SELLER_UPDATABLE_FIELDS is not right (expected some of ${UPDATABLE_FIELDS.join(', ')}, separated by commas)`,
  )
})
