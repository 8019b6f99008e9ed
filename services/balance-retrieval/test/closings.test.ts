import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { currency } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import { anInitializedBalance, type TestBalance } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { listDeadLetters } from '@remesa/messaging/dead-letters'
import type { DataOf } from '@remesa/messaging/topic'
import { sql } from 'kysely'
import { matchClosings } from '../src/match-closings.ts'
import { addDocuments, alertsOf, retrieve, stateOf } from './retrieval.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

type Closing = DataOf<typeof topics.sellerClosing>

const aClosing = (balance: TestBalance, amount: bigint, changes: Partial<Closing> = {}): Closing => ({
  settlementId: `ST-${randomUUID()}`,
  gscSellerId: balance.gscSellerId,
  country: balance.country,
  date: balance.businessDate,
  currency: balance.currency,
  amount: formatMajor(amount, currency(balance.currency)),
  ...changes,
})
const close = (...closings: readonly Closing[]) =>
  world.deliver(matchClosings({ database: world.database, logger: world.logger }), ...closings)

async function anOwedBalance(amount = 1_000n): Promise<TestBalance> {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [amount])
  return balance
}
const matchOf = async (balance: TestBalance) => (await stateOf(world, balance)).closingMatch
const kinds = async (balance: TestBalance) => (await alertsOf(world, balance)).map(({ kind }) => kind)

test('a closing that comes before the documents matches them, whichever case GSC writes the country in', async () => {
  const balance = await anOwedBalance()
  expect(await close(aClosing(balance, 1_000n, { country: 'CL' }))).toEqual([{ kind: 'done' }])
  await retrieve(world, balance)
  expect(await matchOf(balance)).toBe('matched')
  expect(await kinds(balance)).toEqual([])
})

test('a closing that says zero matches a balance without documents', async () => {
  const balance = await anInitializedBalance(world)
  await close(aClosing(balance, 0n))
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'no_payment_due', closingMatch: 'matched' })
})

test('a missing closing is an alert, and the balance is paid all the same', async () => {
  const balance = await anOwedBalance()
  await retrieve(world, balance)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'payable', closingMatch: 'missing' })
  expect(await kinds(balance)).toEqual(['closing_missing'])
})

test('a seller that sold nothing needs no closing', async () => {
  const balance = await anInitializedBalance(world)
  await retrieve(world, balance)
  expect(await kinds(balance)).toEqual([])
})

test('a late closing is matched when it comes, and settles the alert', async () => {
  const balance = await anOwedBalance()
  await retrieve(world, balance)
  await close(aClosing(balance, 1_000n))
  expect(await matchOf(balance)).toBe('matched')
  expect(await kinds(balance)).toEqual([])
})

test('a closing that comes after the payment has GSC told of it all the same', async () => {
  const [paid, unpaid] = [await anOwedBalance(), await anOwedBalance()]
  await retrieve(world, paid, unpaid)
  // As fpay-status-check leaves it: no closing, so GSC need not be told.
  await sql`
    update seller_balances set status = 'paid', gsc_told_at = now() where id = ${paid.sellerBalanceId}`.execute(
    world.database,
  )
  await close(aClosing(paid, 1_000n), aClosing(unpaid, 1_000n))
  expect(await world.take(topics.checkFpayPaymentStatus)).toMatchObject([
    { data: { sellerBalanceId: paid.sellerBalanceId } },
  ])
  const { rows } = await sql`
    select 1 from seller_balances where id = ${paid.sellerBalanceId} and gsc_told_at is null`.execute(world.database)
  expect(rows).toHaveLength(1)
})

test.each(['before', 'after'])(
  'a closing that differs is an alert, and NetSuite’s figure stands (%s)',
  async (when) => {
    const balance = await anOwedBalance()
    if (when === 'after') await retrieve(world, balance)
    await close(aClosing(balance, 999n))
    if (when === 'before') await retrieve(world, balance)
    expect(await stateOf(world, balance)).toMatchObject({ closingMatch: 'different', owed: { amount: 1_000n } })
    expect(await alertsOf(world, balance)).toMatchObject([
      { kind: 'closing_different', details: { owed: '1000', closing: '999', currency: 'CLP' } },
    ])
  },
)

test('a closing in another currency never matches', async () => {
  const balance = await anOwedBalance()
  await close(aClosing(balance, 1_000n, { currency: 'USD', amount: '10.00' }))
  await retrieve(world, balance)
  expect(await matchOf(balance)).toBe('different')
})

