import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, changeSeller } from '@remesa/local-stack/testing/sellers'
import { type Operators, operators } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

const WHY = ['--reason', 'confirmed on the known number']

test('who waits because of a changed account is listed, and released by two', async () => {
  const { sellerBalanceId, ...seller } = await aPayableBalance(api.world)
  await changeSeller(api.world, seller, { fpayId: 'FP-ANOTHER' })
  await payNow(api.world, sellerBalanceId)
  expect((await api.remesa('cooling')).out).toMatch(new RegExp(`^seller +${seller.sellerId} +Comercial .* 1`, 'm'))
  const asked = await api.remesa('cooling', 'release', 'seller', seller.sellerId, ...WHY)
  expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('! A second person must approve') })
  const [, approvalId = ''] = /approve (\S+) --reason/.exec(asked.out) ?? []
  expect((await api.remesa('cooling')).out).toContain(`asked for: ${approvalId}`)
  expect((await api.remesa('approve')).out).toMatch(/seller cooling release/)
  expect(await api.remesa('approve', approvalId, ...WHY)).toMatchObject({ code: 0 })
  expect(await payNow(api.world, sellerBalanceId)).toBe('claimed')
  expect((await api.remesa('cooling')).out).toBe('Nothing waits for a changed account.\n')
})

test('who was never changed cannot be released, and a payee of a kind that there is none of is exit code 2', async () => {
  const { sellerId } = await aPayableBalance(api.world)
  expect(await api.remesa('cooling', 'release', 'seller', sellerId, ...WHY)).toMatchObject({
    code: 2,
    err: expect.stringContaining('was not changed'),
  })
  expect(await api.remesa('cooling', 'release', 'bank', sellerId, ...WHY)).toMatchObject({ code: 2 })
})
