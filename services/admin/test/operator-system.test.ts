import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { registerJobs } from '@remesa/database/admin-jobs'
import { sealAuditLog } from '@remesa/database/audit-seals'
import { anAcceptedPayment } from '@remesa/local-stack/testing/payments'
import { topics } from '@remesa/messaging/catalogue'
import { insertDeadLettersOnce } from '@remesa/messaging/dead-letters'
import type { AnyTopic } from '@remesa/messaging/topic'
import { type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
let token: string
beforeAll(async () => {
  api = await anApi()
  token = await api.token(VIEWER)
})
afterAll(() => api.stop())

const get = async (path: string) => (await api.ask('GET', path, { token })).body
const idsOf = ({ items }: { items: readonly { id: string }[] }) => items.map(({ id }) => id)

/** @returns its id */
async function aDeadLetter(
  data: string,
  { name, subscriptions: [{ name: subscription }] }: AnyTopic = topics.bookingPayout,
) {
  const messageId = randomUUID()
  await api.world.database.transaction().execute((tx) =>
    insertDeadLettersOnce(tx, [
      {
        topic: name,
        subscription,
        messageId,
        orderingKey: null,
        data: Buffer.from(data),
        attributes: { eventId: 'e-1' },
        reason: 'it could not be handled',
      },
    ]),
  )
  const { id } = await api.world.database
    .selectFrom('dead_letters')
    .select('id')
    .where('message_id', '=', messageId)
    .executeTakeFirstOrThrow()
  return id
}

test('a dead letter is read with its payload, secrets and personal data masked', async () => {
  const id = await aDeadLetter('{"bookingId":"b-1","legalName":"Ana Rojas","taxId":"12345678-5","apiKey":"sk_live"}')
  expect(await get(`/v1/dead-letters/${id}`)).toMatchObject({
    id,
    reason: 'it could not be handled',
    payload: { bookingId: 'b-1', legalName: 'A***', taxId: '*****678-5', apiKey: '***' },
  })
  expect(await get(`/v1/dead-letters/${await aDeadLetter('no json')}`)).toMatchObject({ payload: null, bytes: 7 })
})

test('dead letters are replayed once, each to its own topic, by name in the audit log', async () => {
  const ids = [await aDeadLetter('{"bookingId":"b-2"}'), await aDeadLetter('{"bookingId":"b-3"}')]
  const unreadable = await aDeadLetter('no json')
  const asked = { token: await api.token(OPERATOR), key: aKey(), body: { ids: [...ids, unreadable], reason: 'mended' } }
  const { body, status } = await api.ask('POST', '/v1/dead-letters/replay', asked)
  expect([status, body.replayed]).toEqual([200, 2])
  expect(new Map(body.items.map(({ id, outcome }: { id: string; outcome: string }) => [id, outcome]))).toEqual(
    new Map([...ids.map((id) => [id, 'replayed'] as const), [unreadable, 'unreadable']]),
  )
  const again = await api.ask('POST', '/v1/dead-letters/replay', asked)
  expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', body])
  const later = await api.act('/v1/dead-letters/replay', OPERATOR, { body: { ids, reason: 'once more' } })
  expect(later.body.replayed).toBe(0)
  const published = await api.world.published(topics.bookingPayout)
  expect(published.map(({ data }) => data.bookingId).toSorted()).toEqual(['b-2', 'b-3'])
  expect((await get('/v1/audit?action=dead_letter.replayed&actor=operator:olga')).items).toHaveLength(2)
  expect(idsOf(await get('/v1/dead-letters?waiting=true'))).not.toContain(ids[0])
})

test('dead letters are listed by topic, newest first, in pages', async () => {
  const { name } = topics.sellerProfile
  const ids = [await aDeadLetter('{}', topics.sellerProfile), await aDeadLetter('{}', topics.sellerProfile)]
  const first = await get(`/v1/dead-letters?topic=${name}&limit=1`)
  const second = await get(`/v1/dead-letters?topic=${name}&limit=1&cursor=${first.next}`)
  expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.toReversed())
  expect(second.next).toBeNull()
})

test('a job is paused, resumed, and run now; what is paused is not run', async () => {
  const nextRunAt = new Date('2099-01-01T00:00:00Z')
  const job = { name: 'payment-reset', schedule: '0 6 * * *', timeZone: 'America/Santiago', nextRunAt }
  await api.world.database.transaction().execute((tx) => registerJobs(tx, [job]))
  expect((await get('/v1/jobs')).items).toMatchObject([{ name: job.name, enabled: true, lastRunAt: null }])
  const act = (wish: string) => api.act(`/v1/jobs/payment-reset/${wish}`, OPERATOR)
  expect((await act('pause')).body.job).toMatchObject({ enabled: false })
  expect(await act('run')).toMatchObject({ status: 409, body: { detail: 'The job is paused: resume it first.' } })
  expect((await act('resume')).body.job).toMatchObject({ enabled: true, nextRunAt: nextRunAt.toISOString() })
  const { body } = await act('run')
  expect(new Date(body.job.nextRunAt).getTime()).toBeLessThanOrEqual(api.world.now().getTime())
  const { items } = await get('/v1/audit?subjectType=admin_job')
  expect(items.map(({ action }: { action: string }) => action)).toEqual([
    'admin_job.run_now',
    'admin_job.resumed',
    'admin_job.paused',
  ])
  expect((await api.act('/v1/jobs/nothing/run', OPERATOR)).status).toBe(404)
})