test('a closing repeated, in one batch and later, does no harm', async () => {
  const balance = await anOwedBalance()
  const closing = aClosing(balance, 1_000n)
  expect(await close(closing, closing, closing)).toEqual([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }])
  await retrieve(world, balance)
  expect(await close({ ...closing, amount: '1000.00' })).toEqual([{ kind: 'done' }])
  expect(await matchOf(balance)).toBe('matched')
})

test.each<[string, (closing: Closing) => Closing]>([
  ['the same settlement with another amount', (closing) => ({ ...closing, amount: '1001' })],
  ['another settlement for the same seller and day', (closing) => ({ ...closing, settlementId: 'ST-other' })],
  ['the same settlement for another day', (closing) => ({ ...closing, date: '2026-11-18' })],
])('%s is set aside and told to finance, and what GSC said first is kept', async (_, contradiction) => {
  const balance = await anOwedBalance()
  const closing = aClosing(balance, 1_000n)
  const answers = [...(await close(closing)), ...(await close(contradiction(closing)))]
  expect(answers).toMatchObject([
    { kind: 'done' },
    { kind: 'reject', reason: expect.stringContaining('another closing') },
  ])
  await close(contradiction(closing))
  const alerts = (await openAlerts(world.database, { limit: 100 })).filter(
    ({ subject }) => subject.id === contradiction(closing).settlementId,
  )
  expect(alerts).toMatchObject([
    { kind: 'closing_different', details: { kept: [{ settlementId: closing.settlementId, amount: '1000' }] } },
  ])
  await sql`delete from finance_alerts where subject_type = 'seller_closing'`.execute(world.database)
  await retrieve(world, balance)
  expect(await matchOf(balance)).toBe('matched')
})

test.each<[string, Partial<Closing>, string]>([
  ['half a peso', { amount: '1000.5' }, '"1000.5" is not an amount in CLP (at most 0 decimals)'],
  ['more than there is', { amount: '999999999999999999', currency: 'USD' }, 'is too large an amount'],
  ['a thousandth of a dollar', { amount: '0.001', currency: 'USD' }, 'is not an amount in USD (at most 2 decimals)'],
  ['a currency that nobody pays', { currency: 'CLF' }, 'CLF is not a payable ISO 4217 currency'],
  ['a currency that does not exist', { currency: 'XXZ' }, 'XXZ is not a payable ISO 4217 currency'],
])('a closing of %s is set aside with that reason, and its neighbours are kept', async (_, changes, reason) => {
  const [broken, sound] = [await anOwedBalance(), await anOwedBalance()]
  expect(await close(aClosing(broken, 1_000n, changes), aClosing(sound, 1_000n))).toEqual([
    { kind: 'reject', reason: expect.stringContaining(reason) },
    { kind: 'done' },
  ])
  await retrieve(world, broken, sound)
  expect([await matchOf(broken), await matchOf(sound)]).toEqual(['missing', 'matched'])
})

test('closings and documents that arrive at the very same time find each other, every time', async () => {
  const balances = await Promise.all(Array.from({ length: 24 }, () => anOwedBalance()))
  const parts = [0, 1, 2, 3].map((part) => balances.filter((_, at) => at % 4 === part))
  await Promise.all(
    parts.flatMap((part) => [retrieve(world, ...part), close(...part.map((balance) => aClosing(balance, 1_000n)))]),
  )
  for (const balance of balances) {
    expect(await matchOf(balance)).toBe('matched')
    expect(await kinds(balance)).toEqual([])
  }
})

test('GSC’s closings come through Pub/Sub, some of them twice; what is no closing lands among the dead letters', async () => {
  const balances = [await anOwedBalance(), await anOwedBalance()]
  await world.work({
    topic: topics.sellerClosing,
    handle: matchClosings({ database: world.database, logger: world.logger }),
  })
  const { gsc } = world.sandbox
  gsc.setFaults({ rates: { 'duplicate-callback': 1 } })
  gsc.loadClosings(balances.map((balance) => ({ ...aClosing(balance, 1_000n), amount: '1000' })))
  await gsc.publishClosings()
  const broken = JSON.stringify({ ...aClosing(balances[0] as TestBalance, 1_000n), amount: 'a lot' })
  await world.pubsub.topic(topics.sellerClosing.name).publishMessage({ data: Buffer.from(broken) })
  await world.until('the broken one is set aside', async () => {
    const letters = await listDeadLetters(world.database, { topic: topics.sellerClosing.name, limit: 10 })
    return letters.some(({ reason }) => reason.includes('unreadable') && reason.includes('expected a decimal string'))
  })
  await retrieve(world, ...balances)
  await world.until('both are matched', async () => {
    const matches = await Promise.all(balances.map(matchOf))
    return matches.every((match) => match === 'matched')
  })
})
