import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { listJobs, registerJobs } from '@remesa/database/admin-jobs'
import { type FinanceAlert, openAlerts } from '@remesa/database/finance-alerts'
import { businessDate } from '@remesa/domain/business-date'
import { payNow } from '@remesa/local-stack/testing/payments'
import { anInitializedBalance, aSeller, type TestBalance, THE_DAY } from '@remesa/local-stack/testing/sellers'
import { aMessage, startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { ChangedDocumentsFilter } from '@remesa/netsuite-client/changed-documents'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { sql } from 'kysely'
import { addDocuments, credited, queries, retrieve, stateOf, toBePaid } from './retrieval.ts'
import { lateAlerts, recordVendorPayment, settle, sweep, sweeper } from './sweeping.ts'

// A world for each test: what a sweep sees depends on what all others left.
let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.stop())

const reasons = (alerts: readonly FinanceAlert[]) => alerts.map(({ details }) => (details as { reason: string }).reason)
const keyOf = (balance: TestBalance, at = 0) => ({
  gscSellerId: balance.gscSellerId,
  tranId: `vendorBill-${balance.gscSellerId}-${balance.businessDate}-${at}`,
})

/** A balance of which these bills were counted, and a first sweep that found nothing. */
async function aRetrievedBalance(bills: readonly bigint[] = [1_000n]): Promise<TestBalance> {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', bills)
  await retrieve(world, balance)
  expect(await sweep(world)).toMatchObject([{ kind: 'done' }])
  expect(await lateAlerts(world)).toEqual([])
  return balance
}

/** One more bill, dated on the balance's own day. */
function aLateBill(balance: TestBalance, amount = 700n): string {
  const { gscSellerId, country, currency, businessDate: date } = balance
  const bill = {
    documentType: 'vendorBill' as const,
    gscSellerId,
    country,
    currency,
    date,
    tranId: `LATE-${gscSellerId}`,
  }
  return world.sandbox.netsuite.loadDocuments([{ ...bill, amount: String(amount) }])[0] ?? ''
}

test('a bill dated back to a day whose balance was read is told once, with all that finance needs, and is not paid', async () => {
  const balance = await aRetrievedBalance()
  const sent = await toBePaid(world)
  const erpId = aLateBill(balance)
  for (let times = 0; times < 3; times += 1) await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    {
      subject: { type: 'seller_balance', id: balance.sellerBalanceId },
      businessDate: THE_DAY,
      severity: 'warning',
      times: 1,
      details: {
        reason: 'not_counted',
        difference: '700',
        ...{ erpId, document: `LATE-${balance.gscSellerId}`, documentType: 'vendorBill', date: THE_DAY },
        ...{ sellerId: balance.sellerId, gscSellerId: balance.gscSellerId, country: 'cl', currency: 'CLP' },
        ...{ open: '700', total: '700', counted: null, state: 'payable', balanceStatus: 'payable' },
        modifiedInNetSuite: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      },
    },
  ])
  expect(await world.published(topics.financeAlert)).toHaveLength(2) // the other: its closing is missing
  expect(await toBePaid(world)).toEqual(sent)
  expect(await stateOf(world, balance)).toMatchObject({ status: 'payable', owed: { amount: 1_000n } })
  expect(await credited(world, balance)).toBe(1_000n)
})

test('a bill approved, or no longer held, after its day’s balance was read is told; not while it waits', async () => {
  const balance = await anInitializedBalance(world)
  addDocuments(world, balance, 'vendorBill', [1_000n, 200n, 30n])
  const { netsuite } = world.sandbox
  netsuite.sendBackForApproval(keyOf(balance, 1))
  netsuite.holdDocument(keyOf(balance, 2))
  await retrieve(world, balance)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
  netsuite.approveDocument(keyOf(balance, 1))
  netsuite.releaseDocument(keyOf(balance, 2))
  await sweep(world)
  const told = (await lateAlerts(world)).map(
    ({ details }) => `${Reflect.get(details, 'reason')} ${Reflect.get(details, 'open')}`,
  )
  expect(told.sort()).toEqual(['not_counted 200', 'not_counted 30'])
})

