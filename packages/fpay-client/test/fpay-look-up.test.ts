import { expect, test } from '@jest/globals'
import type { PaymentInstruction } from '@remesa/domain/rail'
import type { Reply } from '@remesa/provider-http/testing/answering'
import { instruction, payout, railAnswered, refused, rejected, second } from './rail.ts'

const madeWith = (idempotencyKey: string) => ({ metadata: { idempotencyKey } })
const earlier = { ...rejected, payoutId: 'fpo_0', createdAt: '2026-11-20T08:00:00.000Z' }
test.each<[string, PaymentInstruction, object[], unknown]>([
  ['none: not found', instruction, [], 'not-found'],
  [
    'one that is live: this payment, whoever began it',
    second,
    [earlier, payout],
    { reference: 'fpo_1', status: { state: 'pending' } },
  ],
  ['a refused one of the first generation, for the second: not found', second, [earlier], 'not-found'],
  [
    'a refused one, for the first: refused',
    instruction,
    [earlier],
    { reference: 'fpo_0', status: { state: 'rejected' } },
  ],
  [
    'two refused ones, in any order: each generation its own',
    second,
    [{ ...rejected }, earlier],
    { reference: 'fpo_1' },
  ],
  [
    'one made with our key, whatever stands beside it',
    second,
    [{ ...earlier, ...madeWith('seller-balance:7b1e:g2') }, rejected],
    { reference: 'fpo_0' },
  ],
  ['only ones made with other keys: not found', instruction, [{ ...rejected, ...madeWith('another') }], 'not-found'],
  [
    'a live one of another amount: for a person',
    instruction,
    [{ ...payout, amount: { value: '1', currency: 'CLP' } }],
    { kind: 'unknown', reason: 'mismatch' },
  ],
])('a look-up that shows %s', async (_, asked, payouts, found) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: { payouts } }))
  const outcome = await rail.find(asked)
  if (typeof found === 'string') expect(outcome).toBe(found)
  else expect(outcome).toMatchObject(found as object)
  expect(calls()[0]?.target).toBe('/v1/payouts?externalReference=7b1e')
})

test.each<[string, Reply]>([
  ['an empty list', { status: 200, body: '[]' }],
  ['nothing', { status: 200, body: '' }],
  ['no content', { status: 204, body: '' }],
  ['a 404', { status: 404, body: refused('NOT_FOUND') }],
  ['a 500', { status: 500 }],
])('a look-up answered with %s that is not FPay’s is never taken for "not found"', async (_, reply) => {
  const { rail } = await railAnswered(() => reply)
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown' })
})

test.each<[object, unknown]>([
  [{ status: 'PENDING' }, { state: 'pending' }],
  [{ status: 'PROCESSING' }, { state: 'pending' }],
  [{ status: 'ADDED_LATER' }, { state: 'pending' }],
  [{ status: 'PAID' }, { state: 'paid', paidAt: new Date('2026-11-21T12:00:00Z') }],
  [
    { status: 'PAID', updatedAt: '2026-11-20T11:00:00-03:00' },
    { state: 'paid', paidAt: new Date('2026-11-20T14:00:00Z') },
  ],
  [
    { status: 'REVERSED', reason: { code: 'ACCOUNT_CLOSED' } },
    { state: 'reversed', reason: 'ACCOUNT_CLOSED' },
  ],
  ...(
    [
      ['INSUFFICIENT_FUNDS', 'funding'],
      ['DAILY_LIMIT_EXCEEDED', 'funding'],
      ['BANK_UNAVAILABLE', 'transient'],
      ['HOLDER_MISMATCH', 'beneficiary'],
      ['CURRENCY_NOT_SUPPORTED', 'request'],
      ['SANCTIONS_HIT', 'compliance'],
      ['toString', 'unknown'],
    ] as const
  ).map(([code, category]): [object, unknown] => [
    { status: 'REJECTED', reason: { code, message: 'for people', category: 'TRANSIENT' } },
    { state: 'rejected', reason: code, category },
  ]),
])('a payout %j stands at %j', async (fields, status) => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: { ...payout, ...fields } }))
  expect(await rail.status('fpo/1')).toEqual(status)
  expect(calls()[0]?.target).toBe('/v1/payouts/fpo%2F1')
})

test.each([
  [
    { status: 500, body: '' },
    { kind: 'unavailable', status: 500 },
  ],
  [
    { status: 404, body: refused('PAYOUT_NOT_FOUND') },
    { kind: 'refused', code: 'PAYOUT_NOT_FOUND' },
  ],
  [{ status: 200, body: '{}' }, { kind: 'garbled' }],
  [
    { status: 401, body: '' },
    { kind: 'unavailable', credentials: true },
  ],
])('a status answered with %j throws a ProviderError', async (reply, error) => {
  const { rail } = await railAnswered(() => reply)
  await expect(rail.status('fpo_1')).rejects.toMatchObject({ name: 'ProviderError', ...error })
})
