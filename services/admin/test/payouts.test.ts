import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { type Api, aKey, anApi, aPayout, everything, look, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const audit = async (payoutId: string) => {
  const { rows } = await sql<{ actor: string; action: string; reason: string | null }>`
    select actor, action, reason from audit_log where subject_id = ${payoutId} order by id`.execute(api.world.database)
  return rows
}

test('an operator holds a payout and releases it by force: each audited in their name, and the booking looked at again', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  await api.world.take(topics.bookingPayout)
  const held = await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR, { body: { reason: '  fraud?  ' } })
  expect(held).toMatchObject({ status: 200, body: { payout: { id: payoutId, status: 'on_hold', heldBy: 'operator' } } })
  expect(held.body.payout).toMatchObject({ holdReason: 'fraud?', amount: '5000', currency: 'USD' })
  const released = await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  expect(released).toMatchObject({ status: 200, body: { payout: { status: 'scheduled' }, approval: null } })
  expect(await audit(payoutId)).toEqual([
    expect.objectContaining({ action: 'payout.scheduled' }),
    { actor: 'operator:olga', action: 'payout.held', reason: 'fraud?' },
    { actor: 'operator:olga', action: 'payout.overridden', reason: 'a good reason' },
  ])
  expect((await api.world.take(topics.bookingPayout)).map(({ data }) => data)).toEqual([{ bookingId }, { bookingId }])
  await look(api.world.database, bookingId, api.world.now())
  expect((await api.ask('GET', `/v1/payouts/${payoutId}`, { token: await api.token(VIEWER) })).body).toMatchObject({
    payout: { status: 'processing' },
    transfers: [{ status: 'pending', amount: '5000' }],
  })
})

test('a hold that is undone leaves a payout as it was: due when it was, and by one person at any amount', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { amount: 50_000n })
  const held = await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR)
  const resumed = await api.act(`/v1/payouts/${payoutId}/resume`, OPERATOR, { body: { reason: 'all is well' } })
  expect(resumed).toMatchObject({
    status: 200,
    body: { payout: { status: 'scheduled', heldBy: null, dueAt: held.body.payout.dueAt }, approval: null },
  })
  expect((await audit(payoutId)).at(-1)).toEqual({
    ...{ actor: 'operator:olga', action: 'payout.resumed', reason: 'all is well' },
  })
  await look(api.world.database, bookingId, api.world.now())
  const { body } = await api.ask('GET', `/v1/payouts/${payoutId}`, { token: await api.token(VIEWER) })
  expect(body).toMatchObject({ payout: { status: 'scheduled' }, transfers: [] })
})

test('what a dispute holds is resumed by nobody; a hold put on top of it is undone, and the dispute holds it still', async () => {
  const { payoutId, bookingId } = await aPayout(api.world, { disputed: true })
  const before = await everything(api.world)
  expect(await api.act(`/v1/payouts/${payoutId}/resume`, OPERATOR)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('dispute'), current: { status: 'on_hold', heldBy: 'disputes' } },
  })
  expect(await everything(api.world)).toBe(before)
  await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR)
  expect((await api.act(`/v1/payouts/${payoutId}/resume`, OPERATOR)).status).toBe(200)
  await look(api.world.database, bookingId, api.world.now())
  const { body } = await api.ask('GET', `/v1/payouts/${payoutId}`, { token: await api.token(VIEWER) })
  expect(body.payout).toMatchObject({ status: 'on_hold', heldBy: 'disputes' })
})

test('a cancelled payout stays cancelled', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  expect(await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)).toMatchObject({
    status: 200,
    body: { payout: { status: 'cancelled', cancelledBy: 'operator' } },
  })
  await look(api.world.database, bookingId, api.world.now())
  const { body } = await api.ask('GET', `/v1/payouts?bookingId=${bookingId}`, { token: await api.token(VIEWER) })
  expect(body).toMatchObject({ payouts: [{ id: payoutId, status: 'cancelled' }], next: null })
})

test.each([
  ['retry', 'scheduled'],
  ['hold', 'cancelled'],
  ['resume', 'scheduled'],
  ['resume', 'cancelled'],
  ['force-release', 'cancelled'],
  ['cancel', 'cancelled'],
])('%s of a payout that is %s is refused with its current state, and nothing is changed', async (action, status) => {
  const { payoutId } = await aPayout(api.world)
  if (status === 'cancelled') await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)
  const before = await everything(api.world)
  const answer = await api.act(`/v1/payouts/${payoutId}/${action}`, OPERATOR)
  expect(answer).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:wrong-state', status: 409, current: { id: payoutId, status } },
  })
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(answer.body.detail).toMatch(/^A payout that is .+\.$/)
  expect(await everything(api.world)).toBe(before)
})

