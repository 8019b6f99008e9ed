import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Retrieved, recordRetrieved } from '@remesa/database/balance-retrieval'
import { insertAlerts } from '@remesa/database/finance-alerts'
import { recordPayments } from '@remesa/database/payments'
import { createPayoutJobs } from '@remesa/database/settlement-payouts'
import { aTransferredPayout } from '@remesa/database/testing/transferred-payout'
import { currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { anAcceptedPayment, follow, payNow } from '@remesa/local-stack/testing/payments'
import { anInitializedBalance, aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { aSettlement, jobOf, transfersOf } from '@remesa/local-stack/testing/settlements'
import { sql } from 'kysely'
import { type Api, anApi, aPayout, look, OPERATOR, VIEWER } from './an-api.ts'

type Blocked = Extract<Retrieved, { blocked: unknown }>

let api: Api
let token: string
beforeAll(async () => {
  api = await anApi()
  token = await api.token(VIEWER)
})
afterAll(() => api.stop())

const get = async (path: string) => (await api.ask('GET', path, { token })).body
const explain = (id: string) => get(`/v1/explain/${encodeURIComponent(id)}`)
type Line = { label: string; money: { amount: string; currency: string } }
/** Explained, and its lines found to add up. */
async function explained(id: string) {
  const answer = await explain(id)
  if (answer.subject.money) {
    const sum = answer.amount.reduce((total: bigint, { money }: Line) => total + BigInt(money.amount), 0n)
    expect([id, sum.toString()]).toEqual([id, answer.subject.money.amount])
  }
  expect(answer.story.map(({ at }: { at: string }) => at)).toEqual(
    answer.story.map(({ at }: { at: string }) => at).toSorted(),
  )
  return answer
}

test('a paid balance is explained by its documents, from any name of it or of its payment', async () => {
  const balance = await anAcceptedPayment(api.world, { bills: [70_000n, 40_000n], invoices: [10_000n] })
  api.world.sandbox.fpay.settleAll()
  await follow(api.world, [balance.sellerBalanceId])
  const answer = await explained(balance.sellerBalanceId)
  expect(answer).toMatchObject({
    subject: { type: 'balance', status: 'paid', money: { amount: '100000', currency: 'CLP' } },
    next: { who: 'remesa', text: expect.stringContaining('NetSuite is told next') },
  })
  expect(answer.amount.map(({ money }: Line) => money.amount)).toEqual(['70000', '40000', '-10000'])
  expect(answer.story.length).toBeGreaterThan(2)
  for (const name of [`seller-balance:${balance.sellerBalanceId}`, balance.payment.reference, balance.settlementId]) {
    expect((await explain(String(name))).subject).toEqual(answer.subject)
  }
  const [documentId = ''] = balance.billIds
  expect(await explained(documentId)).toMatchObject({
    subject: { type: 'document', money: { amount: '70000' } },
    links: [{ type: 'balance', id: balance.sellerBalanceId }, { type: 'seller' }],
  })
})

test('a balance that is blocked is the marketplace’s move, and so is its seller, by our id and GSC’s', async () => {
  const { sellerBalanceId, sellerId, gscSellerId } = await aPayableBalance(api.world, { account: null })
  await payNow(api.world, sellerBalanceId)
  expect((await explained(sellerBalanceId)).next.who).toBe('marketplace')
  for (const id of [sellerId, gscSellerId]) {
    expect(await explained(id)).toMatchObject({
      subject: { type: 'seller', id: sellerId, money: { amount: '100000' } },
      next: { who: 'marketplace' },
      links: [{ type: 'balance', id: sellerBalanceId }],
    })
  }
})

test('a payout and its booking are explained by share and refunds, and say whose move is next', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { amount: 5_000n, disputed: true })
  expect(await explained(payoutId)).toMatchObject({
    subject: { type: 'payout', status: 'on_hold', money: { amount: '5000', currency: 'USD' } },
    amount: [{ label: 'Provider share' }],
    next: { who: 'marketplace', text: expect.stringContaining('dispute') },
  })
  await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  await look(api.world.database, bookingId, api.world.now())
  const booking = await explained(bookingId)
  expect(booking).toMatchObject({ subject: { type: 'booking' }, links: [{ type: 'payout', id: payoutId }] })
  expect(booking.story.some(({ text }: { text: string }) => text.includes('by olga'))).toBe(true)
  const { links } = await explain(payoutId)
  const transfer = links.find(({ type }: { type: string }) => type === 'transfer')
  expect(await explained(transfer.id)).toMatchObject({ subject: { type: 'transfer', money: { amount: '5000' } } })
  expect((await get(`/v1/transfers?payoutId=${payoutId}`)).items).toHaveLength(1)
})

