import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPayoutJobs } from '@remesa/database/settlement-payouts'
import { insertSettlements } from '@remesa/database/settlements'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, everything, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi() // up to 100 dollars one person is enough; other currencies always take two
})
afterAll(() => api.stop())

/** Of one winner, who is owed all of it. */
function aSettlement(total: string, changes: object = {}) {
  const name = aKey()
  const winner = { userId: `ana-${name}`, stripeAccountId: `acct_${name.replaceAll('-', '_')}`, amount: total }
  return {
    ...{ settlementId: `SE-${name}`, contestId: `CT-${name}`, currency: 'USD', total, status: 'closed' },
    winners: [{ ...winner, currency: 'USD' }],
    ...changes,
  }
}
/** Nobody who has brought anything before. */
const aPerson = () => ({ subject: `person-${aKey()}`, roles: ['operator', 'approver'] })
const bring = (settlements: readonly object[], who = aPerson(), body: object = {}, key = aKey()) =>
  api.act('/v1/settlements', who, { key, body: { reason: 'the marketplace was down', settlements, ...body } })
const decide = (id: string, verdict: 'approve' | 'refuse' = 'approve', who = APPROVER) =>
  api.act(`/v1/control-approvals/${id}/${verdict}`, who)
const queued = async () => (await api.world.take(topics.settlementCompleted)).map(({ data }) => data.settlementId)
const storedOf = async (one: { settlementId: string }) => {
  const { rows } = await sql<{ total: bigint }>`
    select total from settlements where settlement_id = ${one.settlementId}`.execute(api.world.database)
  return rows.map(({ total }) => total.toString())
}
const auditOf = async (subjectId: string) =>
  api.world.database
    .selectFrom('audit_log')
    .select(['actor', 'action', 'after'])
    .where('subject_id', '=', subjectId)
    .orderBy('id')
    .execute()

test('above the limit nothing is stored or told of before somebody else agrees, who sees sums, hash and list; then it is, once', async () => {
  const [large, small] = [aSettlement('10000'), aSettlement('1')]
  const who = aPerson()
  const asked = await bring([small, large], who)
  const { approval } = asked.body
  const content = JSON.stringify([small, large])
  expect(asked).toMatchObject({
    status: 202,
    body: {
      settlements: [{ settlementId: small.settlementId, result: 'waits', problem: null }, { result: 'waits' }],
      approval: {
        kind: 'settlement_import',
        status: 'open',
        requestedBy: `operator:${who.subject}`,
        wish: {
          totals: [{ amount: '10001', currency: 'USD' }],
          ...{ settlements: 2, winners: 2, unchanged: 0, replace: false, replaces: null, notListed: 0 },
          list: [
            { settlementId: large.settlementId, total: '10000', result: 'new', winners: 1 },
            { settlementId: small.settlementId },
          ],
        },
      },
    },
  })
  expect([await storedOf(large), await storedOf(small), await queued()]).toEqual([[], [], []])
  const listed = await api.ask('GET', '/v1/control-approvals?kind=settlement_import&status=open', {
    token: await api.token(VIEWER),
  })
  expect(listed.body.items).toEqual([approval])
  const { rows } = await sql<{ content: string }>`
    select wish->>'content' as content from control_approvals where id = ${approval.id}`.execute(api.world.database)
  expect(JSON.parse(rows[0]?.content ?? '')).toEqual(JSON.parse(content))
  expect(approval.wish.hash).toBe(
    createHash('sha256')
      .update(rows[0]?.content ?? '')
      .digest('hex'),
  )

  expect(await decide(approval.id)).toMatchObject({ status: 200, body: { approval: { status: 'approved' } } })
  expect([await storedOf(large), await storedOf(small)]).toEqual([['10000'], ['1']])
  expect(await queued()).toEqual([small.settlementId, large.settlementId])
  expect(await auditOf(large.settlementId)).toEqual([
    {
      actor: `operator:${who.subject}`,
      action: 'settlement.imported',
      after: expect.objectContaining({ approvalId: approval.id, owed: { USD: '10000' } }),
    },
  ])
  const told = await auditOf(approval.subjectId)
  expect(told.map(({ action }) => action)).toEqual(['settlement_import.requested', 'control.approved'])
  expect(JSON.stringify(told)).not.toContain('content')

  expect(await decide(approval.id)).toMatchObject({ status: 409, body: { approval: { status: 'approved' } } })
  expect((await bring([small, large], who)).body.settlements).toMatchObject([
    { result: 'unchanged' },
    { result: 'unchanged' },
  ])
  expect(await queued()).toEqual([])
})

