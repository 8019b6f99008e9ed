import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decideControlApproval } from '@remesa/database/control-approvals'
import {
  askToSettleDebt,
  type DebtSettlement,
  type SettledHow,
  settleApprovedDebt,
  settleDebt,
} from '@remesa/database/receivable-settlements'
import { currency } from '@remesa/domain/currency'
import { alertsAbout, auditTrail, stopWithTrueLedger } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { drawn } from '@remesa/sandbox/faults'
import { sql } from 'kysely'
import {
  aBooking,
  booksOf,
  DELAY_MS,
  drain,
  payoutsOf,
  receivedBy,
  standing,
  type TestBooking,
  tell,
  wait,
} from './bookings.ts'
import { BOOKING_TERMS, type PayoutHandlers, payoutHandlers } from './handlers.ts'

// What becomes of money that cannot be taken back: from the dispute to the last payout that it is kept back from.

let world: World
let handlers: PayoutHandlers
beforeAll(async () => {
  world = await startWorld()
  handlers = payoutHandlers(world)
})
afterAll(() => stopWithTrueLedger(world))

/** A provider whose bookings are completed one after the other. */
function aProvider() {
  const name = randomUUID().slice(0, 8)
  const provider = { providerId: `provider-${name}`, account: `acct_${name}` }
  return {
    ...provider,
    completed: (share: bigint): Promise<TestBooking> => aBooking(world, { ...provider, share }),
    received: () => receivedBy(world, provider.account),
    owesUs: async () => (await booksOf(world, provider)).receivable,
  }
}

/** A booking that is paid out, as far as its provider's debts allow. */
async function paid(provider: ReturnType<typeof aProvider>, share: bigint, by = handlers): Promise<TestBooking> {
  const booking = await provider.completed(share)
  await tell(world, by, booking.completed())
  await wait(world, by, DELAY_MS)
  return booking
}

/** A refund of a booking whose provider's bank has the money already. */
async function refunded(booking: TestBooking, refund: bigint, by = handlers): Promise<void> {
  world.sandbox.stripe.payOutToBank(booking.account)
  await tell(world, by, booking.opened(), booking.resolved(refund))
}

test('what the account no longer covers is kept back from the next payouts, half of each, until it is settled, and no more', async () => {
  const provider = aProvider()
  const first = await paid(provider, 10_000n)
  await refunded(first, 6_000n)
  const [payout] = await payoutsOf(world, first)
  expect(await alertsAbout(world, payout?.payoutId ?? '')).toEqual({ reversal_refused: 1 })
  expect(await auditTrail(world, payout?.payoutId ?? '')).toContain('payout.receivable_opened')
  expect(await provider.owesUs()).toBe(6_000n)

  await paid(provider, 8_000n) // half of it
  expect([await provider.owesUs(), provider.received()]).toEqual([2_000n, 14_000n])
  await paid(provider, 10_000n) // what is left of the debt
  expect([await provider.owesUs(), provider.received()]).toEqual([0n, 22_000n])
  await paid(provider, 1_000n)
  expect([await provider.owesUs(), provider.received()]).toEqual([0n, 23_000n])
  expect(await booksOf(world, provider)).toEqual({ payee: 0n, receivable: 0n })
})

test('one provider’s debt is kept back from nobody else’s payouts', async () => {
  const [debtor, other] = [aProvider(), aProvider()]
  await refunded(await paid(debtor, 5_000n), 5_000n)
  await paid(other, 3_000n)
  expect([await debtor.owesUs(), other.received()]).toEqual([5_000n, 3_000n])
})

test('payouts that are released at once are not set off against the same debt', async () => {
  const provider = aProvider()
  await refunded(await paid(provider, 5_000n), 3_000n)
  const bookings = await Promise.all(Array.from({ length: 4 }, () => provider.completed(2_000n)))
  await tell(world, handlers, ...bookings.map((booking) => booking.completed()))
  world.moveClock(DELAY_MS)
  await Promise.all(bookings.map(({ bookingId }) => world.deliver(handlers.settle, { bookingId })))
  await wait(world, handlers, 1)
  const kept = (await Promise.all(bookings.map((booking) => payoutsOf(world, booking)))).flat()
  expect(kept.reduce((sum, { setOff }) => sum + setOff, 0n)).toBe(3_000n)
  expect([await provider.owesUs(), provider.received()]).toEqual([0n, 10_000n])
})

test('a payout that is kept back as a whole is transferred without a transfer, and a refund of it is owed again at once', async () => {
  const all = payoutHandlers(world, { terms: { ...BOOKING_TERMS, setOffPercent: 100 } })
  const provider = aProvider()
  await refunded(await paid(provider, 5_000n, all), 4_000n, all)
  const second = await paid(provider, 3_000n, all)
  expect(await standing(world, second)).toEqual(['transferred 3000'])
  expect([await provider.owesUs(), provider.received()]).toEqual([1_000n, 5_000n])
  await refunded(second, 3_000n, all)
  expect([await provider.owesUs(), provider.received()]).toEqual([4_000n, 5_000n])
})

test('of a payout that was kept back in part, only what was transferred is taken from the account', async () => {
  const provider = aProvider()
  await refunded(await paid(provider, 5_000n), 1_000n)
  const second = await paid(provider, 4_000n) // 1,000 kept back, 3,000 transferred
  await tell(world, handlers, second.opened(), second.resolved(4_000n))
  // The transferred 3,000 come back; the 1,000 that were kept back for the first are owed again.
  expect([await provider.owesUs(), provider.received()]).toEqual([1_000n, 5_000n])
})

