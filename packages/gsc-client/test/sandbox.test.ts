import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { type GscOptions, startGsc } from '@remesa/sandbox/gsc'
import type { MarketplaceSeller } from '@remesa/sandbox/marketplace'
import { createGscClient } from '../src/gsc-client.ts'
import type { PaymentNotification } from '../src/payment-notification.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const aSeller = (gscSellerId: string): MarketplaceSeller => ({
  ...{ gscSellerId, legalName: 'Comercial Ejemplo SpA', taxId: '76192083-9', operationType: 'local', type: '3P' },
  ...{ fpayId: 'FP-1', payoneerPayeeId: null },
  countries: [
    { country: 'pe', currency: 'PEN', enabled: false },
    { country: 'cl', currency: 'CLP', enabled: true },
  ],
})

/** The seller centre's sandbox, which knows nothing of this package's code, and a client of it. */
async function aWorld(options: GscOptions = {}) {
  const gsc = await startGsc(options)
  closing.push(() => gsc.stop())
  const retry = { tries: 16, firstMs: 1, maxMs: 20 }
  const client = createGscClient({ baseUrl: gsc.url, token: gsc.credentials.token, retry })
  closing.push(client.close)
  return { gsc, client }
}

test('a seller is read as the marketplace has it, its account once it was opened', async () => {
  const { gsc, client } = await aWorld()
  gsc.loadSellers([aSeller('SC1')])
  gsc.hideSeller('SC1', 1)
  expect(await client.getSeller('SC1')).toBe('not-found')
  expect(await client.getSeller('SC1')).toMatchObject({
    ...{ gscSellerId: 'SC1', legalName: 'Comercial Ejemplo SpA', taxId: '76192083-9', type: '3P', status: 'active' },
    ...{ operationType: 'local', fpayId: null, countries: aSeller('SC1').countries },
  })
  gsc.giveFpayId('SC1', 'FP-7')
  expect(await client.getSeller('SC1')).toMatchObject({ fpayId: 'FP-7' })
  expect(await client.getSeller('SC-UNKNOWN')).toBe('not-found')
})

const paid = (facts: Partial<PaymentNotification> = {}): PaymentNotification => ({
  ...{ gscSellerId: 'SC1', country: 'cl', money: money(1000n, 'CLP'), rail: 'fpay', providerReference: 'fpo_1' },
  result: { status: 'PAID', paidAt: new Date('2026-11-20T14:00:00Z') },
  ...facts,
})

test('with every transient fault at one in five, each payment is told once, and what is wrong is refused', async () => {
  const kinds = ['error-before', 'error-after', 'lost-response', 'garbage-before', 'garbage-after', 'rate-limited']
  const rates = Object.fromEntries(kinds.map((kind) => [kind, 0.2]))
  const { gsc, client } = await aWorld({ faults: { rates, retryAfterSeconds: 0 } })
  const settlements = Array.from({ length: 20 }, (_, i) => `ST${i}`)
  const common = { gscSellerId: 'SC1', country: 'cl', date: '2026-11-19', currency: 'CLP', amount: '1000' }
  gsc.loadClosings(settlements.map((settlementId) => ({ settlementId, ...common })))
  const told = await Promise.all(settlements.map((id) => client.notifySettlementPayment(id, `${id}:PAID`, paid())))
  expect(told.every((outcome) => outcome === 'notified' || outcome === 'already_notified')).toBe(true)
  expect(
    gsc
      .books()
      .notifications.map(({ settlementId }) => settlementId)
      .sort(),
  ).toEqual(settlements.sort())
  expect(await client.notifySettlementPayment('ST0', 'another-key', paid())).toBe('already_notified')
  const more = paid({ money: money(1001n, 'CLP') })
  expect(await client.notifySettlementPayment('ST1', 'more', more)).toEqual({ refused: 'AMOUNT_MISMATCH' })
  expect(await client.notifySettlementPayment('ST-NONE', 'none', paid())).toEqual({ refused: 'SETTLEMENT_NOT_FOUND' })
})
