import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import type { SellerProfile } from './seller.ts'
import { changedFields, isStale, judgeUpdate, parseUpdatableFields, UPDATABLE_FIELDS } from './seller-updates.ts'

const seller: SellerProfile = {
  gscSellerId: 'SC1',
  legalName: 'Comercial Ejemplo SpA',
  taxId: '12345678-5',
  email: 'pagos@example.com',
  phone: null,
  operationType: 'local',
  type: '3P',
  status: 'active',
  countries: [
    { country: 'cl', currency: currency('CLP'), enabled: true },
    { country: 'pe', currency: currency('PEN'), enabled: true },
  ],
  fpayId: null,
  payoneerPayeeId: null,
}
const CONFIGURED = parseUpdatableFields('legalName,email,countries')

test('a new seller with a valid tax id is taken in, and NetSuite is told', () => {
  expect(judgeUpdate(undefined, seller, [])).toMatchObject({ kind: 'changed', tellErp: true })
})

test('a new seller whose tax id fails its check is refused, and the reason does not repeat the id', () => {
  expect(judgeUpdate(undefined, { ...seller, taxId: '98765432-1' }, CONFIGURED)).toEqual({
    kind: 'refused',
    alert: 'tax_id_invalid',
    problem: 'expected a RUT like 12345678-5; its check digit does not fit',
  })
})

test('a changed tax id refuses the whole update, whatever else it brings', () => {
  const update = { ...seller, taxId: '96806980-2', fpayId: 'FP-9', legalName: 'Another' }
  expect(judgeUpdate(seller, update, CONFIGURED)).toEqual({ kind: 'refused', alert: 'tax_id_changed' })
})

test('another spelling of the tax id is no change, and neither is another first country', () => {
  const reordered = { ...seller, taxId: '12.345.678-5', countries: seller.countries.toReversed() }
  expect(judgeUpdate(seller, { ...seller, taxId: '12.345.678-5' }, CONFIGURED)).toEqual({ kind: 'unchanged' })
  expect(judgeUpdate(seller, reordered, CONFIGURED)).toMatchObject({ kind: 'changed', changed: ['countries'] })
})

test('only the configured fields go to NetSuite', () => {
  expect(judgeUpdate(seller, { ...seller, phone: '+56 2 2345' }, CONFIGURED)).toMatchObject({ tellErp: false })
  expect(judgeUpdate(seller, { ...seller, email: null }, CONFIGURED)).toMatchObject({ tellErp: true })
  expect(judgeUpdate(seller, { ...seller, email: null }, [])).toMatchObject({ changed: ['email'], tellErp: false })
})

test('the bank id that arrives later lets blocked balances go on', () => {
  expect(judgeUpdate(seller, { ...seller, fpayId: 'FP-1' }, CONFIGURED)).toEqual({
    kind: 'changed',
    changed: ['fpayId'],
    tellErp: false,
    unblocks: true,
  })
  expect(judgeUpdate(seller, { ...seller, email: null }, CONFIGURED)).toMatchObject({ unblocks: false })
})

test('exactly the fields that differ are named', () => {
  const other: SellerProfile = {
    ...seller,
    legalName: 'B',
    email: 'b@example.com',
    phone: '1',
    operationType: 'international',
    type: '1P',
    status: 'closed',
    countries: seller.countries.map((each) => ({ ...each, enabled: false })),
    fpayId: 'FP-1',
    payoneerPayeeId: 'P-1',
  }
  fc.assert(
    fc.property(fc.subarray([...UPDATABLE_FIELDS]), (fields) => {
      const update = { ...seller, ...Object.fromEntries(fields.map((field) => [field, other[field]])) }
      expect(changedFields(seller, update)).toEqual(fields)
      expect(changedFields(update, update)).toEqual([])
    }),
  )
})

test('the configured list is read leniently, and a wrong name is told with the right ones', () => {
  expect(parseUpdatableFields(' email , legalName,,email')).toEqual(['legalName', 'email'])
  expect(parseUpdatableFields('')).toEqual([])
  expect(() => parseUpdatableFields('email,taxId,colour')).toThrow('taxId, colour: no fields of a seller')
})

const at = (ms: number) => new Date(Date.UTC(2026, 10, 20) + ms)

test('an event that was overtaken or repeated changes nothing', () => {
  const last = { sequence: 17n, eventTime: at(1000) }
  expect(isStale({ sequence: 17n, eventTime: at(1000) }, last)).toBe(true)
  expect(isStale({ sequence: 16n, eventTime: at(9000) }, last)).toBe(true)
  expect(isStale({ sequence: 18n, eventTime: at(0) }, last)).toBe(false)
  expect(isStale({ sequence: 1n, eventTime: at(0) }, undefined)).toBe(false)
})

test('without sequences times decide, and the same instant is read once more', () => {
  const last = { sequence: null, eventTime: at(1000) }
  expect([999, 1000, 1001].map((ms) => isStale({ sequence: 5n, eventTime: at(ms) }, last))).toEqual([
    true,
    false,
    false,
  ])
})

test('in whatever order events come, the newest stands at the end', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.bigInt({ min: 1n, max: 50n }), { minLength: 1 }), (sequences) => {
      let last: { sequence: bigint; eventTime: Date } | undefined
      for (const sequence of [...sequences, ...sequences]) {
        const event = { sequence, eventTime: at(0) }
        if (!isStale(event, last)) last = event
      }
      expect(last?.sequence).toBe(sequences.toSorted((a, b) => Number(a - b)).at(-1))
    }),
  )
})
