import { expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { startStripe } from '@remesa/sandbox/stripe'
import { createStripeRail } from '../src/stripe-rail.ts'
import { apiBaseOf, instruction as paying, railAnswered, refusal, running, transfer } from './rail.ts'

const reversing: PaymentInstruction = {
  payableId: 'c8d1',
  idempotencyKey: 'reversal:c8d1',
  generation: 1,
  money: money(50_000n, 'USD'),
  destination: 'tr_1A',
  description: 'Refund of booking 17',
  payeeId: 'provider-9',
}

const reversal = {
  id: 'trr_1A',
  object: 'transfer_reversal',
  amount: 50_000,
  balance_transaction: 'txn_2A',
  created: 1_795_242_756,
  currency: 'usd',
  destination_payment_refund: 'pyr_1A',
  metadata: { reversal_id: 'c8d1', payee_id: 'provider-9', generation: '1' } as Record<string, string>,
  source_refund: null,
  transfer: 'tr_1A',
}
const list = (data: object[], more = {}) => ({ object: 'list', url: '/v1/x', has_more: false, data, ...more })
const mismatch = { kind: 'unknown', reason: 'mismatch' }

test('a reversal is sent once, in Stripe’s words, under its key, and accepted', async () => {
  const { rail, calls } = await railAnswered(() => ({
    status: 200,
    headers: { 'request-id': 'req_1' },
    body: reversal,
  }))
  expect(await rail.reversals.pay(reversing)).toEqual({
    kind: 'accepted',
    reference: 'trr_1A',
    status: { state: 'paid', paidAt: new Date(1_795_242_756_000) },
    facts: { status: 200, requestId: 'req_1' },
  })
  expect(calls).toMatchObject([
    { method: 'POST', target: '/v1/transfers/tr_1A/reversals', headers: { 'idempotency-key': 'reversal:c8d1' } },
  ])
  expect(Object.fromEntries(new URLSearchParams(calls[0]?.body))).toEqual({
    amount: '50000',
    description: 'Refund of booking 17',
    'metadata[reversal_id]': 'c8d1',
    'metadata[payee_id]': 'provider-9',
    'metadata[generation]': '1',
  })
})

test.each([
  ['of another transfer', { transfer: 'tr_2' }],
  ['of other money', { amount: 49_999 }],
  ['in another currency', { currency: 'eur' }],
  ['of somebody else’s making', { metadata: {} }],
])('an answer that shows a reversal %s is a mismatch for a person', async (_, changes) => {
  const { rail } = await railAnswered(() => ({ status: 200, body: { ...reversal, ...changes } }))
  expect(await rail.reversals.pay(reversing)).toMatchObject(mismatch)
})

test('an amount that Stripe cannot say is refused for good, and not sent', async () => {
  const { rail, calls } = await railAnswered(() => ({ status: 200, body: reversal }))
  expect(await rail.reversals.pay({ ...reversing, money: money(1_001n, 'KWD') })).toMatchObject({
    kind: 'declined_for_good',
    reason: 'amount_not_payable',
  })
  expect(calls).toHaveLength(0)
})

const noBalance = { status: 400, body: refusal('invalid_request_error', 'balance_insufficient') }
const tooMuch = { status: 400, body: refusal('invalid_request_error', undefined, { param: 'amount' }) }
test.each<[string, object, object]>([
  [
    'a balance that does not cover it is a want of funds, and its key is spent',
    noBalance,
    { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true },
  ],
  [
    'haste is refused before the work',
    { status: 429, body: refusal('rate_limit_error', 'rate_limit') },
    { keyIsSpent: false },
  ],
  ['our own key is at fault', { status: 401, body: refusal('invalid_request_error') }, { reason: 'credentials' }],
  ['an error of Stripe’s own tells nothing', { status: 500, body: refusal('api_error') }, { reason: 'server_error' }],
  ['a key in use is in progress', { status: 409, body: refusal('idempotency_error') }, { reason: 'in_progress' }],
  ['the key with other parameters is a mismatch', { status: 400, body: refusal('idempotency_error') }, mismatch],
  [
    'a transfer that Stripe does not have is a mismatch',
    { status: 404, body: refusal('invalid_request_error', 'resource_missing') },
    mismatch,
  ],
  ['an answer without sense is garbled', { status: 200, body: { id: 'trr_1' } }, { reason: 'garbled' }],
])('%s, and no second question is asked', async (_, reply, outcome) => {
  const { rail, calls } = await railAnswered(() => reply as { status: number })
  expect(await rail.reversals.pay(reversing)).toMatchObject(outcome)
  expect(calls).toHaveLength(1)
})

/** Answers a refused reversal with the transfer as it stands, and its reversals. */
const refusedWith = (shown: object | number, reversals: object[] | number) =>
  railAnswered(({ method, target }) => {
    if (method === 'POST') return tooMuch
    const answer = target.includes('/reversals') ? reversals : shown
    if (typeof answer === 'number') return { status: answer, body: refusal('api_error') }
    return { status: 200, body: Array.isArray(answer) ? list(answer) : answer }
  })

test('a refusal is for good where the transfer still holds the money', async () => {
  const { rail } = await refusedWith({ ...transfer, amount_reversed: 75_000 }, [])
  expect(await rail.reversals.pay(reversing)).toMatchObject({
    kind: 'declined_for_good',
    reason: 'invalid_request_error',
  })
})

test.each<[string, object | number, object[] | number, object]>([
  [
    'it was taken back otherwise: a mismatch for a person',
    { ...transfer, amount_reversed: 75_001 },
    [{ ...reversal, metadata: {} }],
    mismatch,
  ],
  [
    'ours took it back: accepted',
    { ...transfer, amount_reversed: 125_000, reversed: true },
    [reversal],
    { kind: 'accepted', reference: 'trr_1A' },
  ],
  ['the transfer cannot be read: unknown', 500, [reversal], { kind: 'unknown', reason: 'server_error' }],
  ['its reversals cannot be read: unknown', { ...transfer, amount_reversed: 125_000 }, 503, { kind: 'unknown' }],
  ['the transfer makes no sense: unknown', { id: 'tr_1A' }, [], { kind: 'unknown', reason: 'garbled' }],
])('a refusal where less is left than is asked for, and %s', async (_, shown, reversals, outcome) => {
  const { rail } = await refusedWith(shown, reversals)
  expect(await rail.reversals.pay(reversing)).toMatchObject(outcome)
})

test.each<[string, object[], unknown]>([
  ['none: not found', [], 'not-found'],
  ['others only: not found', [{ ...reversal, metadata: { reversal_id: 'other' } }], 'not-found'],
  [
    'one: this reversal, whichever generation made it',
    [{ ...reversal, id: 'trr_9' }],
    { kind: 'accepted', reference: 'trr_9' },
  ],
  ['two with our id: a mismatch', [reversal, { ...reversal, id: 'trr_2' }], mismatch],
  ['one of other money: a mismatch', [{ ...reversal, amount: 1 }], mismatch],
])('a look-up that shows %s', async (_, data, outcome) => {
  const { rail } = await railAnswered(() => ({ status: 200, body: list(data) }))
  const found = await rail.reversals.find({ ...reversing, idempotencyKey: 'reversal:c8d1:g2', generation: 2 })
  if (typeof outcome === 'string') expect(found).toBe(outcome)
  else expect(found).toMatchObject(outcome as object)
})

test.each([
  ['an error', { status: 500, body: refusal('api_error') }, 'server_error'],
  ['nonsense', { status: 200, body: { object: 'list' } }, 'garbled'],
  ['more of nothing', { status: 200, body: list([], { has_more: true }) }, 'garbled'],
  ['no such transfer', { status: 404, body: refusal('invalid_request_error', 'resource_missing') }, 'garbled'],
  ['our key refused', { status: 401, body: refusal('invalid_request_error') }, 'credentials'],
])('a look-up answered with %s is unknown, never "not found"', async (_, reply, reason) => {
  const { rail } = await railAnswered(() => reply)
  expect(await rail.reversals.find(reversing)).toMatchObject({ kind: 'unknown', reason })
})

test('when a reversal was made is told by what it moved, and one that moved nothing is no reversal', async () => {
  const { rail, calls } = await railAnswered(({ target }) => ({
    status: 200,
    body: list(target.includes('trr_1A') ? [{ id: 'txn_2A', source: 'trr_1A', created: 1_795_242_756 }] : []),
  }))
  expect(await rail.reversals.status('trr_1A')).toEqual({ state: 'paid', paidAt: new Date(1_795_242_756_000) })
  expect(calls[0]?.target).toBe('/v1/balance_transactions?source=trr_1A&limit=1')
  await expect(rail.reversals.status('trr_2')).rejects.toMatchObject({ provider: 'stripe', kind: 'garbled' })
})

/** The sandbox, and a transfer of $1,250.00 that was made. */
async function startSandbox() {
  const stripe = await startStripe()
  const rail = createStripeRail({
    secretKey: stripe.credentials.apiKey,
    apiBase: apiBaseOf(stripe.url),
    timeoutMs: 2_000,
    rate: { perSecond: 10_000, concurrent: 20 },
  })
  running.push({ close: () => stripe.stop() }, rail)
  const made = await rail.pay(paying)
  if (made.kind !== 'accepted') throw new Error(`the transfer is ${made.kind}`)
  let reversals = 0
  const part = (amount: bigint): PaymentInstruction => {
    reversals += 1
    const payableId = `part-${reversals}`
    return {
      ...reversing,
      payableId,
      idempotencyKey: `reversal:${payableId}`,
      money: money(amount, 'USD'),
      destination: made.reference,
    }
  }
  return { stripe, rail: rail.reversals, part }
}

const ROUTE = 'POST /v1/transfers/:id/reversals'

test('parts are taken back one by one, each once however often it is asked for, and never more than is left', async () => {
  const { stripe, rail, part } = await startSandbox()
  const [first, second] = [part(50_000n), part(75_000n)]
  const [one, other] = await Promise.all([rail.pay(first), rail.pay(second)])
  expect([one, other]).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
  expect(await rail.pay(first)).toMatchObject({
    kind: 'accepted',
    reference: one?.kind === 'accepted' && one.reference,
  })
  expect(await rail.find(second)).toMatchObject({ reference: other?.kind === 'accepted' && other.reference })
  expect(await rail.status(one?.kind === 'accepted' ? one.reference : '')).toMatchObject({ state: 'paid' })
  expect(await rail.pay(part(1n))).toMatchObject(mismatch)
  expect(stripe.reversals().map(({ money: { amount } }) => amount)).toEqual([50_000n, 75_000n])
  expect(stripe.balance(currency('USD'))).toBe(10n ** 13n)
})

test('a reversal whose reply was lost is answered from memory, and found when its key is forgotten', async () => {
  const { stripe, rail, part } = await startSandbox()
  const lost = part(50_000n)
  stripe.faults.script({ kind: 'lost-response', route: ROUTE })
  expect(await rail.pay(lost)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
  expect(await rail.pay(lost)).toMatchObject({ kind: 'accepted' })
  stripe.forgetKeys()
  expect(await rail.find(lost)).toMatchObject({ kind: 'accepted' })
  expect(stripe.reversals()).toHaveLength(1)
})

test('an error that Stripe stores after the work is replayed, and the look-up finds what was done', async () => {
  const { stripe, rail, part } = await startSandbox()
  const stored = part(50_000n)
  stripe.faults.script({ kind: 'stored-error-after', route: ROUTE })
  expect(await rail.pay(stored)).toMatchObject({ kind: 'unknown', reason: 'server_error' })
  expect(await rail.pay(stored)).toMatchObject({ kind: 'unknown', reason: 'replayed_error' })
  expect(await rail.find(stored)).toMatchObject({ kind: 'accepted' })
})

test('what the account has paid out to its bank is not taken back, and the refusal stays under its key', async () => {
  const { stripe, rail, part } = await startSandbox()
  const late = part(50_000n)
  stripe.payOutToBank(paying.destination)
  const refused = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true }
  expect(await rail.pay(late)).toMatchObject(refused)
  expect(await rail.pay(late)).toMatchObject(refused)
  expect(await rail.find(late)).toBe('not-found')
  expect(stripe.reversals()).toEqual([])
})

test('one of more reversals than a page holds is found', async () => {
  const { rail, part } = await startSandbox()
  const first = part(7n)
  await rail.pay(first)
  for (let made = 0; made < 5; made += 1) await Promise.all(Array.from({ length: 20 }, () => rail.pay(part(1n))))
  expect(await rail.find(first)).toMatchObject({ kind: 'accepted' })
})