test('a payout whose transfer is on its way cannot be held: it may be paid already', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  await api.act(`/v1/payouts/${payoutId}/force-release`, OPERATOR)
  await look(api.world.database, bookingId, api.world.now())
  const { rows } = await sql<{ id: string }>`select id from payout_transfers where payout_id = ${payoutId}`.execute(
    api.world.database,
  )
  await sql`
    insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency, destination,
      instruction, state, lease_token, lease_expires_at, first_called_at)
    values ('payout_transfer', ${rows[0]?.id}, 'stripe', 1, ${`payout:${rows[0]?.id}`}, 5000, 'USD', 'acct', '{}', 'claimed',
      gen_random_uuid(), now() + interval '1 minute', now())`.execute(api.world.database)
  const before = await everything(api.world)
  expect(await api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR)).toMatchObject({
    status: 409,
    body: { current: { status: 'processing' } },
  })
  expect(await everything(api.world)).toBe(before)
})

test('the same key and request is done once and answered the same, however often it is sent and whatever came after it', async () => {
  const { payoutId } = await aPayout(api.world)
  const key = aKey()
  const hold = () => api.act(`/v1/payouts/${payoutId}/hold`, OPERATOR, { key })
  const first = await hold()
  await api.act(`/v1/payouts/${payoutId}/cancel`, OPERATOR)
  const before = await everything(api.world)
  const again = await hold()
  expect(again).toMatchObject({ status: 200, body: first.body })
  expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
  expect(await everything(api.world)).toBe(before)
})

test('of ten that arrive at once with one key, one is done and all are answered the same', async () => {
  const { payoutId } = await aPayout(api.world)
  const [token, key] = [await api.token(OPERATOR), aKey()]
  const body = { reason: 'at once' }
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.ask('POST', `/v1/payouts/${payoutId}/hold`, { token, key, body })),
  )
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toEqual(
    new Set([JSON.stringify([200, answers[0]?.body])]),
  )
  expect((await audit(payoutId)).filter(({ action }) => action === 'payout.held')).toHaveLength(1)
})

test('a refusal is an answer, too: the same key gets it again, though it would fit now', async () => {
  const { payoutId } = await aPayout(api.world)
  const [key, path] = [aKey(), `/v1/payouts/${payoutId}/retry`]
  const first = await api.act(path, OPERATOR, { key })
  expect(first.status).toBe(409)
  expect(await api.act(path, OPERATOR, { key })).toMatchObject({ status: 409, body: first.body })
})

test('a key that was used for another action, payout or reason is refused, and nothing is changed', async () => {
  const [one, other] = [await aPayout(api.world), await aPayout(api.world)]
  const key = aKey()
  await api.act(`/v1/payouts/${one.payoutId}/hold`, OPERATOR, { key })
  const before = await everything(api.world)
  for (const [path, reason] of [
    [`/v1/payouts/${one.payoutId}/cancel`, 'a good reason'],
    [`/v1/payouts/${other.payoutId}/hold`, 'a good reason'],
    [`/v1/payouts/${one.payoutId}/hold`, 'another reason'],
  ]) {
    expect(await api.act(String(path), OPERATOR, { key, body: { reason } })).toMatchObject({
      status: 422,
      body: { type: 'urn:remesa:problem:request-key-reused' },
    })
  }
  expect(await everything(api.world)).toBe(before)
})

test('a key is its operator’s own: somebody else’s is another one', async () => {
  const [one, other] = [await aPayout(api.world), await aPayout(api.world)]
  const key = aKey()
  await api.act(`/v1/payouts/${one.payoutId}/hold`, OPERATOR, { key })
  const theirs = await api.act(`/v1/payouts/${other.payoutId}/hold`, { ...OPERATOR, subject: 'otto' }, { key })
  expect(theirs).toMatchObject({ status: 200, body: { payout: { id: other.payoutId } } })
})

test('a payout that does not exist is 404', async () => {
  const id = '00000000-0000-4000-8000-000000000000'
  expect((await api.act(`/v1/payouts/${id}/hold`, OPERATOR)).status).toBe(404)
  expect((await api.ask('GET', `/v1/payouts/${id}`, { token: await api.token(VIEWER) })).status).toBe(404)
})
