import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPayoutJobs } from '@remesa/database/settlement-payouts'
import { topics } from '@remesa/messaging/catalogue'
import { APPROVER, type Api, aKey, anApi, everything, OPERATOR } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi({ limits: 'USD:100000000' }) // one person is enough for all of these
})
afterAll(() => api.stop())

const aWinner = (userId: string, changes: object = {}) => ({
  userId,
  stripeAccountId: `acct_${userId.replaceAll('-', '_')}`,
  amount: '1250',
  currency: 'USD',
  ...changes,
})
function aSettlement(changes: object = {}) {
  const name = aKey()
  const winners = [aWinner(`ana-${name}`), aWinner(`ben-${name}`)]
  return {
    settlementId: `SE-${name}`,
    contestId: `CT-${name}`,
    currency: 'USD',
    total: '2500',
    status: 'closed',
    winners,
    ...changes,
  }
}
const bring = (settlements: readonly object[], body: object = {}, key = aKey()) =>
  api.act('/v1/settlements', OPERATOR, {
    key,
    body: { reason: 'the marketplace could not send them', settlements, ...body },
  })
const queued = async () => (await api.world.take(topics.settlementCompleted)).map(({ data }) => data.settlementId)
const resultsOf = ({ body }: Awaited<ReturnType<typeof bring>>) =>
  body.settlements.map(({ result }: { result: string }) => result)
const payJobs = (ids: readonly string[]) =>
  api.world.database.transaction().execute((tx) => createPayoutJobs(tx, ids, api.world.now()))

test('settlements are stored with their winners, told of in the same transaction, audited, and become payouts', async () => {
  const one = aSettlement()
  const other = aSettlement()
  const answer = await bring([one, other])
  expect(answer).toMatchObject({
    status: 200,
    body: { settlements: [{ settlementId: one.settlementId, result: 'new', problem: null }, { result: 'new' }] },
  })
  expect(await queued()).toEqual([one.settlementId, other.settlementId])
  const { answers } = await payJobs([one.settlementId])
  expect(answers.get(one.settlementId)).toMatchObject({
    kind: 'created',
    transferIds: [expect.any(String), expect.any(String)],
  })
  const audit = await api.world.database
    .selectFrom('audit_log')
    .select(['actor', 'action', 'reason'])
    .where('subject_id', '=', one.settlementId)
    .execute()
  expect(audit).toEqual([
    { actor: 'operator:olga', action: 'settlement.imported', reason: 'the marketplace could not send them' },
  ])
})

test('the same settlement again changes nothing, also once it is paid, and is told of to nobody', async () => {
  const one = aSettlement()
  await bring([one])
  await queued()
  const before = await everything(api.world)
  expect(resultsOf(await bring([{ ...one, winners: one.winners.toReversed() }]))).toEqual(['unchanged'])
  expect(await everything(api.world)).toBe(before)
  await payJobs([one.settlementId])
  expect(resultsOf(await bring([one, aSettlement()]))).toEqual(['unchanged', 'new'])
  await queued()
})

test('a key is answered once: the same import with the same key is one, and another under it is refused', async () => {
  const one = aSettlement()
  const key = aKey()
  const answers = await Promise.all([bring([one], {}, key), bring([one], {}, key)])
  expect(answers.map(resultsOf)).toEqual([['new'], ['new']])
  expect(await queued()).toEqual([one.settlementId])
  expect((await bring([aSettlement()], {}, key)).status).toBe(422)
})

test('of two imports of one settlement at once one stores it, and the other finds it unchanged or is refused', async () => {
  const one = aSettlement()
  const same = await Promise.all([bring([one]), bring([one]), bring([one])])
  expect(same.flatMap(resultsOf).toSorted()).toEqual(['new', 'unchanged', 'unchanged'])
  const other = aSettlement()
  const different = await Promise.all([bring([other]), bring([{ ...other, total: '2501' }])])
  expect(different.map(({ status }) => status).toSorted()).toEqual([200, 409])
  expect(await queued()).toEqual([one.settlementId, other.settlementId])
})

test('another settlement under a known id is refused with what differs, and nothing of the request is stored', async () => {
  const one = aSettlement()
  await bring([one])
  await queued()
  const before = await everything(api.world)
  const changed = { ...one, total: '2600', winners: [aWinner('ana', { amount: '1350' }), one.winners[1]] }
  const answer = await bring([aSettlement(), changed])
  expect(answer).toMatchObject({
    status: 409,
    body: {
      type: 'urn:remesa:problem:wrong-state',
      different: [{ settlementId: one.settlementId, hasJob: false, differs: ['total', 'winners'] }],
    },
  })
  expect(answer.body.detail).toContain('Nothing was stored')
  expect(await everything(api.world)).toBe(before)
})

test('one that is not being paid gives way where that is asked for, and one that is never does', async () => {
  const wrong = aSettlement({ total: '2400' })
  expect((await bring([wrong])).body.settlements).toMatchObject([{ result: 'new', problem: { rule: 'sum_differs' } }])
  const { answers } = await payJobs([wrong.settlementId])
  expect(answers.get(wrong.settlementId)).toMatchObject({ kind: 'rejected' })
  await queued()
  const right = { ...wrong, total: '2500' }
  expect((await bring([right], { replace: true })).body.settlements).toMatchObject([
    { result: 'replaced', problem: null },
  ])
  expect(await queued()).toEqual([wrong.settlementId])
  const paid = await payJobs([wrong.settlementId])
  expect(paid.answers.get(wrong.settlementId)).toMatchObject({ kind: 'created' })
  expect(await bring([{ ...right, status: 'completed' }], { replace: true })).toMatchObject({
    status: 409,
    body: { different: [{ hasJob: true, differs: ['status'] }], detail: expect.stringContaining('nothing changes it') },
  })
})

test('what no marketplace could have written is refused with its place, and what is larger than a request may be', async () => {
  const one = aSettlement()
  for (const [settlements, where] of [
    [[], 'settlements'],
    [[{ ...one, total: '12.50' }], 'settlements.0.total'],
    [[{ ...one, total: '1'.repeat(19) }], 'settlements.0.total'],
    [[{ ...one, settlementId: ' SE' }], 'settlements.0.settlementId'],
    [[{ ...one, winners: [aWinner('ana', { stripeAccountId: 'ana' })] }], 'settlements.0.winners.0.stripeAccountId'],
    [[one, one], 'settlements: must have each one once'],
    [[{ ...one, more: 1 }], 'settlements.0'],
  ] as const) {
    const answer = await bring(settlements)
    expect([where, answer.status, answer.body.detail]).toEqual([where, 400, expect.stringContaining(where)])
  }
  const crowd = Array.from({ length: 20_001 }, (_, at) => aWinner(`u${at}`))
  expect(await bring([{ ...one, winners: crowd }])).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('20000 winners') },
  })
  const vast = Array.from({ length: 20_001 }, (_, at) => aWinner(`${'u'.repeat(150)}${at}`))
  expect(await bring([{ ...one, winners: vast }])).toMatchObject({
    status: 413,
    body: { detail: expect.stringContaining('4194304 bytes') },
  })
  const elsewhere = await api.act('/v1/rails/fpay/stop', APPROVER, { body: { reason: 'x'.repeat(20_000) } })
  expect(elsewhere).toMatchObject({ status: 413, body: { detail: expect.stringContaining('16384 bytes') } })
  expect(await queued()).toEqual([])
})
