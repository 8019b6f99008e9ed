import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { lockBooking, storeWord } from '@remesa/database/bookings'
import { moved, recordEntries } from '@remesa/database/ledger'
import { insertReversals } from '@remesa/database/payout-reversals'
import { aTransferredPayout } from '@remesa/database/testing/transferred-payout'
import { currency } from '@remesa/domain/currency'
import { sql } from 'kysely'
import { type Api, anApi, aPayout, look, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
let token: string
beforeAll(async () => {
  api = await anApi()
  token = await api.token(VIEWER)
})
afterAll(() => api.stop())

const get = async (path: string) => (await api.ask('GET', path, { token })).body
const idsOf = (payouts: readonly { id: string }[]) => payouts.map(({ id }) => id)

test('payouts come newest first, in pages that miss none and repeat none, though more come meanwhile', async () => {
  for (let count = 0; count < 7; count++) await aPayout(api.world)
  // Of one moment, and of moments that JavaScript cannot tell apart.
  await sql`update payouts set created_at = '2026-11-20T10:00:00.000001Z' where booking_id in ('booking-2', 'booking-3')`.execute(
    api.world.database,
  )
  await sql`update payouts set created_at = '2026-11-20T10:00:00.000002Z' where booking_id = 'booking-4'`.execute(
    api.world.database,
  )
  const { rows } = await sql<{ id: string }>`select id from payouts order by created_at desc, id desc`.execute(
    api.world.database,
  )
  const first = await get('/v1/payouts?limit=2')
  await aPayout(api.world)
  const found = [...first.payouts]
  for (let { next } = first; next !== null; ) {
    const page = await get(`/v1/payouts?limit=2&cursor=${next}`)
    found.push(...page.payouts)
    next = page.next
  }
  expect(idsOf(found)).toEqual(idsOf(rows))
})

test('a cursor of nothing that exists has nothing after it', async () => {
  const nothing = '00000000-0000-4000-8000-000000000000'
  expect(await get(`/v1/payouts?cursor=${nothing}`)).toEqual({ payouts: [], next: null })
})

test('payouts are found by status, provider and booking, and by all of them', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { disputed: true })
  const provider = bookingId.replace('booking', 'provider')
  for (const query of [
    'status=on_hold',
    `providerId=${provider}`,
    `bookingId=${bookingId}`,
    `status=on_hold&providerId=${provider}&bookingId=${bookingId}`,
  ]) {
    expect(idsOf((await get(`/v1/payouts?${query}`)).payouts)).toEqual([payoutId])
  }
  expect(await get(`/v1/payouts?status=failed&bookingId=${bookingId}`)).toEqual({ payouts: [], next: null })
})

test('a payout is read with its whole history, amounts as decimal strings', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { amount: 9_007n, code: 'USD', disputed: true })
  const at = api.world.now()
  await api.world.database.transaction().execute(async (tx) => {
    const money = { amount: 500n, currency: currency('USD') }
    const tip = { tipId: `${bookingId}-tip`, money, addedAt: at, status: 'paid' as const, saidAt: at }
    await storeWord(tx, await lockBooking(tx, bookingId), { kind: 'tip', ...tip }, at)
  })
  await look(api.world.database, bookingId, at)
  await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  await look(api.world.database, bookingId, api.world.now())
  const story = await get(`/v1/payouts/${payoutId}`)
  expect(story).toMatchObject({
    payout: {
      id: payoutId,
      bookingId,
      sequence: 1,
      status: 'processing',
      amount: '9507',
      setOff: '0',
      currency: 'USD',
    },
    booking: { bookingId, providerShare: '9007', completedAt: expect.stringMatching(/^20\d\d-.*Z$/) },
    tips: [{ tipId: `${bookingId}-tip`, amount: '500', status: 'paid' }],
    disputes: [{ disputeId: `${bookingId}-dispute`, resolvedAt: null, refundAmount: null }],
    transfers: [{ amount: '9507', status: expect.any(String), attempts: 0 }],
    reversals: [],
    attempts: [],
    approvals: [],
  })
  expect(story.payout.overriddenDisputes).toEqual([`${bookingId}-dispute`])
  expect(story.audit.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['payout.scheduled', 'payout.held', 'payout.adjusted', 'payout.overridden']),
  )
  const amounts = story.ledger.flatMap(({ postings }: { postings: { amount: string }[] }) =>
    postings.map(({ amount }) => amount),
  )
  expect(amounts).toContain('9507')
  expect(amounts.reduce((sum: bigint, amount: string) => sum + BigInt(amount), 0n)).toBe(0n)
})

test('what was tried at the rail is told with its answer, and so is what was taken back', async () => {
  const { database, now } = api.world
  const paid = await aTransferredPayout(database, { providerId: 'p', amount: 5_000n, reference: 'tr_1', at: now() })
  const { payoutId, transferId, providerId } = paid
  const money = { amount: 700n, currency: currency('USD') }
  await database.transaction().execute(async (tx) => {
    await insertReversals(tx, [{ payoutId, transferId, providerId, money }], now())
  })
  const facts = JSON.stringify({ status: 200, requestId: 'req_1', destination: 'acct_of_the_provider_0001' })
  await sql`update payment_attempts set last_facts = ${facts}::jsonb where payable_id = ${transferId}`.execute(database)
  const { rows } = await sql<{ destination: string }>`
    select destination from payout_transfers where id = ${transferId}`.execute(database)
  const story = await get(`/v1/payouts/${payoutId}`)
  expect(story.transfers[0].destination).toMatch(/^\*+/)
  expect(story.transfers[0].destination).not.toBe(rows[0]?.destination)
  expect(story.attempts[0].lastFacts).toEqual({ status: 200, requestId: 'req_1', destination: '********0001' })
  expect(story).toMatchObject({
    payout: { status: 'transferred', amount: '5000' },
    transfers: [{ id: transferId, status: 'completed', providerReference: 'tr_1' }],
    reversals: [{ transferId, amount: '700', status: 'pending' }],
    attempts: [
      {
        payable: { type: 'payout_transfer', id: transferId },
        amount: '5000',
        state: 'paid',
        providerReference: 'tr_1',
      },
    ],
  })
  expect(story.attempts[0]).not.toHaveProperty('instruction')
})

test('a payout that was wholly set off has its ledger entries, though no transfer carries them', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  const receivable = `receivable:user:${bookingId.replace('booking', 'provider')}`
  await api.world.database.transaction().execute((tx) =>
    recordEntries(tx, [
      {
        idempotencyKey: 'an older debt',
        kind: 'receivable_opened',
        postings: moved({ amount: 7_000n, currency: currency('USD') }, { from: receivable, to: 'owed_from:bookings' }),
      },
    ]),
  )
  await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  await look(api.world.database, bookingId, api.world.now(), { setOffPercent: 100 })
  const { payout, transfers, ledger } = await get(`/v1/payouts/${payoutId}`)
  expect([payout.status, payout.setOff, transfers]).toEqual(['transferred', '5000', []])
  expect(ledger).toMatchObject([
    { idempotencyKey: `owed:${payoutId}`, postings: [{ amount: '-5000' }, { amount: '5000' }] },
    { idempotencyKey: `set_off:${payoutId}`, postings: [{ amount: '-5000' }, { account: receivable, amount: '5000' }] },
  ])
})
