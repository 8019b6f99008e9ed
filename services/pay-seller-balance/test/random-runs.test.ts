import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { alertsAbout, balanceRow, ledgerFaults, paidOut, postedFor } from '@remesa/local-stack/testing/books'
import { carry, chanceFrom, routeOf } from '@remesa/local-stack/testing/courier'
import { follow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, type PayableFacts } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { allTransientFaults } from '@remesa/sandbox/faults'
import fc from 'fast-check'
import { payHandler } from './handler.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const BALANCES = 30
/** What the account makes of a payment, whatever else goes wrong on the way. */
const KINDS: readonly { account: string; facts: PayableFacts; ends: 'paid' | 'failed' | 'blocked' }[] = [
  { account: 'FP-USUAL', facts: {}, ends: 'paid' },
  { account: 'FP-USUAL', facts: { country: 'pe' }, ends: 'paid' },
  { account: 'PY-USUAL', facts: { operationType: 'international' }, ends: 'paid' },
  { account: 'FP-NOFUNDS', facts: {}, ends: 'paid' },
  { account: 'FP-BUSY', facts: {}, ends: 'paid' },
  { account: 'PY-NOFUNDS', facts: { operationType: 'international' }, ends: 'paid' },
  { account: 'FP-CLOSED', facts: {}, ends: 'failed' },
  { account: 'FP-UNKNOWN', facts: {}, ends: 'failed' },
  { account: 'PY-CLOSED', facts: { operationType: 'international' }, ends: 'failed' },
  { account: '', facts: { account: null }, ends: 'blocked' },
]

/** The world's rails in a worker that now and then is gone, before the call or before it can record the answer. */
function dying(chance: () => number): World['rails'] {
  const gone = (when: string) => {
    if (chance() < 0.05) throw new Error(`the worker is gone ${when}`)
  }
  return new Map(
    [...world.rails].map(([name, rail]) => [
      name,
      {
        ...rail,
        async pay(instruction) {
          gone('before the call')
          const outcome = await rail.pay(instruction)
          gone('before it recorded')
          return outcome
        },
      },
    ]),
  )
}

/** The looks are for another service; `between` looks in its place. */
const ignored = async (batch: readonly object[]) => batch.map(() => done)

test('whatever faults, repetitions and orders, each seller is paid what it is owed, once, or for a known reason not at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const chance = chanceFrom(seed)
      world.sandbox.setFaults({ rates: {} })
      const balances = await Promise.all(
        Array.from({ length: BALANCES }, async (_, index) => {
          const kind = KINDS[Math.floor(chance() * KINDS.length)]
          if (!kind) throw new Error('no kind')
          const account = kind.account && `${kind.account}-${Math.abs(seed)}-${index}`
          const amount = 1n + BigInt(Math.floor(chance() * 1e9))
          return { ...(await aPayableBalance(world, { account, amount, ...kind.facts })), account, ends: kind.ends }
        }),
      )
      const before = paidOut(world)
      world.sandbox.setFaults({
        ...allTransientFaults(0.15, seed),
        rates: { ...allTransientFaults(0.15).rates, latency: 0 },
      })
      const ids = balances.map(({ sellerBalanceId }) => sellerBalanceId)
      await world.database.transaction().execute((tx) =>
        enqueue(
          tx,
          topics.paySellerBalance,
          ids.map((sellerBalanceId) => ({ data: { sellerBalanceId } })),
        ),
      )
      const pay = routeOf(topics.paySellerBalance, payHandler(world, { random: chance, rails: dying(chance) }))
      await carry(world, [pay, routeOf(topics.checkFpayPaymentStatus, ignored)], {
        chance,
        async between() {
          world.sandbox.fpay.settleAll()
          world.sandbox.payoneer.settleAll()
          await follow(world, ids)
          return []
        },
      })

      const after = paidOut(world)
      for (const { sellerBalanceId, account, money, ends } of balances) {
        expect(await balanceRow(world, sellerBalanceId)).toMatchObject({ status: ends })
        const received = (after.get(account) ?? 0n) - (before.get(account) ?? 0n)
        expect({ account, received }).toEqual({ account, received: ends === 'paid' ? money.amount : 0n })
        expect(await postedFor(world, sellerBalanceId)).toEqual(
          ends === 'paid'
            ? { owed_from: -money.amount, paid_from: money.amount }
            : { owed_from: -money.amount, payee: money.amount },
        )
        expect(await alertsAbout(world, sellerBalanceId)).not.toHaveProperty('payment_mismatch')
      }
      expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
    }),
    { numRuns: 3, endOnFailure: true },
  )
}, 90_000)
