import { expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import type { PaymentInstruction, PaymentOutcome, Rail } from '@remesa/domain/rail'
import { callRail } from '../src/call-rail.ts'

const now = new Date('2026-11-20T10:00:00Z')
const facts = { status: 400 }
const refused: PaymentOutcome = { kind: 'declined_for_good', reason: 'account_closed', facts }
const made: PaymentOutcome = { kind: 'accepted', reference: 'tr_1', status: { state: 'paid', paidAt: now }, facts }
const instruction: PaymentInstruction = {
  payableId: 'transfer-1',
  idempotencyKey: 'payout:transfer-1',
  generation: 1,
  money: { amount: 100n, currency: currency('USD') },
  destination: 'acct_1',
  description: 'Contest 1',
  payeeId: 'user-1',
}
const attempt = {
  instruction,
  calls: 1,
  firstCalledAt: now,
  expiresAt: new Date(now.getTime() + 1_000),
  superseded: false,
}

/** A provider that refuses for good, whatever it has made before. */
function aRail(found: PaymentOutcome | 'not-found') {
  const asked: string[] = []
  const rail: Rail = {
    name: 'stripe',
    contract: {
      keyLifetime: Temporal.Duration.from({ hours: 24 }),
      replaysRefusals: true,
      settles: 'at-once',
      reversible: true,
      lookUp: 'by-group',
    },
    async pay() {
      asked.push('pay')
      return refused
    },
    async find() {
      asked.push('find')
      return found
    },
    async status() {
      return { state: 'pending' }
    },
  }
  return { rail, asked }
}

test('a refusal for good of the first call is believed', async () => {
  const { rail, asked } = aRail('not-found')
  expect(await callRail(rail, attempt, now)).toBe(refused)
  expect(asked).toEqual(['pay'])
})

test.each([
  ['a payment that an earlier call made, whose reply was lost, is found behind a later refusal', made, made],
  ['a refusal for good of a later call is believed once a look-up found nothing', 'not-found' as const, refused],
  [
    'while the look-up brings no answer, it may be paid',
    { kind: 'unknown', reason: 'no_answer', facts } as const,
    { kind: 'unknown', reason: 'no_answer', facts } as const,
  ],
])('%s', async (_, found, outcome) => {
  const { rail, asked } = aRail(found)
  expect(await callRail(rail, { ...attempt, calls: 2 }, now)).toEqual(outcome)
  expect(asked).toEqual(['pay', 'find'])
})

test('a worker that was frozen past the end of its lease calls nobody', async () => {
  const { rail, asked } = aRail('not-found')
  expect(await callRail(rail, attempt, attempt.expiresAt)).toBeUndefined()
  expect(await callRail(rail, { ...attempt, superseded: true }, attempt.expiresAt)).toBeUndefined()
  expect(asked).toEqual([])
})
