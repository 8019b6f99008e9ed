import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { balanceRow, ledgerFaults, paidOut, postedFor } from '@remesa/local-stack/testing/books'
import { carry, chanceFrom, type Parcel, routeOf } from '@remesa/local-stack/testing/courier'
import { payNow } from '@remesa/local-stack/testing/payments'
import { aPayableBalance, type PayableBalance, type PayableFacts } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { done, eachMessage, retry } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { PaymentStatusJson } from '@remesa/messaging/payment-status-json'
import { allTransientFaults } from '@remesa/sandbox/faults'
import type { FPaySandbox } from '@remesa/sandbox/fpay'
import fc from 'fast-check'
import { statusHandlers } from './handlers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const BALANCES = 30
/** What the account makes of a payment; `comesBack` is sent back by the bank after it was paid. */
const KINDS: readonly { account: string; facts: PayableFacts; ends: 'paid' | 'failed' | 'returned' }[] = [
  { account: 'FP-USUAL', facts: { bills: [40_000n, 35_000n], invoices: [5_000n] }, ends: 'paid' },
  { account: 'FP-USUAL', facts: { closing: 'different' }, ends: 'paid' },
  { account: 'FP-USUAL', facts: { type: '1P' }, ends: 'paid' },
  { account: 'PY-USUAL', facts: { operationType: 'international' }, ends: 'paid' },
  { account: 'FP-NOFUNDS', facts: {}, ends: 'paid' },
  { account: 'FP-BUSY', facts: {}, ends: 'paid' },
  { account: 'FP-CLOSED', facts: {}, ends: 'failed' },
  { account: 'FP-UNKNOWN', facts: {}, ends: 'failed' },
  { account: 'FP-COMESBACK', facts: {}, ends: 'returned' },
]

/** Stands for pay-seller-balance: pays, and goes on until the bank has it. */
const payer = eachMessage<{ sellerBalanceId: string }>(async ({ sellerBalanceId }) => {
  const answer = await payNow(world, sellerBalanceId)
  if (answer === 'later') return retry(5_000, 'later')
  const { status } = await balanceRow(world, sellerBalanceId)
  if (['payable', 'paying', 'awaiting_funds'].includes(status)) return retry(5_000, status)
  if (answer !== 'claimed') return done
  await world.database
    .transaction()
    .execute((tx) => enqueue(tx, topics.checkFpayPaymentStatus, [{ data: { sellerBalanceId, look: 0 } }]))
  return done
})

type Payout = ReturnType<FPaySandbox['payoutsOf']>[number]
function wordOf({ state, paidAt, reason }: Payout): PaymentStatusJson {
  if (state === 'PAID') return { state: 'paid', paidAt: (paidAt ?? new Date()).toISOString() }
  if (state === 'REVERSED') return { state: 'reversed', reason: 'ACCOUNT_CLOSED' }
  if (state !== 'REJECTED') return { state: 'pending' }
  const category = reason?.category.toLowerCase() as Extract<PaymentStatusJson, { state: 'rejected' }>['category']
  return { state: 'rejected', reason: reason?.code ?? '', category }
}

/** The bank goes on a little, and tells of what it did: all of it, some of it, some of it again, in any order. */
function bank(balances: readonly PayableBalance[], chance: () => number, parcel: (data: object) => Parcel) {
  const told = new Map<string, string>()
  return (): readonly Parcel[] => {
    if (chance() < 0.3) world.sandbox.payoneer.settleAll()
    return balances.flatMap(({ sellerBalanceId }) =>
      world.sandbox.fpay.payoutsOf(sellerBalanceId).flatMap((payout) => {
        const { payoutId, accountNumber } = payout
        const willComeBack =
          accountNumber.startsWith('FP-COMESBACK') && !['REVERSED', 'REJECTED'].includes(payout.state)
        if (chance() < 0.5) world.sandbox.fpay.settle(payoutId)
        if (payout.state === 'PAID' && willComeBack && chance() < 0.3) world.sandbox.fpay.reverse(payoutId)
        const isNews = told.get(payoutId) !== payout.state
        told.set(payoutId, payout.state)
        // The last word of a payment that came back is always told: the first look at one that was paid is a day away.
        if (!willComeBack && (!isNews || (payout.state !== 'REVERSED' && chance() < 0.4))) return []
        const eventId = `${payoutId}-${payout.state}`
        const event = parcel({
          rail: 'fpay',
          reference: payoutId,
          eventId,
          externalReference: null,
          status: wordOf(payout),
        })
        return [event.later(new Date(world.now().getTime() + chance() * 120_000), 'repeated')]
      }),
    )
  }
}