test('whatever is refunded, whenever banks take the money: what was received less what is owed to us is what was earned', async () => {
  const seed = Number(process.env.REMESA_TEST_SEED ?? Date.now() % 1_000_000)
  const draw = (what: string): number => drawn(`${seed} ${what}`)
  const upTo = (what: string, most: bigint): bigint => BigInt(Math.floor(draw(what) * Number(most + 1n)))
  const provider = aProvider()
  let earned = 0n
  for (let round = 0; round < 12; round += 1) {
    const share = 1n + upTo(`share ${round}`, 9_999n)
    const booking = await paid(provider, share)
    const refund = draw(`refunded ${round}`) < 0.6 ? upTo(`refund ${round}`, share) : 0n
    if (draw(`bank ${round}`) < 0.5) world.sandbox.stripe.payOutToBank(provider.account)
    if (refund > 0n) await tell(world, handlers, booking.opened(), booking.resolved(refund))
    earned += share - refund
    const owed = await provider.owesUs()
    expect({ seed, round, earned: provider.received() - owed }).toEqual({ seed, round, earned })
    expect(owed).toBeGreaterThanOrEqual(0n)
  }
})

/** Of a provider's debts, by their alerts. */
async function debtAlerts(provider: { providerId: string }): Promise<readonly string[]> {
  const { rows } = await sql<{ status: string; subject: string }>`
    select status, subject_type as subject from finance_alerts
    where kind = 'reversal_refused' and details->>'providerId' = ${provider.providerId}
    order by subject_type`.execute(world.database)
  return rows.map(({ status, subject }) => `${subject} ${status}`)
}

test('the alert of a debt closes once payouts that were transferred have settled it to zero, not before', async () => {
  const provider = aProvider()
  await refunded(await paid(provider, 10_000n), 4_000n)
  expect(await debtAlerts(provider)).toEqual(['payout open'])
  await paid(provider, 6_000n)
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([1_000n, ['payout open']])
  // Released, all of the debt is kept back; but the transfer may yet fail.
  const last = await provider.completed(6_000n)
  await world.deliver(handlers.tell, last.completed())
  world.moveClock(DELAY_MS)
  await world.take(topics.bookingPayout)
  await world.deliver(handlers.settle, { bookingId: last.bookingId })
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([0n, ['payout open']])
  await drain(world, handlers)
  expect(await standing(world, last)).toEqual(['transferred 6000'])
  expect(await debtAlerts(provider)).toEqual(['payout resolved'])
})

test('people are told of a debt for what was kept back and is refunded; it closes when a payout is wholly kept back', async () => {
  const wholly = payoutHandlers(world, { terms: { ...BOOKING_TERMS, setOffPercent: 100 } })
  const provider = aProvider()
  await refunded(await paid(provider, 10_000n), 4_000n)
  const kept = await paid(provider, 4_000n, wholly)
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([0n, ['payout resolved']])
  await refunded(kept, 1_500n, wholly)
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([1_500n, ['payout resolved', 'user open']])
  await paid(provider, 1_500n, wholly)
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([0n, ['payout resolved', 'user resolved']])
})

const settlementOf = (provider: { providerId: string }, amount: bigint, how: SettledHow): DebtSettlement => ({
  ...{ providerId: provider.providerId, money: { amount, currency: currency('USD') }, how },
  reference: how === 'repaid' ? 'bank statement of 21 November' : null,
})
const ASKED = { actor: 'operator:olga', reason: 'she has closed down', now: new Date() }

/** As the operators' API does it. */
const repay = (provider: { providerId: string }, amount: bigint) =>
  world.database.transaction().execute((tx) => settleDebt(tx, settlementOf(provider, amount, 'repaid'), ASKED))

const forgive = (provider: { providerId: string }, amount: bigint) =>
  world.database.transaction().execute(async (tx) => {
    const asked = await askToSettleDebt(tx, settlementOf(provider, amount, 'forgiven'), ASKED)
    if (asked.kind !== 'asked') return asked
    const { id } = asked.approval
    const given = { status: 'approved', decidedBy: 'operator:adam', reason: 'agreed' } as const
    await settleApprovedDebt(tx, await decideControlApproval(tx, id, given, ASKED.now))
    return asked
  })

test('what a provider repays, or two people forgive it, makes the debt smaller, and its alert closes at zero', async () => {
  const provider = aProvider()
  await refunded(await paid(provider, 10_000n), 4_000n)
  expect(await repay(provider, 3_000n)).toEqual({ kind: 'done', owed: 1_000n })
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([1_000n, ['payout open']])
  expect(await forgive(provider, 1_000n)).toMatchObject({ kind: 'asked' })
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([0n, ['payout resolved']])
  const next = await paid(provider, 6_000n)
  expect(await payoutsOf(world, next)).toMatchObject([{ status: 'transferred', setOff: 0n }])
})

test('what is being kept back of a payout is not settled a second time', async () => {
  const provider = aProvider()
  await refunded(await paid(provider, 10_000n), 4_000n)
  await paid(provider, 6_000n) // half of it is kept back
  expect(await repay(provider, 4_000n)).toEqual({ kind: 'too_much', owed: 1_000n })
  expect(await forgive(provider, 1_001n)).toEqual({ kind: 'too_much', owed: 1_000n })
  expect([await provider.owesUs(), await debtAlerts(provider)]).toEqual([1_000n, ['payout open']])
  expect(await auditTrail(world, `${provider.providerId}:USD`)).toEqual([])
})