test('a settlement is explained by where its winners’ transfers stand, and each of them by its prize', async () => {
  const { settlementId, settlement, winners } = await aSettlement(api.world, { winners: 3 })
  expect(await explained(settlementId)).toMatchObject({ next: { who: 'remesa' }, subject: { type: 'settlement' } })
  await api.world.database.transaction().execute((tx) => createPayoutJobs(tx, [settlementId], api.world.now()))
  const [transfer] = await transfersOf(api.world, settlementId)
  if (!transfer) throw new Error('no transfer')
  const answer = await explained(settlement.contestId)
  expect(answer.amount.map(({ label }: Line) => label).toSorted()).toEqual(['3 pending'])
  expect(await explained(transfer.transferId)).toMatchObject({
    amount: [{ label: `Prize in contest ${settlement.contestId}` }],
    next: { who: 'remesa', text: 'It is sent to Stripe next.' },
    links: [{ type: 'settlement', id: settlementId }],
  })
  const { jobId } = await jobOf(api.world, settlementId)
  expect((await get(`/v1/transfers?jobId=${jobId}&limit=2`)).next).not.toBeNull()
  const found = await get(`/v1/transfers?q=${winners[0]?.userId}`)
  expect(found.items).toMatchObject([{ contestId: settlement.contestId, destination: null }])
})

test('a payout that is gone is explained, from Stripe’s own name of its transfer, too', async () => {
  const { database, now } = api.world
  const owing = { providerId: 'provider-owing', amount: 5_000n, at: now() }
  const { payoutId, transferId } = await aTransferredPayout(database, { ...owing, reference: 'tr_explained' })
  expect(await explained('tr_explained')).toMatchObject({
    subject: { type: 'transfer', id: transferId, status: 'completed', money: { amount: '5000' } },
    next: { who: 'nobody' },
  })
  expect(await explained(payoutId)).toMatchObject({
    subject: { type: 'payout', status: 'transferred' },
    next: { who: 'nobody' },
  })
  const story = await get(`/v1/transfers/${transferId}`)
  expect(story.transfer.destination).toMatch(/^\*+wing$/)
  expect(story).toMatchObject({ transfer: { status: 'completed' }, attempts: [{ rail: 'stripe', state: 'paid' }] })
  expect(JSON.stringify(story)).not.toContain('acct_provider-owing')
})

test('a winner or provider is explained by all that is open for them, and by what they got', async () => {
  const { database, now } = api.world
  const { payoutId } = await aTransferredPayout(database, { providerId: 'provider-many', amount: 5_000n, at: now() })
  expect(await explained('provider-many')).toMatchObject({
    subject: { type: 'payee', id: 'provider-many', title: 'provider-many', status: 'no_account', money: null },
    amount: [],
    next: { who: 'nobody' },
    links: [{ type: 'payout', id: payoutId, label: expect.stringContaining('transferred') }],
  })
  const winners = { winners: [{ userId: 'winner-many', account: 'acct_winner_many', amount: 700n }] }
  const contests = [await aSettlement(api.world, winners), await aSettlement(api.world, winners)]
  const ids = contests.map(({ settlementId }) => settlementId)
  await database.transaction().execute(async (tx) => void (await createPayoutJobs(tx, ids, now())))
  const answer = await explained('winner-many')
  expect(answer).toMatchObject({ subject: { type: 'payee', money: { amount: '1400' } }, next: { who: 'remesa' } })
  expect(answer.amount.map(({ label }: Line) => label).toSorted()).toEqual(
    contests.map(({ settlement }) => `Contest ${settlement.contestId}, pending`).toSorted(),
  )
  expect(answer.links).toHaveLength(2)
  expect((await get('/v1/search?q=winner-many')).items.map(({ type }: { type: string }) => type)).toEqual([
    ...['payee', 'transfer', 'transfer'],
  ])
})

