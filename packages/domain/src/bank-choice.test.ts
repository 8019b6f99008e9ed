import { expect, test } from '@jest/globals'
import { chooseRail } from './bank-choice.ts'
import { currency } from './currency.ts'

const CLP = { currency: currency('CLP') }
const USD = { currency: currency('USD') }
const local = { operationType: 'local', status: 'active', fpayId: 'FP-1', payoneerPayeeId: null } as const
const international = {
  operationType: 'international',
  status: 'active',
  fpayId: null,
  payoneerPayeeId: 'P-1',
} as const

test('a local seller is paid through FPay, in whatever currency it is owed', () => {
  expect(chooseRail(local, CLP)).toEqual({ rail: 'fpay', destination: 'FP-1' })
  expect(chooseRail(local, USD)).toEqual({ rail: 'fpay', destination: 'FP-1' })
})

test('an international seller is paid through Payoneer, in USD and nothing else', () => {
  expect(chooseRail(international, USD)).toEqual({ rail: 'payoneer', destination: 'P-1' })
  expect(chooseRail(international, CLP)).toEqual({ blocked: 'rail_currency' })
})

test('without the id of its own rail nobody is paid, whatever other id there is', () => {
  expect(chooseRail({ ...local, fpayId: null, payoneerPayeeId: 'P-1' }, CLP)).toEqual({ blocked: 'bank_id_missing' })
  expect(chooseRail({ ...local, fpayId: '  ' }, CLP)).toEqual({ blocked: 'bank_id_missing' })
  expect(chooseRail({ ...international, payoneerPayeeId: null, fpayId: 'FP-1' }, USD)).toEqual({
    blocked: 'bank_id_missing',
  })
})

test('a closed seller waits for a person; a suspended one is paid what it is owed', () => {
  expect(chooseRail({ ...local, status: 'closed' }, CLP)).toEqual({ blocked: 'seller_closed' })
  expect(chooseRail({ ...local, status: 'suspended' }, CLP)).toEqual({ rail: 'fpay', destination: 'FP-1' })
})
