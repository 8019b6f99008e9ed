import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { RefundStatus } from '../src/payment-tables.ts'
import { type BillingNews, findPayments, type PaymentNews, type RefundNews, recordPayments } from '../src/payments.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const USD = currency('USD')
const T0 = Date.parse('2026-11-20T10:00:00Z')
const at = (second: number) => new Date(T0 + second * 1_000)

const aPayment = (changes: Partial<PaymentNews> = {}): PaymentNews => ({
  paymentId: 'pi_1',
  chargeId: 'ch_1',
  money: money(10_000n, 'USD'),
  refunded: 0n,
  created: at(0),
  description: 'order 1',
  disputed: false,
  source: 'webhook',
  asOf: at(0),
  ...changes,
})
const aRefund = (changes: Partial<RefundNews> = {}): RefundNews => ({
  refundId: 're_1',
  paymentId: 'pi_1',
  money: money(300n, 'USD'),
  status: 'succeeded',
  created: at(10),
  asOf: at(10),
  ...changes,
})

const record = (...news: readonly BillingNews[]) =>
  world.database.transaction().execute((tx) =>
    recordPayments(tx, {
      payments: news.flatMap(({ payments = [] }) => payments),
      refunds: news.flatMap(({ refunds = [] }) => refunds),
      disputes: news.flatMap(({ disputes = [] }) => disputes),
    }),
  )

async function forget(): Promise<void> {
  await sql`truncate payments, payment_refunds, payment_disputes`.execute(world.database)
}

/** Every row, without the time at which we wrote it. */
async function books() {
  const of = async (table: string, key: string) =>
    (
      await sql<{ row: object }>`
        select to_jsonb(t) - 'recorded_at' as row from ${sql.table(table)} t order by ${sql.ref(key)}`.execute(
        world.database,
      )
    ).rows.map(({ row }) => row)
  return {
    payments: await of('payments', 'payment_id'),
    refunds: await of('payment_refunds', 'refund_id'),
    disputes: await of('payment_disputes', 'dispute_id'),
  }
}

const refundedOf = async (id = 'pi_1') => (await findPayments(world.database, [id])).get(id)?.refunded

/** What Stripe tells of one payment: how it stood whenever something happened to it. */
interface Story {
  readonly news: readonly BillingNews[]
  /** What the charge itself says in the end. */
  readonly refunded: bigint
  readonly disputed: boolean
}

interface Happening {
  readonly waits: number
  readonly kind: 'refund' | 'fails' | 'dispute' | 'updated'
  readonly amount: number
  /** Seconds; 3: it still does. */
  readonly pendsFor: number
}

const happening: fc.Arbitrary<Happening> = fc.record({
  waits: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom('refund', 'fails', 'dispute', 'updated'),
  amount: fc.integer({ min: 1, max: 900 }),

  pendsFor: fc.integer({ min: 0, max: 3 }),
})

/** Stripe in a few lines: each event shows its object as it was then, and several may fall in one second. */
function tell(paymentId: string, happenings: readonly Happening[]): Story {
  const news: BillingNews[] = []
  const refunds: { id: string; amount: bigint; status: RefundStatus; created: number }[] = []
  let second = 0
  let disputed = false
  const counted = () => refunds.reduce((sum, { status, amount }) => (status === 'failed' ? sum : sum + amount), 0n)
  const tellOfCharge = () =>
    news.push({
      payments: [aPayment({ paymentId, chargeId: `${paymentId}_c`, refunded: counted(), disputed, asOf: at(second) })],
    })
  const tellOf = ({ id, amount, status, created }: (typeof refunds)[number]) =>
    news.push({
      refunds: [{ refundId: id, paymentId, money: money(amount, USD), status, created: at(created), asOf: at(second) }],
    })
  const settle = (refund: (typeof refunds)[number], status: RefundStatus) => {
    refund.status = status
    tellOf(refund)
  }
  tellOfCharge()
  for (const [index, { kind, waits, amount, pendsFor }] of happenings.entries()) {
    second += waits
    if (kind === 'refund') {
      const made = {
        id: `${paymentId}_r${index}`,
        amount: BigInt(amount),
        status: 'pending' as RefundStatus,
        created: second,
      }
      refunds.push(made)
      tellOf(made)
      tellOfCharge()
      second += pendsFor
      if (pendsFor < 3) settle(made, 'succeeded')
    } else if (kind === 'fails') {
      const paid = refunds.find(({ status }) => status !== 'failed')
      if (paid) settle(paid, 'failed') // Stripe sends no event of the charge for it
    } else if (kind === 'dispute') {
      disputed = true
      const [created, asOf] = [at(second), at(second)]
      news.push({
        disputes: [{ disputeId: `${paymentId}_d${index}`, paymentId, status: 'needs_response', created, asOf }],
      })
    } else tellOfCharge()
  }
  return { news, refunded: counted(), disputed }
}