test('what somebody may mean is found by id and by name, each thing once', async () => {
  const { sellerBalanceId, gscSellerId, sellerId } = await aPayableBalance(api.world)
  const { items } = await get(`/v1/search?q=${gscSellerId}`)
  expect(items).toMatchObject([{ type: 'seller', id: sellerId, title: `Comercial ${gscSellerId}` }])
  expect((await get(`/v1/search?q=${sellerBalanceId}`)).items).toMatchObject([{ type: 'balance', status: 'payable' }])
  expect((await get('/v1/search?q=comerc')).items.length).toBeGreaterThan(1)
  expect((await get('/v1/search?q=nobody+at+all')).items).toEqual([])
  const { status, body } = await api.ask('GET', '/v1/explain/nothing', { token })
  expect([status, body.detail]).toEqual([404, 'There is nothing of the id nothing.'])
})

test('a payment of a customer is explained by any of Stripe’s ids of it, and what is not known is said', async () => {
  const { database, now } = api.world
  const about = { paymentId: 'pi_explained', created: now(), asOf: now() }
  await database.transaction().execute((tx) =>
    recordPayments(tx, {
      payments: [
        {
          ...{ ...about, chargeId: 'ch_explained', money: money(5_000n, 'USD'), refunded: 700n },
          ...{ description: null, disputed: true, source: 'webhook' },
        },
      ],
      refunds: [{ ...about, refundId: 're_explained', money: money(700n, 'USD'), status: 'succeeded' }],
      disputes: [{ ...about, disputeId: 'dp_explained', status: 'needs_response' }],
    }),
  )
  for (const id of ['pi_explained', 'ch_explained', 're_explained', 'dp_explained']) {
    const answer = await explained(id)
    expect(answer).toMatchObject({
      subject: { type: 'payment', id: 'pi_explained', status: 'disputed', money: { amount: '4300', currency: 'USD' } },
      amount: [{ money: { amount: '5000' } }, { money: { amount: '-700' } }],
      next: { who: 'finance', text: expect.stringContaining('Which booking or contest it was for is not known here') },
    })
    expect(answer.story.map(({ text }: { text: string }) => text)).toEqual(
      expect.arrayContaining(['The customer paid', 'Stripe told of it', 'Refund re_explained: succeeded']),
    )
  }
  expect((await get('/v1/search?q=ch_explained')).items).toMatchObject([{ type: 'payment', id: 'pi_explained' }])
  const unheard = await api.ask('GET', '/v1/explain/pi_unheard_of', { token: await api.token(VIEWER) })
  expect([unheard.status, unheard.body.detail]).toEqual([404, expect.stringContaining('neither an event of Stripe’s')])
})

test('a payment that only a comparison with Stripe has told of is explained by that', async () => {
  await sql`
    with report as (
      insert into reconciliation_reports (kind, window_from, window_to, include_refunds, tolerance_percentage,
        reporting_currency, status, severity, result, finished_at)
      values ('daily', now() - interval '1 day', now(), true, 1, 'USD', 'discrepancy_found', 'warning', '{}', now()) returning id
    )
    insert into reconciliation_findings (report_id, category, payment_id, stripe_currency, stripe_amount, stripe_refunded,
      stripe_created)
    select id, 'missing_in_database', 'pi_only_stripe', 'USD', 900, 0, now() from report`.execute(api.world.database)
  expect(await explained('pi_only_stripe')).toMatchObject({
    subject: { type: 'payment', status: 'not_recorded', money: { amount: '900', currency: 'USD' } },
    next: { who: 'finance', text: expect.stringContaining('at Stripe and not here') },
  })
})

