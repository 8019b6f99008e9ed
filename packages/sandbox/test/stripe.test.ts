import { afterEach, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import type { StripeOptions } from '../src/stripe/stripe.ts'
import { aTransfer, refusal, stripeWorld } from './stripe-caller.ts'

let world: Awaited<ReturnType<typeof stripeWorld>>
const start = async (options: StripeOptions = {}) => {
  world = await stripeWorld(options)
  return world
}
afterEach(() => world.stripe.stop())

test('a transfer has succeeded when it is made: as Stripe shows it, in the books, off the balance', async () => {
  const { sdk, stripe } = await start({ balance: [money(5_000n, 'USD')] })
  const made = await sdk.transfers.create(aTransfer({ description: 'Prize' }), { idempotencyKey: 'payout:b7c0' })
  const { lastResponse, ...transfer } = made
  expect(transfer).toEqual({
    id: expect.stringMatching(/^tr_/),
    object: 'transfer',
    amount: 1_250,
    amount_reversed: 0,
    balance_transaction: expect.stringMatching(/^txn_/),
    created: Date.parse('2026-11-21T12:00:00Z') / 1_000,
    currency: 'usd',
    description: 'Prize',
    destination: 'acct_1A',
    destination_payment: expect.stringMatching(/^py_/),
    livemode: false,
    metadata: { transfer_id: 'b7c0' },
    reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${made.id}/reversals` },
    reversed: false,
    source_transaction: null,
    source_type: 'card',
    transfer_group: 'b7c0',
  })
  expect(lastResponse).toMatchObject({ requestId: expect.stringMatching(/^req_/), idempotencyKey: 'payout:b7c0' })
  expect(lastResponse.apiVersion).toBe('2026-10-28.endive')
  expect(await sdk.transfers.retrieve(made.id)).toMatchObject(transfer)
  expect(stripe.books.payments()).toEqual([
    expect.objectContaining({ account: 'acct_1A', paymentId: made.id, reference: 'b7c0', money: money(1_250n, 'USD') }),
  ])
  const { available } = await sdk.balance.retrieve()
  expect(available).toEqual([{ amount: 3_750, currency: 'usd', source_types: { card: 3_750 } }])
})

test('each movement of the balance is listed, and names what moved it', async () => {
  const { sdk, stripe } = await start()
  const transfer = await sdk.transfers.create(aTransfer())
  await sdk.transfers.createReversal(transfer.id, { amount: 250 })
  stripe.topUp(money(9_900n, 'USD'))
  const { data } = await sdk.balanceTransactions.list({ limit: 3, expand: ['data.source'] })
  expect(
    data.map(({ amount, net, fee, type, reporting_category }) => [amount, net, fee, type, reporting_category]),
  ).toEqual([
    [9_900, 9_900, 0, 'topup', 'topup'],
    [250, 250, 0, 'transfer_refund', 'transfer_reversal'],
    [-1_250, -1_250, 0, 'transfer', 'transfer'],
  ])
  expect(data[2]?.source).toMatchObject({ object: 'transfer', id: transfer.id })
  const { data: transfers } = await sdk.balanceTransactions.list({ type: 'transfer', currency: 'usd' })
  expect(transfers.map(({ id }) => id)).toEqual([transfer.balance_transaction])
  expect((await sdk.balanceTransactions.retrieve(String(transfer.balance_transaction))).source).toBe(transfer.id)
})

test('every refusal has the status, class, code and parameter that Stripe gives it', async () => {
  const { sdk, stripe } = await start()
  const create = (change: object) => refusal(sdk.transfers.create(aTransfer(change)))
  const invalid = { statusCode: 400, type: 'StripeInvalidRequestError' }
  stripe.setBalance(money(1_000n, 'EUR'))
  const table: [object, object][] = [
    [{ amount: undefined }, { ...invalid, code: 'parameter_missing', param: 'amount' }],
    [{ destination: undefined }, { ...invalid, code: 'parameter_missing', param: 'destination' }],
    [{ amount: 0 }, { ...invalid, code: 'parameter_invalid_integer', param: 'amount' }],
    [{ amount: 12.5 }, { ...invalid, code: 'parameter_invalid_integer', param: 'amount' }],
    [{ amount: -5 }, { ...invalid, code: 'parameter_invalid_integer', param: 'amount' }],
    [{ amount: 1_000_000_000_000 }, { ...invalid, code: 'amount_too_large', param: 'amount' }],
    [{ currency: 'USD' }, { ...invalid, param: 'currency' }],
    [{ currency: 'zzz' }, { ...invalid, param: 'currency' }],
    [{ source_type: 'gold' }, { ...invalid, param: 'source_type' }],
    [{ surprise: 1 }, { ...invalid, code: 'parameter_unknown', param: 'surprise' }],
    [{ expand: ['destination_payment'] }, { ...invalid, param: 'expand' }],
    [{ metadata: { ['k'.repeat(41)]: 'v' } }, { ...invalid, param: 'metadata' }],
    [{ metadata: { k: 'v'.repeat(501) } }, { ...invalid, param: 'metadata' }],
    [{ destination: 'nobody' }, { ...invalid, code: 'resource_missing', param: 'destination' }],
    [{ destination: 'acct_missing1' }, { ...invalid, code: 'resource_missing', param: 'destination' }],
    [{ source_transaction: 'ch_1' }, { ...invalid, code: 'resource_missing', param: 'source_transaction' }],
    [{ currency: 'eur' }, { ...invalid, code: 'balance_insufficient', shouldRetry: 'false' }],
    [{ source_type: 'bank_account' }, { ...invalid, code: 'balance_insufficient' }],
    [{ destination: 'acct_closed1' }, { ...invalid, code: 'account_closed' }],
    [{ destination: 'acct_nocap1' }, { ...invalid, code: 'insufficient_capabilities_for_transfer' }],
    [{ destination: 'acct_pending1' }, { ...invalid, code: 'insufficient_capabilities_for_transfer' }],
    [{ destination: 'acct_notallowed1' }, { ...invalid, code: 'transfers_not_allowed' }],
    [{ destination: 'acct_newcode1' }, { ...invalid, code: 'some_code_added_later' }],
    [{ destination: 'acct_forbidden1' }, { statusCode: 403, type: 'StripePermissionError', code: 'account_invalid' }],
  ]
  for (const [change, expected] of table)
    expect({ change, ...(await create(change)) }).toMatchObject({ change, ...expected })
  expect(stripe.books.payments()).toEqual([])
  expect(await refusal(sdk.transfers.retrieve('tr_x'))).toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    param: 'id',
  })
  expect(await refusal(sdk.payouts.list())).toMatchObject({ statusCode: 404, type: 'StripeInvalidRequestError' })
  expect(await refusal(sdk.accounts.retrieve('acct_missing1'))).toMatchObject({
    statusCode: 403,
    code: 'account_invalid',
  })
})

test('test accounts that are paid are paid: restricted ones too, unfunded ones from the second key on', async () => {
  const { sdk, stripe } = await start()
  const pay = (destination: string, idempotencyKey: string) =>
    sdk.transfers.create(aTransfer({ destination, transfer_group: destination }), { idempotencyKey })
  await pay('acct_restricted1', 'r:1')
  for (let time = 0; time < 2; time += 1) {
    expect(await refusal(pay('acct_nofunds1', 'n:1'))).toMatchObject({ code: 'balance_insufficient' })
  }
  await pay('acct_nofunds1', 'n:2')
  expect(stripe.books.payments().map(({ account }) => account)).toEqual(['acct_restricted1', 'acct_nofunds1'])
  expect((await sdk.accounts.retrieve('acct_restricted1')).payouts_enabled).toBe(false)
})

test('amounts are in the minor unit that Stripe gives each currency', async () => {
  const { sdk, stripe } = await start()
  const pay = (amount: number, code: string) => sdk.transfers.create(aTransfer({ amount, currency: code }))
  for (const [amount, code] of [
    [1_000, 'clp'],
    [100_000, 'cop'],
    [500, 'jpy'],
    [700, 'ugx'],
    [90, 'mga'],
    [1_230, 'kwd'],
  ] as const) {
    await pay(amount, code)
  }
  expect(stripe.books.payments().map((payment) => payment.money)).toEqual([
    money(1_000n, 'CLP'),
    money(100_000n, 'COP'),
    money(500n, 'JPY'),
    money(7n, 'UGX'),
    money(9_000n, 'MGA'),
    money(1_230n, 'KWD'),
  ])
  for (const [amount, code] of [
    [750, 'ugx'],
    [1_234, 'kwd'],
  ] as const) {
    expect(await refusal(pay(amount, code))).toMatchObject({ statusCode: 400, param: 'amount' })
  }
  stripe.setBalance(money(12n, 'UGX'))
  expect(stripe.balance(currency('UGX'))).toBe(12n)
  expect(stripe.balance(currency('MGA'))).toBeGreaterThan(10n ** 13n)
})

test('reversals take back in parts, never more than is left, and never what the account no longer holds', async () => {
  const { sdk, stripe } = await start({ balance: [money(2_000n, 'USD')] })
  const { id } = await sdk.transfers.create(aTransfer())
  const first = await sdk.transfers.createReversal(id, { amount: 250, metadata: { why: 'refund' } })
  expect(first).toMatchObject({ object: 'transfer_reversal', amount: 250, transfer: id, metadata: { why: 'refund' } })
  expect(stripe.books.payments()).toMatchObject([{ returned: false }])
  expect(stripe.books.totals().get(currency('USD'))).toBe(1_000n)
  expect(await refusal(sdk.transfers.createReversal(id, { amount: 1_001 }))).toMatchObject({
    statusCode: 400,
    param: 'amount',
  })

  stripe.payOutToBank('acct_1A')
  expect(await refusal(sdk.transfers.createReversal(id))).toMatchObject({ code: 'balance_insufficient' })
  await sdk.transfers.create(aTransfer({ amount: 1_000 }))
  const rest = await sdk.transfers.createReversal(id)
  expect(rest.amount).toBe(1_000)
  expect(await sdk.transfers.retrieve(id)).toMatchObject({
    amount_reversed: 1_250,
    reversed: true,
    reversals: { data: [{ id: rest.id }, { id: first.id }], has_more: false },
  })
  expect((await refusal(sdk.transfers.createReversal(id))).statusCode).toBe(400)
  expect((await sdk.transfers.retrieveReversal(id, first.id)).amount).toBe(250)
  const marked = await sdk.transfers.updateReversal(id, first.id, { metadata: { why: '', by: 'hand' } })
  expect(marked).toMatchObject({ id: first.id, metadata: { by: 'hand' } })
  expect(stripe.books.payments().map(({ returned }) => returned)).toEqual([true, false])
  expect(await stripe.controls.books?.({})).toMatchObject({
    totals: { USD: '10.00' },
    reversals: [{ transferId: id, amount: '2.50', currency: 'USD' }, { amount: '10.00' }],
  })
})

test('what an account holds can be set, and nothing is taken back from one that has left', async () => {
  const { sdk, stripe } = await start()
  const group = 'made-by-hand'
  const { id } = stripe.makeTransfer({ account: 'acct_1Leaves', money: money(1_000n, 'USD'), group })
  stripe.setAccountBalance('acct_1Leaves', money(400n, 'USD'))
  expect(await refusal(sdk.transfers.createReversal(id, { amount: 401 }))).toMatchObject({
    code: 'balance_insufficient',
  })
  expect(await sdk.transfers.createReversal(id, { amount: 150 })).toMatchObject({ amount: 150 })
  stripe.disconnectAccount('acct_1Leaves')
  expect(await refusal(sdk.transfers.createReversal(id, { amount: 150 }))).toMatchObject({
    statusCode: 403,
    code: 'account_invalid',
  })
  expect(stripe.transfersOf(group)).toMatchObject([{ amountReversed: 150n }])
})

test('a transfer shows its ten latest reversals, and all of them page by page', async () => {
  const { sdk } = await start()
  const { id } = await sdk.transfers.create(aTransfer())
  const made: string[] = []
  for (let time = 0; time < 12; time += 1) made.unshift((await sdk.transfers.createReversal(id, { amount: 1 })).id)
  const { reversals } = await sdk.transfers.retrieve(id)
  expect(reversals.data.map((one) => one.id)).toEqual(made.slice(0, 10))
  expect(reversals.has_more).toBe(true)
  const all = await sdk.transfers.listReversals(id, { limit: 5 }).autoPagingToArray({ limit: 100 })
  expect(all.map((one) => one.id)).toEqual(made)
})

test('metadata and description change, and an empty value unsets', async () => {
  const { sdk } = await start()
  const { id } = await sdk.transfers.create(aTransfer({ description: 'a', metadata: { a: '1', b: '2' } }))
  const changed = await sdk.transfers.update(id, { description: '', metadata: { a: '', c: '3' } })
  expect(changed).toMatchObject({ description: null, metadata: { b: '2', c: '3' } })
  expect(await sdk.transfers.retrieve(id, { expand: ['destination'] })).toMatchObject({
    metadata: { b: '2', c: '3' },
    destination: { object: 'account', id: 'acct_1A' },
  })
})

test('lists page newest first by true cursors, whatever is made meanwhile', async () => {
  const { sdk, passMs } = await start()
  const made: string[] = []
  for (let index = 0; index < 7; index += 1) {
    passMs(1_000)
    const destination = `acct_${index % 2}`
    made.unshift((await sdk.transfers.create(aTransfer({ destination, transfer_group: `g${index % 2}` }))).id)
  }
  const ids = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)
  const first = await sdk.transfers.list({ limit: 3 })
  expect([ids(first), first.has_more]).toEqual([made.slice(0, 3), true])
  await sdk.transfers.create(aTransfer({ transfer_group: 'late' }))
  const second = await sdk.transfers.list({ limit: 3, starting_after: made[2] ?? '' })
  expect([ids(second), second.has_more]).toEqual([made.slice(3, 6), true])
  const last = await sdk.transfers.list({ limit: 3, starting_after: made[5] ?? '' })
  expect([ids(last), last.has_more]).toEqual([made.slice(6), false])
  const back = await sdk.transfers.list({ limit: 2, ending_before: made[4] ?? '' })
  expect([ids(back), back.has_more]).toEqual([made.slice(2, 4), true])

  expect(ids(await sdk.transfers.list({ transfer_group: 'g1' }))).toEqual(made.filter((_, index) => index % 2 === 1))
  expect(ids(await sdk.transfers.list({ destination: 'acct_0', transfer_group: 'g1' }))).toEqual([])
  expect(ids(await sdk.transfers.list({ destination: 'acct_0', limit: 100 }))).toHaveLength(4)
  const from = Date.parse('2026-11-21T12:00:00Z') / 1_000
  expect(ids(await sdk.transfers.list({ created: { gte: from + 2, lt: from + 4 } }))).toEqual(made.slice(4, 6))
  expect(ids(await sdk.transfers.list({ created: { gt: from + 2, lte: from + 4 } }))).toEqual(made.slice(3, 5))
  expect(ids(await sdk.transfers.list({ created: from + 1 }))).toEqual(made.slice(6))

  for (const wrong of [
    { limit: 101 },
    { limit: 0 },
    { starting_after: 'tr_x' },
    { starting_after: 'a', ending_before: 'b' },
  ]) {
    expect((await refusal(sdk.transfers.list(wrong))).statusCode).toBe(400)
  }
  expect(await refusal(sdk.transfers.list({ created: { since: 1 } as never }))).toMatchObject({
    code: 'parameter_unknown',
  })
})

test('an account is what its id says at first, then what it is changed to', async () => {
  const { sdk, stripe } = await start()
  expect(await sdk.accounts.retrieve('acct_nocap1')).toMatchObject({
    capabilities: { transfers: 'inactive' },
    payouts_enabled: false,
    requirements: { disabled_reason: 'requirements.past_due', past_due: ['external_account'] },
  })
  const pay = () => sdk.transfers.create(aTransfer({ destination: 'acct_nocap1' }))
  expect(await refusal(pay())).toMatchObject({ code: 'insufficient_capabilities_for_transfer' })
  stripe.updateAccount('acct_nocap1', {
    capabilities: { transfers: 'active' },
    requirements: { disabled_reason: null },
  })
  await pay()
  stripe.disconnectAccount('acct_nocap1')
  expect(await refusal(pay())).toMatchObject({ code: 'resource_missing', param: 'destination' })
  expect((await refusal(sdk.accounts.retrieve('acct_nocap1'))).statusCode).toBe(403)
  expect(() => stripe.updateAccount('acct_missing1', {})).toThrow('no account acct_missing1')
  expect(() => stripe.updateAccount('acct_1', { capabilities: { transfers: 'sometimes' } } as never)).toThrow()
})