test('whoever asked never approves; what is refused is not stored', async () => {
  const one = aSettlement('20000')
  const who = aPerson()
  const { id } = (await bring([one], who)).body.approval
  expect(await decide(id, 'approve', who)).toMatchObject({
    status: 403,
    body: { type: 'urn:remesa:problem:own-request' },
  })
  expect((await decide(id, 'refuse')).status).toBe(200)
  expect([await storedOf(one), await queued()]).toEqual([[], []])
  expect((await decide(id)).status).toBe(409)
})

test('a currency without a limit takes two, however little; what pays nobody takes one', async () => {
  const pesos = aSettlement('1', { currency: 'CLP' })
  const asked = await bring([{ ...pesos, winners: [{ ...pesos.winners[0], currency: 'CLP' }] }])
  expect(asked).toMatchObject({
    status: 202,
    body: { approval: { wish: { totals: [{ amount: '1', currency: 'CLP' }] } } },
  })
  expect(await bring([aSettlement('1', { currency: 'XXX', winners: [] })])).toMatchObject({
    status: 200,
    body: { approval: null },
  })
  await queued()
})

test('in parts one person brings no more within a day than at once; what two agreed to, others and the day before do not count', async () => {
  const who = aPerson()
  expect((await bring([aSettlement('6000')], who)).status).toBe(200)
  const asked = await bring([aSettlement('4001')], who)
  expect(asked.status).toBe(202)
  expect((await decide(asked.body.approval.id)).status).toBe(200)
  expect((await bring([aSettlement('4000')], who)).status).toBe(200)
  expect((await bring([aSettlement('1')], who)).status).toBe(202)
  expect((await bring([aSettlement('10000')])).status).toBe(200)
  // A negative amount pays nobody, and takes nothing from the sum.
  const less = aSettlement('10001')
  const negative = { ...less.winners[0], userId: 'ben', amount: '-9000' }
  expect((await bring([{ ...less, winners: [...less.winners, negative] }])).status).toBe(202)
  await queued()
})

test('a day later one person may bring as much again', async () => {
  const who = aPerson()
  const brought = aSettlement('10000')
  await bring([brought], who)
  const day = 86_400_000
  const owed = JSON.stringify({ owed: { USD: '10000' } })
  const other = aPerson()
  const at = new Date(api.world.now().getTime() - day - 1_000)
  await sql`
    insert into audit_log (occurred_at, actor, action, subject_type, subject_id, after)
    values (${at}, ${`operator:${other.subject}`}, 'settlement.imported', 'settlement', 'SE-old', ${owed}::jsonb)`.execute(
    api.world.database,
  )
  expect((await bring([aSettlement('1')], who)).status).toBe(202)
  expect((await bring([aSettlement('10000')], other)).status).toBe(200)
  await queued()
})

test('parts that one person sends at once add up as well', async () => {
  const who = aPerson()
  const all = await Promise.all([1, 2, 3].map(() => bring([aSettlement('5000')], who)))
  expect(all.map(({ status }) => status).toSorted()).toEqual([200, 200, 202])
  await queued()
})

test('the same asked for twice or at once is one approval, and of two who approve at once one does', async () => {
  const one = aSettlement('10001')
  const asked = await Promise.all([bring([one]), bring([one]), bring([one])])
  expect(asked.map(({ status }) => status)).toEqual([202, 202, 202])
  const ids = new Set(asked.map(({ body }) => body.approval.id))
  expect(ids.size).toBe(1)
  const [id = ''] = ids
  const approvers = ['adam', 'eve'].map((subject) => ({ subject, roles: ['approver'] }))
  const decided = await Promise.all(approvers.map((who) => decide(id, 'approve', who)))
  expect(decided.map(({ status }) => status).toSorted()).toEqual([200, 409])
  expect([await storedOf(one), await queued()]).toEqual([['10001'], [one.settlementId]])
})