test('a bill that finance edits before it is paid is told, edited again told anew, and corrected back its alert closes', async () => {
  const balance = await aRetrievedBalance()
  const { netsuite } = world.sandbox
  netsuite.editAmount(keyOf(balance), '800')
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'amount_changed', difference: '-200' } }])
  netsuite.editAmount(keyOf(balance), '1300')
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    { details: { difference: '300', open: '1300', counted: { open: '1000', total: '1000', currency: 'CLP' } } },
  ])
  netsuite.editAmount(keyOf(balance), '1000')
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
  netsuite.editAmount(keyOf(balance), '800')
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ status: 'open', times: 2, details: { difference: '-200' } }])
})

test('a bill of a balance voided, held or sent back before it is paid is told', async () => {
  const balance = await aRetrievedBalance([1_000n, 200n, 30n])
  const { netsuite } = world.sandbox
  netsuite.voidDocument(keyOf(balance, 0))
  netsuite.holdDocument(keyOf(balance, 1))
  netsuite.sendBackForApproval(keyOf(balance, 2))
  await sweep(world)
  expect(reasons(await lateAlerts(world)).sort()).toEqual(['voided', 'withheld', 'withheld'])
})

test('our own payment changes the bills in NetSuite, and nobody is told; an addition after it is told until finance has paid it', async () => {
  const balance = await anInitializedBalance(world)
  const bills = addDocuments(world, balance, 'vendorBill', [1_000n, 500n])
  addDocuments(world, balance, 'invoice', [300n])
  await retrieve(world, balance)
  expect(await payNow(world, balance.sellerBalanceId)).toBe('claimed')
  await sweep(world)
  await settle(world, balance)
  await recordVendorPayment(world, balance, bills)
  await sweep(world)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])

  world.sandbox.netsuite.editAmount(keyOf(balance), '1250')
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    { details: { reason: 'amount_changed', difference: '250', balanceStatus: 'paid' } },
  ])
  await payByHand(balance, bills[0] ?? '', 250n)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
})

test('a bill of a balance that finance pays by hand before we do is told: it is about to be paid twice', async () => {
  const balance = await anInitializedBalance(world)
  const [billId = ''] = addDocuments(world, balance, 'vendorBill', [1_000n])
  await retrieve(world, balance)
  await payByHand(balance, billId, 1_000n)
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ details: { reason: 'amount_changed', difference: '-1000' } }])
})

test('an alert closes by itself once finance has paid the late bill by hand, or moved it to a day that is still to be paid', async () => {
  const balance = await aRetrievedBalance()
  const late = aLateBill(balance)
  await sweep(world)
  expect(await lateAlerts(world)).toHaveLength(1)
  await payByHand(balance, late, 700n)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])

  const other = await anInitializedBalance(world)
  await retrieve(world, other)
  aLateBill(other)
  await sweep(world)
  expect(await lateAlerts(world)).toHaveLength(1)
  const key = { gscSellerId: other.gscSellerId, tranId: `LATE-${other.gscSellerId}` }
  const nextDay = businessDate('2026-11-21')
  world.sandbox.netsuite.moveDocument(key, nextDay)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
  const next = await anInitializedBalance(world, { seller: other, date: nextDay })
  await retrieve(world, next)
  await sweep(world)
  expect(await stateOf(world, next)).toMatchObject({ status: 'payable', owed: { amount: 700n } })
  expect(await lateAlerts(world)).toEqual([])
})

test('what a person has settled is not told again, though every sweep sees it', async () => {
  const balance = await aRetrievedBalance()
  aLateBill(balance)
  await sweep(world)
  await sql`update finance_alerts set status = 'resolved' where kind = 'late_document'`.execute(world.database)
  await sweep(world)
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
})

