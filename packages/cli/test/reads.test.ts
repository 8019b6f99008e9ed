import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anAcceptedPayment } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, type PayableBalance } from '@remesa/local-stack/testing/sellers'
import { type Operators, operators, remesaProcess } from './support.ts'

let api: Operators
let balance: PayableBalance
beforeAll(async () => {
  api = await operators()
  balance = await aPayableBalance(api.world, { bills: [90_000n, 20_000n], invoices: [10_000n] })
})
afterAll(() => api.stop())

test('a seller is found by name and shown with what it is owed, by any of its ids', async () => {
  const { sellerId, gscSellerId } = balance
  const list = await remesaProcess(['seller', 'list', '--query', 'comercial'], api.env)
  expect(list).toMatchObject({ code: 0, err: '', out: expect.stringMatching(`${sellerId} +${gscSellerId} +Comercial`) })
  for (const id of [sellerId, gscSellerId]) {
    const { code, out } = await api.remesa('seller', 'show', id)
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(`paid by +fpay[\\s\\S]*${balance.sellerBalanceId}[\\s\\S]*CLP 100000 +payable`),
    ])
  }
  const json = JSON.parse((await api.remesa('seller', 'show', sellerId, '--json')).out)
  expect(json).toMatchObject({ id: sellerId, owed: [{ amount: '100000', currency: 'CLP' }] })
  expect(json.timeline.length).toBeGreaterThan(0)
})

test('a balance is shown with its documents, which add up, and its history', async () => {
  const { sellerBalanceId: id } = balance
  expect((await api.remesa('balance', 'list', '--status', 'payable')).out).toContain(id)
  const { code, out } = await api.remesa('balance', 'show', id)
  expect(code).toBe(0)
  expect(out).toMatch(/owed +CLP 100000\n/)
  expect(out).toMatch(/vendor bill +CLP 90000\n.*vendor bill +CLP 20000\n.*invoice +CLP -10000\n/)
  expect(out).toMatch(/History\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}/)
  expect(await api.remesa('balance', 'show', 'nonsense')).toEqual({
    ...{ code: 2, out: '' },
    err: 'remesa: path id: must be an id of ours, a UUID.\n',
  })
})

test('what is explained says why it is so much, what happened, and whose move is next', async () => {
  const { code, out } = await api.remesa('explain', balance.sellerBalanceId)
  expect(code).toBe(0)
  expect(out).toMatch(/CLP 100000[\s\S]*Why it is so much\n[\s\S]*What happened\n[\s\S]*What is next\n/)
  const { err } = await api.remesa('explain', 'nobody')
  expect(err).toContain('nobody')
})

test('status and the pay-day show the run, and whether anything waits for a person', async () => {
  const { out } = await api.remesa('payday', 'status', '--date', balance.businessDate)
  expect(out).toMatch(new RegExp(`^Pay-day of ${balance.businessDate}: .*\nstage +waiting +done +for people`))
  expect(JSON.parse((await api.remesa('status', '--json')).out)).toMatchObject({
    today: { businessDate: balance.businessDate, balances: { payable: 1 } },
    system: { deadLetters: 0 },
  })
  const text = await remesaProcess(['status'], api.env)
  expect([text.code, text.out]).toEqual([0, expect.stringContaining('✓ nothing waits for a person')])
  const late = await api.remesa('payday', 'status', '--date', balance.businessDate, '--wait', '1')
  expect([late.code, late.err]).toEqual([1, 'It is not finished after 1 s.\n'])
})

test('the ledger of a payment sums to zero', async () => {
  await anAcceptedPayment(api.world)
  const { code, out } = await api.remesa('ledger', 'verify')
  expect([code, out]).toEqual([0, expect.stringMatching(/CLP +\d+ +CLP 0\n✓ the ledger sums to zero/)])
})