test('an approval is void, with the reason, once a settlement stands there otherwise, and nothing of it is stored', async () => {
  const [one, other] = [aSettlement('10001'), aSettlement('5')]
  const { id } = (await bring([one, other])).body.approval
  await bring([{ ...other, total: '6' }])
  await queued()
  expect(await decide(id)).toMatchObject({
    status: 409,
    body: {
      type: 'urn:remesa:problem:approval-void',
      detail: expect.stringContaining(`Settlement ${other.settlementId} stands here otherwise by now`),
      approval: { status: 'void' },
    },
  })
  expect([await storedOf(one), await storedOf(other), await queued()]).toEqual([[], ['6'], []])
  // Asked for anew, as it stands now, it is another wish.
  const again = await bring([one, other], aPerson(), { replace: true })
  expect(again).toMatchObject({ status: 202, body: { approval: { wish: { replace: true } } } })
  expect(again.body.approval.wish.list).toMatchObject([{ result: 'new' }, { result: 'replaced' }])
  const before = await everything(api.world)
  expect((await bring([one, other], aPerson(), { replace: true })).body.approval.id).toBe(again.body.approval.id)
  expect(await everything(api.world)).toBe(before)
  // What was to be replaced gave way to another meanwhile.
  await bring([{ ...other, total: '7' }], aPerson(), { replace: true })
  await queued()
  expect(await decide(again.body.approval.id)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('to be replaced') },
  })
  const last = await bring([one, other], aPerson(), { replace: true })
  expect((await decide(last.body.approval.id)).status).toBe(200)
  expect([await storedOf(one), await storedOf(other)]).toEqual([['10001'], ['5']])
  expect(await queued()).toEqual([one.settlementId, other.settlementId])
})

test('what the marketplace sent itself meanwhile is not stored or told of again; when that is all, there is nothing to agree to', async () => {
  const [one, other] = [aSettlement('10001'), aSettlement('5')]
  const sends = (sent: typeof one) =>
    api.world.database.transaction().execute(async (tx) => {
      const { winners, ...settlement } = sent
      const theirs = winners.map((winner) => ({ ...winner, amount: BigInt(winner.amount) }))
      await insertSettlements(tx, [{ settlement: { ...settlement, total: BigInt(settlement.total) }, winners: theirs }])
      await createPayoutJobs(tx, [settlement.settlementId], api.world.now())
    })
  const { id } = (await bring([one, other])).body.approval
  await sends(other)
  expect((await decide(id)).status).toBe(200)
  expect(await queued()).toEqual([one.settlementId])
  const third = aSettlement('10001')
  const asked = (await bring([third], OPERATOR)).body.approval
  await sends(third)
  expect(await decide(asked.id)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('came by another way') },
  })
})

test('an import as large as a request may be is kept whole and listed in part, and a list of approvals stays short', async () => {
  const crowd = Array.from({ length: 100 }, (_, at) => ({
    ...{ userId: `${'u'.repeat(150)}${at}`, stripeAccountId: null, amount: '1', currency: 'USD' },
  }))
  const all = Array.from({ length: 150 }, (_, at) =>
    aSettlement('100', { winners: crowd, ...(at === 149 && { total: '101', winners: [...crowd, ...crowd] }) }),
  )
  expect(Buffer.byteLength(JSON.stringify(all))).toBeGreaterThan(3_000_000)
  const asked = await bring(all)
  const { wish, id } = asked.body.approval
  expect(wish).toMatchObject({
    ...{ settlements: 150, winners: 15_100, notListed: 130, totals: [{ amount: '15100', currency: 'USD' }] },
  })
  expect(wish.list).toHaveLength(20)
  expect(wish.list[0]).toMatchObject({ settlementId: all[149]?.settlementId, winners: 200 })
  const page = async (query: string) =>
    (await api.ask('GET', `/v1/control-approvals/${id}/settlements?${query}`, { token: await api.token(VIEWER) })).body
  const first = await page('limit=149')
  expect(first).toEqual({ items: all.slice(0, 149), next: '149' })
  expect(await page(`limit=149&cursor=${first.next}`)).toEqual({ items: all.slice(149), next: null })
  const listed = await api.ask('GET', '/v1/control-approvals', { token: await api.token(VIEWER) })
  expect(JSON.stringify(listed.body).length).toBeLessThan(50_000)
  expect((await decide(id)).status).toBe(200)
  expect(await queued()).toHaveLength(150)
})