test('whatever faults, repetitions and orders, books and banks agree, and NetSuite and GSC know how each payment ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const chance = chanceFrom(seed)
      world.sandbox.setFaults({ rates: {} })
      const balances = await Promise.all(
        Array.from({ length: BALANCES }, async (_, index) => {
          const kind = KINDS[Math.floor(chance() * KINDS.length)]
          if (!kind) throw new Error('no kind')
          const account = `${kind.account}-${Math.abs(seed)}-${index}`
          return {
            ...(await aPayableBalance(world, { account, ...kind.facts })),
            account,
            ends: kind.ends,
            facts: kind.facts,
          }
        }),
      )
      const before = paidOut(world)
      const faults = allTransientFaults(0.1, seed)
      world.sandbox.setFaults({ ...faults, rates: { ...faults.rates, latency: 0 } })
      await world.database.transaction().execute((tx) =>
        enqueue(
          tx,
          topics.paySellerBalance,
          balances.map(({ sellerBalanceId }) => ({ data: { sellerBalanceId } })),
        ),
      )
      const workers = [statusHandlers(world, { random: chance }), statusHandlers(world, { random: chance })]
      const either = <Handler>(pick: (worker: ReturnType<typeof statusHandlers>) => Handler): Handler =>
        pick(workers[chance() < 0.5 ? 0 : 1] ?? statusHandlers(world))
      const events = routeOf(topics.bankPaymentEvent, (batch) => either(({ apply }) => apply)(batch))
      const rejected = await carry(
        world,
        [
          events,
          routeOf(topics.checkFpayPaymentStatus, (batch) => either(({ check }) => check)(batch)),
          routeOf(topics.paySellerBalance, payer),
        ],
        { chance, between: bank(balances, chance, events.parcel) },
      )
      expect(rejected).toEqual([])

      const after = paidOut(world)
      const { vendorPayments } = world.sandbox.netsuite.books()
      const { notifications } = world.sandbox.gsc.books()
      for (const { sellerBalanceId, account, money, ends, facts, settlementId } of balances) {
        const about = { account, sellerBalanceId }
        expect({ ...about, ...(await balanceRow(world, sellerBalanceId)) }).toMatchObject({ ...about, status: ends })
        const received = (after.get(account) ?? 0n) - (before.get(account) ?? 0n)
        expect({ account, received }).toEqual({ account, received: ends === 'paid' ? money.amount : 0n })
        expect(await postedFor(world, sellerBalanceId)).toEqual(
          ends === 'paid'
            ? { owed_from: -money.amount, paid_from: money.amount }
            : { owed_from: -money.amount, payee: money.amount },
        )
        if (ends === 'returned') continue // what had been told of it by then, a person sorts out
        const entered = vendorPayments.filter(({ externalId }) => externalId === `sb-${sellerBalanceId}`)
        expect(entered).toHaveLength(ends === 'paid' ? 1 : 0)
        const last = notifications.findLast((told) => told.settlementId === settlementId)?.status
        const isGscs = facts.closing === undefined && facts.type === undefined
        expect({ account, last }).toEqual({
          account,
          last: isGscs ? { paid: 'PAID', failed: 'REJECTED' }[ends] : undefined,
        })
      }
      expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
    }),
    { numRuns: 2, endOnFailure: true },
  )
}, 90_000)