test('the ledger is read by account and by payable, and proves that it sums to zero', async () => {
  const { sellerBalanceId, sellerId } = await anAcceptedPayment(api.world, { amount: 4_200n })
  const accounts = (await get('/v1/ledger/accounts')).items
  const sums = new Map<string, bigint>()
  for (const { money } of accounts) {
    sums.set(money.currency, (sums.get(money.currency) ?? 0n) + BigInt(money.amount))
  }
  expect([...sums.values()].every((sum) => sum === 0n)).toBe(true)
  const payee = { account: `payee:${sellerId}`, money: { amount: '0', currency: 'CLP' } }
  for (const q of [`payee:${sellerId}`, sellerId]) {
    expect((await get(`/v1/ledger/accounts?q=${q}`)).items).toEqual([payee])
  }
  const { items } = await get(`/v1/ledger/entries?payableId=${sellerBalanceId}`)
  expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['payment_accepted', 'owed'])
  const byAccount = await get(`/v1/ledger/entries?account=payee:${sellerId}&limit=1`)
  expect(byAccount.items).toEqual([items[0]])
  const older = await get(`/v1/ledger/entries?account=payee:${sellerId}&limit=1&cursor=${byAccount.next}`)
  expect(older).toEqual({ items: [items[1]], next: null })
  expect(await get('/v1/ledger/proof')).toMatchObject({ isBalanced: true, disagreements: [] })
})

test('payees’ accounts come in pages that miss none and repeat none', async () => {
  await anAcceptedPayment(api.world)
  await anAcceptedPayment(api.world, { country: 'pe' })
  const all = (await get('/v1/ledger/accounts?q=payee:')).items
  const paged = []
  for (let next: string | null = ''; next !== null; ) {
    const cursor = next && `&cursor=${encodeURIComponent(next)}`
    const page: { items: object[]; next: string | null } = await get(`/v1/ledger/accounts?q=payee:&limit=1${cursor}`)
    paged.push(...page.items)
    next = page.next
  }
  expect([paged.length, paged]).toEqual([3, all])
})

test('the audit log is read by subject, and says how far it is sealed', async () => {
  const { sellerBalanceId } = await anAcceptedPayment(api.world)
  const of = `subjectType=seller_balance&subjectId=${sellerBalanceId}`
  const all = (await get(`/v1/audit?${of}`)).items
  const actions = all.map(({ action }: { action: string }) => action)
  expect(actions).toEqual(expect.arrayContaining(['seller_balance.retrieved', 'payment.accepted']))
  expect((await get(`/v1/audit?${of}&action=payment.accepted`)).items).toHaveLength(1)
  const page = await get(`/v1/audit?${of}&limit=1`)
  expect((await get(`/v1/audit?${of}&limit=1&cursor=${page.next}`)).items).toEqual([all[1]])

  expect(await get('/v1/audit/seals')).toMatchObject({ sealedRows: 0, lastSeal: null })
  let sealed = 0
  let lastDigest = ''
  // Rows wait while any transaction of the server is older, and other tests' databases are on the same server.
  await api.world.until('every row is sealed', async () => {
    const seal = await sealAuditLog(api.world.database)
    sealed += seal.sealed
    lastDigest = seal.lastDigest
    return (await get('/v1/audit/seals')).unsealedRows === 0
  })
  const seals = await get('/v1/audit/seals')
  expect(seals).toEqual({
    sealedRows: sealed,
    unsealedRows: 0,
    lastSeal: { at: expect.any(String), digest: lastDigest },
  })
})

test('the system tells what waits to be sent, what was set aside, and what each rail has in hand', async () => {
  const before = await get('/v1/system')
  await aDeadLetter('{}')
  await anAcceptedPayment(api.world)
  const after = await get('/v1/system')
  expect(after.deadLetters).toBe(before.deadLetters + 1)
  expect(after.outbox).toMatchObject({ waiting: expect.any(Number), due: expect.any(Number) })
  expect(after.subscriptions.length).toBeGreaterThanOrEqual(Object.keys(topics).length)
  const fpay = after.attempts.find(({ rail }: { rail: string }) => rail === 'fpay')
  expect(fpay).toMatchObject({ claimed: 0, unknown: 0, lastHour: { declined: 0 } })
  expect(fpay.lastHour.accepted).toBeGreaterThan(0)
  expect(after.rails).toContainEqual({ name: 'fpay', pausedUntil: null, reason: null })
})