test('a bill of a seller without a balance that day is told; not where it does not sell, nor of days with no pay-day', async () => {
  const balance = await aRetrievedBalance()
  const seller = await aSeller(world)
  const late = { ...seller, businessDate: balance.businessDate, sellerBalanceId: '' }
  addDocuments(world, late, 'vendorBill', [100n], { date: '2026-11-19' })
  addDocuments(world, { ...late, gscSellerId: 'nobody-of-ours' }, 'vendorBill', [100n])
  addDocuments(world, late, 'vendorBill', [100n], { country: 'pe', currency: 'PEN' })
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
  addDocuments(world, late, 'vendorBill', [100n])
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([
    { subject: { type: 'seller', id: seller.sellerId }, details: { reason: 'not_counted', balanceStatus: null } },
  ])
})

test('a balance that is still to be read, or will be read again, has nothing late', async () => {
  const [waiting, blocked] = [await anInitializedBalance(world), await anInitializedBalance(world)]
  addDocuments(world, waiting, 'vendorBill', [100n])
  addDocuments(world, blocked, 'vendorBill', [100n], { currency: 'USD' })
  await retrieve(world, blocked)
  expect(await stateOf(world, blocked)).toMatchObject({ status: 'blocked' })
  await sweep(world)
  expect(await lateAlerts(world)).toEqual([])
})

test('only what has changed since the last sweep is asked for, in any zone, and one request is one page', async () => {
  const balance = await aRetrievedBalance()
  const seen: number[] = []
  const counting = {
    findGoneDocuments: world.netsuite.findGoneDocuments,
    async *listChangedDocuments(filter: ChangedDocumentsFilter) {
      for await (const page of world.netsuite.listChangedDocuments(filter)) {
        seen.push(page.length)
        yield page
      }
    },
  }
  // The clocks of these tests are NetSuite's own, in Santiago: 3 hours behind what is asked for half a day earlier.
  const before = queries(world)
  await world.deliver(sweeper(world, { netsuite: counting }), {})
  world.moveClock(20 * 3_600_000)
  await world.deliver(sweeper(world, { netsuite: counting }), {})
  await world.deliver(sweeper(world, { netsuite: counting }), {})
  aLateBill(balance)
  expect(seen).toEqual([1, 1, 0])
  expect(queries(world) - before).toBe(3 + 3) // each looks for what was counted, too
})

test('two sweeps at once: one works, the other comes later, and each document is told once', async () => {
  const balance = await aRetrievedBalance()
  aLateBill(balance)
  const verdicts = (await Promise.all([sweep(world), sweep(world), sweep(world)])).flat()
  expect(verdicts.filter(({ kind }) => kind === 'done').length).toBeGreaterThan(0)
  for (const verdict of verdicts) {
    if (verdict.kind !== 'done')
      expect(verdict).toMatchObject({ kind: 'retry', reason: expect.stringMatching(/under way/) })
  }
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ times: 1 }])
})

test('messages that fell due together are one sweep', async () => {
  await aRetrievedBalance()
  const before = queries(world)
  expect(await world.deliver(sweeper(world), {}, {}, {})).toEqual([
    { kind: 'done' },
    { kind: 'done' },
    { kind: 'done' },
  ])
  expect(queries(world) - before).toBe(2)
})

test.each([
  ['answers 500 or 503', 'error-before'],
  ['loses its answers', 'lost-response'],
  ['answers garbage', 'garbage-before'],
  ['answers too many requests', 'rate-limited'],
] as const)(
  'while NetSuite %s the sweep waits, is noted as failed, and finds everything the next time',
  async (_, kind) => {
    const job = { name: 'late-document-sweep', schedule: '0 9 * * *', timeZone: 'UTC', nextRunAt: new Date() }
    await world.database.transaction().execute((tx) => registerJobs(tx, [job]))
    const outcome = async () => (await listJobs(world.database))[0]?.lastOutcome
    const balance = await aRetrievedBalance()
    expect(await outcome()).toBe('succeeded')
    aLateBill(balance)
    world.sandbox.netsuite.faults.script({ kind, times: 2 }) // as often as the world's client tries
    const reason = expect.stringMatching(/^netsuite, list changed documents: /)
    expect(await sweep(world)).toMatchObject([{ kind: 'retry', reason }])
    expect(await outcome()).toBe('failed')
    expect(await lateAlerts(world)).toEqual([])
    expect(await sweep(world)).toEqual([{ kind: 'done' }])
    expect(await lateAlerts(world)).toHaveLength(1)
    expect(await outcome()).toBe('succeeded')
  },
)