test('any order, grouping and repetition of what Stripe tells makes the same rows, and they say what Stripe says', async () => {
  const stories = fc.array(fc.array(happening, { maxLength: 6 }), { minLength: 1, maxLength: 3 })
  const shuffled = stories.chain((happenings) => {
    const told = happenings.map((one, index) => tell(`pi_${index}`, one))
    const news = told.flatMap((story) => story.news)
    const again = fc.array(fc.constantFrom(...news), { maxLength: 5 })
    const order = again.chain((more) =>
      fc.shuffledSubarray([...news, ...more], { minLength: news.length + more.length }),
    )
    return fc.record({ told: fc.constant(told), order, size: fc.integer({ min: 1, max: 8 }) })
  })
  await fc.assert(
    fc.asyncProperty(shuffled, async ({ told, order, size }) => {
      await forget()
      for (const { news } of told) for (const one of news) await record(one)
      const expected = await books()

      await forget()
      for (let from = 0; from < order.length; from += size) await record(...order.slice(from, from + size))
      expect(await books()).toEqual(expected)
      const ids = told.map((_, index) => `pi_${index}`)
      const found = await findPayments(world.database, ids)
      for (const [index, id] of ids.entries()) {
        expect(found.get(id)).toMatchObject({ refunded: told[index]?.refunded, disputed: told[index]?.disputed })
      }
    }),
    { numRuns: 25 },
  )
})

test('those who record a payment and its refunds at the same moment do not miss each other', async () => {
  await forget()
  const ids = Array.from({ length: 40 }, (_, index) => `pi_${index}`)
  await Promise.all(
    ids.flatMap((paymentId) => [
      record({ payments: [aPayment({ paymentId, chargeId: `${paymentId}_c` })] }),
      record({ refunds: [aRefund({ paymentId, refundId: `${paymentId}_r` })] }),
      record({
        disputes: [{ disputeId: `${paymentId}_d`, paymentId, status: 'lost', created: at(20), asOf: at(20) }],
      }),
    ]),
  )
  const found = await findPayments(world.database, ids)
  for (const id of ids) expect(found.get(id)).toMatchObject({ refunded: 300n, disputed: true })
})

test('a refund that we never heard of is known from the charge, and counted once when its own word comes', async () => {
  await forget()
  await record({ payments: [aPayment({ refunded: 500n, asOf: at(30) })] })
  expect(await refundedOf()).toBe(500n)
  await record({ refunds: [aRefund({ money: money(300n, 'USD') })] })
  expect(await refundedOf()).toBe(500n)
  await record({ refunds: [aRefund({ refundId: 're_2', money: money(200n, 'USD') })] })
  expect(await refundedOf()).toBe(500n)
  await record({ refunds: [aRefund({ refundId: 're_3', money: money(50n, 'USD'), created: at(40), asOf: at(40) })] })
  expect(await refundedOf()).toBe(550n)
  await record({ refunds: [aRefund({ refundId: 're_2', money: money(200n, 'USD'), status: 'failed', asOf: at(50) })] })
  expect(await refundedOf()).toBe(350n)
})

test('what a person entered is replaced by any word of Stripe, and replaces none', async () => {
  await forget()
  const entered = aPayment({ source: 'manual', asOf: null, money: money(9_999n, 'USD'), refunded: 100n })
  await record({ payments: [entered] })
  expect((await findPayments(world.database, ['pi_1'])).get('pi_1')).toMatchObject({ source: 'manual', refunded: 100n })
  await record({ payments: [aPayment()] })
  await record({ payments: [entered] })
  expect((await findPayments(world.database, ['pi_1'])).get('pi_1')).toMatchObject({
    source: 'webhook',
    amount: 10_000n,
    refunded: 0n,
  })
})

test('ten thousand payments are recorded in one go', async () => {
  await forget()
  const many = Array.from({ length: 10_000 }, (_, index) =>
    aPayment({ paymentId: `pi_${index}`, chargeId: `ch_${index}` }),
  )
  await record({ payments: many })
  await record({ payments: many })
  const { rows } = await sql<{ count: number; total: bigint }>`
    select count(*)::int as count, sum(amount)::bigint as total from payments`.execute(world.database)
  expect(rows).toEqual([{ count: 10_000, total: 100_000_000n }])
})
