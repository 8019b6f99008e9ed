import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { moved, owedFromBookings, recordEntries, userPayee } from '@remesa/database/ledger'
import { receivableAccount } from '@remesa/database/receivables'
import { createPayoutJobs } from '@remesa/database/settlement-payouts'
import { currency } from '@remesa/domain/currency'
import { anAcceptedPayment, follow, payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { aSettlement, transfersOf } from '@remesa/local-stack/testing/settlements'
import { type Operators, operators } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

const WHY = ['--reason', 'a good reason']
/** The second person does what the first was told that they type. */
const approve = (asked: string) => {
  const [, approvalId = ''] = /They type: remesa approve (\S+) --reason/.exec(asked) ?? []
  return api.remesa('approve', approvalId, ...WHY)
}

test('a balance that failed is paid again by what the two people type', async () => {
  const { sellerBalanceId: id } = await anAcceptedPayment(api.world, { account: 'FP-CLOSED-1' })
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [id])
  const asked = await api.remesa('balance', 'retry', id, ...WHY)
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect(asked.out).toContain(`! A second person must approve: nothing is done yet. balance ${id}: failed, CLP 100000`)
  expect((await api.remesa('approve')).out).toMatch(
    new RegExp(`balance repayment +${id} +CLP 100000, .*after generation 1 .* operator:olga`),
  )
  expect(await approve(asked.out)).toEqual({ code: 0, out: `✓ balance repayment ${id}: approved\n`, err: '' })
  expect((await api.remesa('balance', 'show', id)).out).toMatch(/status +payable/)
  expect((await api.remesa('balance', 'retry', id, ...WHY)).out).toBe(`✓ balance ${id}: payable, CLP 100000\n`)
})

test('a balance that is not blocked is not released, in one line', async () => {
  const { sellerBalanceId: id } = await aPayableBalance(api.world, { account: null })
  expect(await payNow(api.world, id)).toBe('blocked')
  expect(await api.remesa('balance', 'retry', id, ...WHY)).toEqual({
    code: 2,
    out: '',
    err: 'remesa: A balance that is blocked is not retried: it is blocked; release it once its cause is mended.\n',
  })
  const released = await api.remesa('balance', 'release', id, ...WHY)
  expect(released).toMatchObject({ code: 2, err: expect.stringContaining('bank_id_missing') })
})

test('transfers are listed, shown, and tried now', async () => {
  const { settlementId } = await aSettlement(api.world)
  await api.world.database
    .transaction()
    .execute(async (tx) => void (await createPayoutJobs(tx, [settlementId], api.world.now())))
  const [transfer] = await transfersOf(api.world, settlementId)
  const id = transfer?.transferId ?? ''
  expect((await api.remesa('transfer', 'list', '--query', id)).out).toMatch(
    new RegExp(`^id +of .*\n${id} +${settlementId} .* USD 12.50 +pending`),
  )
  expect((await api.remesa('transfer', 'show', id)).out).toMatch(/amount +USD 12.50\nstatus +pending/)
  expect((await api.remesa('transfer', 'retry', id, ...WHY)).out).toBe(`✓ transfer ${id}: pending, USD 12.50\n`)
})

test('a debt is listed, repaid in part, and the rest forgiven by two', async () => {
  const provider = 'provider 7'
  await api.world.database.transaction().execute((tx) =>
    recordEntries(tx, [
      {
        idempotencyKey: 'ledger:reversal:test',
        kind: 'receivable_opened',
        postings: moved(
          { amount: 6_250n, currency: currency('USD') },
          { from: receivableAccount(userPayee(provider)), to: owedFromBookings },
        ),
      },
    ]),
  )
  expect((await api.remesa('debt')).out).toMatch(/provider 7 +USD 62.50/)
  const repaid = await api.remesa('debt', 'repaid', provider, '50', 'USD', '--reference', 'statement 14', ...WHY)
  expect(repaid).toEqual({ code: 0, out: '✓ provider 7 owes us USD 12.50\n', err: '' })
  const asked = await api.remesa('debt', 'forgiven', provider, '12.50', 'USD', ...WHY)
  expect(asked.out).toContain('nothing is done yet. provider 7 owes us USD 12.50')
  expect(await approve(asked.out)).toMatchObject({ code: 0, out: '✓ debt settlement provider 7:USD: approved\n' })
  expect((await api.remesa('debt')).out).toBe('Nobody owes us anything.\n')
  expect(await api.remesa('debt', 'forgiven', provider, '1', 'USD', ...WHY)).toMatchObject({
    code: 2,
    err: 'remesa: provider 7 owes nothing in USD.\n',
  })
  expect(await api.remesa('debt', 'repaid', provider, '1.234', 'USD', '--reference', 'x', ...WHY)).toMatchObject({
    code: 2,
    err: 'remesa: 1.234 is no amount of USD.\n',
  })
})