test('an outage that lasts leaves the rest to the next run, which begins where the last that ended began', async () => {
  const balance = await aRetrievedBalance()
  aLateBill(balance)
  world.sandbox.netsuite.faults.script({ kind: 'error-before', times: 2 })
  expect(await world.deliver(sweeper(world), aMessage({}, { retries: 5 }))).toEqual([{ kind: 'done' }])
  world.moveClock(3 * 86_400_000)
  await sweep(world)
  expect(await lateAlerts(world)).toHaveLength(1)
})

test('credentials that NetSuite refuses are told to people, until a sweep has been answered', async () => {
  await aRetrievedBalance()
  const refuses = {
    findGoneDocuments: world.netsuite.findGoneDocuments,
    // biome-ignore lint/correctness/useYield: it never comes to that
    async *listChangedDocuments(): AsyncGenerator<never> {
      const facts = { kind: 'unavailable', provider: 'netsuite', operation: 'list changed documents' } as const
      throw new ProviderError({ ...facts, status: 401, credentials: true })
    },
  }
  expect(await world.deliver(sweeper(world, { netsuite: refuses }), {})).toMatchObject([{ kind: 'retry' }])
  const told = async () =>
    (await openAlerts(world.database, { limit: 10 })).filter(({ kind }) => kind === 'provider_credentials')
  expect(await told()).toHaveLength(1)
  await sweep(world)
  expect(await told()).toEqual([])
})

test('a sweep that dies after a page is made up for once its lease is over; awake again, it tells nothing twice', async () => {
  const balances = [await aRetrievedBalance(), await aRetrievedBalance()]
  for (const balance of balances) aLateBill(balance)
  let wake = () => {}
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  let halfway = () => {}
  const isHalfway = new Promise<void>((resolve) => {
    halfway = resolve
  })
  const dying = {
    findGoneDocuments: world.netsuite.findGoneDocuments,
    async *listChangedDocuments(filter: ChangedDocumentsFilter) {
      const documents = (await Array.fromAsync(world.netsuite.listChangedDocuments(filter))).flat()
      const late = documents.filter(({ tranId }) => tranId.startsWith('LATE'))
      yield late.slice(0, 1)
      halfway()
      await asleep
      yield late
    },
  }
  const dead = world.deliver(sweeper(world, { netsuite: dying }), {})
  await isHalfway
  expect(await lateAlerts(world)).toHaveLength(1)
  expect(await sweep(world)).toMatchObject([{ kind: 'retry', reason: expect.stringMatching(/under way/) }])
  world.moveClock(15 * 60_000)
  expect(await sweep(world)).toEqual([{ kind: 'done' }])
  wake()
  expect(await dead).toEqual([{ kind: 'done' }])
  await sweep(world)
  expect(await lateAlerts(world)).toMatchObject([{ times: 1 }, { times: 1 }])
})

test('through Pub/Sub, a message of the scheduler’s makes the sweep', async () => {
  const balance = await aRetrievedBalance()
  aLateBill(balance)
  await world.work({ topic: topics.lateDocumentSweep, handle: sweeper(world) })
  await world.pubsub.topic(topics.lateDocumentSweep.name).publishMessage({ data: Buffer.from('{}') })
  await world.until('the bill is told of', async () => (await lateAlerts(world)).length === 1)
})

/** Finance records a payment of its own in NetSuite. @param amount - minor units */
async function payByHand(balance: TestBalance, billId: string, amount: bigint): Promise<void> {
  await recordVendorPayment(world, balance, [billId], { amount })
}