test('a winner whom only a settlement names that nobody told of, or that was rejected, is found, and told why nobody is paid', async () => {
  const winners = { winners: [{ userId: 'winner-refused', account: 'acct_winner_refused', amount: 700n }] }
  const { settlementId, settlement } = await aSettlement(api.world, winners)
  expect(await explained('winner-refused')).toMatchObject({
    subject: { type: 'payee', money: null },
    next: { who: 'remesa' },
    links: [{ type: 'settlement', id: settlementId, label: `Contest ${settlement.contestId}, pending` }],
  })
  const { database, now } = api.world
  // The scheduler has told people that its message never came.
  await sql`update settlements set over_since = null where settlement_id = ${settlementId}`.execute(database)
  const untold = { who: 'finance', text: expect.stringContaining('Nobody told us to pay it') }
  for (const id of ['winner-refused', settlementId]) expect(await explained(id)).toMatchObject({ next: untold })
  await sql`update settlements set total = total + 1 where settlement_id = ${settlementId}`.execute(database)
  await database.transaction().execute(async (tx) => void (await createPayoutJobs(tx, [settlementId], now())))
  expect(await explained('winner-refused')).toMatchObject({
    subject: { type: 'payee', id: 'winner-refused', money: null },
    amount: [],
    story: expect.arrayContaining([
      {
        at: expect.any(String),
        text: `Named as a winner of contest ${settlement.contestId}, whose settlement was rejected (sum_differs)`,
      },
    ]),
    next: { who: 'marketplace' },
    links: [{ type: 'settlement', id: settlementId, label: `Contest ${settlement.contestId}, rejected` }],
  })
})

test('a balance that a document blocks says which one, and what is wrong with it: explained, in its story, and by its alert', async () => {
  const { database } = api.world
  const blocked = async (what: { documents: readonly SellerDocument[] } | Pick<Blocked, 'blocked' | 'details'>) => {
    const { sellerBalanceId } = await anInitializedBalance(api.world)
    await database.transaction().execute(async (tx) => {
      const { alerts } = await recordRetrieved(tx, [{ sellerBalanceId, ...what }], 'balance-retrieval')
      await insertAlerts(tx, alerts)
    })
    return sellerBalanceId
  }
  const bill = { erpId: '9077', tranId: 'VB-77', type: 'vendorBill', amount: 100n, currency: currency('USD') } as const
  const foreign = await blocked({ documents: [bill] })
  const unreadable = await blocked({
    blocked: 'documents_unreadable',
    details: { document: '9078', erpId: '9078', problem: 'the open amount is missing' },
  })
  expect((await explained(foreign)).next).toEqual({
    who: 'finance',
    text: 'Document VB-77 (NetSuite 9077) is in USD, and the balance in CLP: correct it in NetSuite, then release the balance.',
  })
  expect((await explained(unreadable)).next.text).toBe(
    'Document 9078 cannot be read: the open amount is missing. Correct it in NetSuite, then release the balance.',
  )
  for (const id of ['VB-77', '9077']) {
    expect(await explained(id)).toMatchObject({ subject: { type: 'balance', id: foreign, status: 'blocked' } })
  }
  const named = { document: 'VB-77', erpId: '9077', documentCurrency: 'USD', currency: 'CLP' }
  const { timeline } = await get(`/v1/balances/${foreign}`)
  expect(timeline).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'alert', details: expect.objectContaining(named) }),
      expect.objectContaining({
        ...{ kind: 'audit', reason: 'document_currency' },
        details: expect.objectContaining({ after: expect.objectContaining(named) }),
      }),
    ]),
  )
})
