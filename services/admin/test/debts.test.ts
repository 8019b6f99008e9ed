import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { moved, owedFromBookings, recordEntries, userPayee } from '@remesa/database/ledger'
import { receivableAccount } from '@remesa/database/receivables'
import { currency } from '@remesa/domain/currency'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { sql } from 'kysely'
import { APPROVER, type Api, aKey, anApi, OPERATOR, VIEWER } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi() // up to 100 dollars one person is enough
})
afterAll(() => api.stop())

const read = async (path: string) => (await api.ask('GET', path, { token: await api.token(VIEWER) })).body
const settle = (providerId: string, body: object, key = aKey()) =>
  api.act(`/v1/debts/${encodeURIComponent(providerId)}/settle`, OPERATOR, {
    key,
    body: { currency: 'USD', reason: 'a good reason', ...body },
  })
const repaid = (amount: string, reference = `bank transfer ${aKey()}`) => ({ how: 'repaid', amount, reference })
const forgiven = (amount: string) => ({ how: 'forgiven', amount })
const approve = (id: string, who = APPROVER) => api.act(`/v1/control-approvals/${id}/approve`, who)
const owedBy = async (providerId: string) =>
  (await read(`/v1/debts?providerId=${encodeURIComponent(providerId)}`)).items.map(
    ({ money }: { money: { amount: string; currency: string } }) => `${money.amount} ${money.currency}`,
  )

/** What a reversal leaves that Stripe refused. */
async function aDebt(amount: bigint, { providerId = `provider ${aKey()} ñ_1`, code = 'USD' } = {}): Promise<string> {
  await api.world.database.transaction().execute(async (tx) => {
    await recordEntries(tx, [
      {
        idempotencyKey: `ledger:reversal:${aKey()}`,
        kind: 'receivable_opened',
        postings: moved(
          { amount, currency: currency(code) },
          { from: receivableAccount(userPayee(providerId)), to: owedFromBookings },
        ),
      },
    ])
    await raiseAlerts(tx, [
      {
        kind: 'reversal_refused',
        dedupKey: `reversal_refused:${providerId}:${code}`,
        subject: { type: 'payout', id: aKey() },
        businessDate: null,
        details: { providerId, currency: code },
      },
    ])
  })
  return providerId
}
const openAlerts = async (providerId: string) =>
  (await read('/v1/alerts?kind=reversal_refused&status=open&limit=200')).items.filter(
    ({ details }: { details: { providerId: string } }) => details.providerId === providerId,
  )

test('a debt that was repaid is written down by one person up to the limit, with what names the payment, and its alert closes at zero', async () => {
  const provider = await aDebt(9_000n)
  expect(await settle(provider, repaid('4000'))).toMatchObject({
    status: 200,
    body: { debt: { providerId: provider, money: { amount: '5000', currency: 'USD' } }, approval: null },
  })
  expect(await openAlerts(provider)).toHaveLength(1)
  expect((await settle(provider, repaid('5000', 'bank transfer 4711'))).status).toBe(200)
  expect(await owedBy(provider)).toEqual([])
  expect(await openAlerts(provider)).toEqual([])
  expect(await read('/v1/ledger/proof')).toMatchObject({ isBalanced: true, disagreements: [] })
  const audit = (await read(`/v1/audit?subjectType=debt&subjectId=${encodeURIComponent(`${provider}:USD`)}`)).items
  expect(audit).toMatchObject([
    { after: { owed: '0', how: 'repaid', reference: 'bank transfer 4711' } },
    { actor: 'operator:olga', action: 'receivable.settled', before: { owed: '9000' } },
  ])
})

test('above the limit, and in a currency without one, a repayment takes a second person', async () => {
  const provider = await aDebt(20_000n)
  const asked = await settle(provider, repaid('10001'))
  expect(asked).toMatchObject({ status: 202, body: { approval: { kind: 'debt_settlement', wish: { how: 'repaid' } } } })
  expect(await owedBy(provider)).toEqual(['20000 USD'])
  expect((await approve(asked.body.approval.id)).status).toBe(200)
  expect(await owedBy(provider)).toEqual(['9999 USD'])
  const elsewhere = await aDebt(5n, { code: 'EUR' })
  expect((await settle(elsewhere, { ...repaid('5'), currency: 'EUR' })).status).toBe(202)
})

test('in parts one person writes down no more of a debt within a day than at once', async () => {
  const provider = await aDebt(40_000n)
  expect((await settle(provider, repaid('6000'))).status).toBe(200)
  const asked = await settle(provider, repaid('4001'))
  expect(asked.status).toBe(202)
  expect((await approve(asked.body.approval.id)).status).toBe(200)
  // What two agreed to does not count, nor what was written down of another debt.
  expect((await settle(provider, repaid('4000'))).status).toBe(200)
  expect((await settle(provider, repaid('1'))).status).toBe(202)
  expect((await settle(await aDebt(10_000n), repaid('10000'))).status).toBe(200)
  expect(await owedBy(provider)).toEqual(['25999 USD'])
})

test('a debt is forgiven by two people, however small, and never by whoever asked', async () => {
  const provider = await aDebt(7n)
  const asked = await settle(provider, forgiven('7'))
  const { id } = asked.body.approval
  expect(asked.status).toBe(202)
  expect(await settle(provider, forgiven('7'))).toMatchObject({ status: 409, body: { approval: { id } } })
  expect((await approve(id, { subject: 'olga', roles: ['approver'] })).status).toBe(403)
  expect(await owedBy(provider)).toEqual(['7 USD'])
  expect((await approve(id)).status).toBe(200)
  expect(await owedBy(provider)).toEqual([])
  expect(await openAlerts(provider)).toEqual([])
})

test('by hand, or by code with a bug, nobody forgives alone', async () => {
  const provider = await aDebt(100n)
  const asked = await settle(provider, forgiven('100'))
  for (const key of [`receivable_settled:${asked.body.approval.id}`, 'receivable_settled:by-hand']) {
    const entry = {
      idempotencyKey: key,
      kind: 'receivable_settled' as const,
      postings: moved(
        { amount: 100n, currency: currency('USD') },
        { from: 'receivable_settled:forgiven', to: receivableAccount(userPayee(provider)) },
      ),
    }
    const write = api.world.database.transaction().execute((tx) => recordEntries(tx, [entry]))
    await expect(write).rejects.toThrow('a debt is forgiven by two people')
  }
  expect(await owedBy(provider)).toEqual(['100 USD'])
})

test('what was kept back meanwhile is not settled twice: the approval is void, and never is more settled than is owed', async () => {
  const provider = await aDebt(500n)
  const asked = await settle(provider, forgiven('500'))
  expect((await settle(provider, repaid('1'))).status).toBe(200)
  expect(await approve(asked.body.approval.id)).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:approval-void' },
  })
  expect(await settle(provider, repaid('500'))).toMatchObject({
    status: 409,
    body: { type: 'urn:remesa:problem:wrong-state', current: { money: { amount: '499' } } },
  })
  const both = await Promise.all([settle(provider, repaid('400')), settle(provider, repaid('400'))])
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  expect(await owedBy(provider)).toEqual(['99 USD'])
})

test('a key settles once', async () => {
  const provider = await aDebt(50n)
  const key = aKey()
  const body = repaid('20')
  expect((await settle(provider, body, key)).status).toBe(200)
  const again = await settle(provider, body, key)
  expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true'])
  expect(await owedBy(provider)).toEqual(['30 USD'])
})

test('one payment at the bank settles once, whoever writes it down, in whatever amount', async () => {
  const provider = await aDebt(30_000n)
  const both = await Promise.all([
    settle(provider, repaid('100', 'line 14')),
    settle(provider, repaid('200', 'line 14')),
  ])
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  const left = await owedBy(provider)
  expect(await settle(provider, repaid('20000', 'line 14'))).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('settled a part of the debt already') },
  })
  const asked = await settle(provider, repaid('20000', 'line 15'))
  expect(asked.status).toBe(202)
  expect((await settle(provider, repaid('1', 'line 15'))).status).toBe(200)
  expect(await approve(asked.body.approval.id)).toMatchObject({ status: 409, body: { approval: { status: 'void' } } })
  expect(await owedBy(provider)).toEqual([`${BigInt(left[0]?.split(' ')[0] ?? 0) - 1n} USD`])
})

test('debts are listed by provider and currency, page by page, under the names that bookings have for them', async () => {
  const provider = await aDebt(11n, { providerId: `Zoë/${aKey()} 100%` })
  await aDebt(12n, { providerId: provider, code: 'CLP' })
  expect(await owedBy(provider)).toEqual(['12 CLP', '11 USD'])
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from ledger_receivable_balances where balance < 0`.execute(api.world.database)
  const seen: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page = await read(`/v1/debts?limit=2${next && `&cursor=${encodeURIComponent(next)}`}`)
    seen.push(...page.items.map((one: { providerId: string; money: object }) => JSON.stringify(one)))
    next = page.next
  }
  expect(new Set(seen).size).toBe(rows[0]?.count)
  expect(seen).toHaveLength(rows[0]?.count ?? 0)
})

test('who owes nothing has nothing settled, and what is asked for wrongly is named', async () => {
  expect((await settle('nobody', repaid('1'))).status).toBe(404)
  const provider = await aDebt(50n)
  for (const [body, where] of [
    [{ how: 'repaid', amount: '1' }, 'reference'],
    [{ how: 'forgiven', amount: '1', reference: 'x' }, 'reference'],
    [repaid('0'), 'amount'],
    [repaid('1.5'), 'amount'],
    [{ ...repaid('1'), currency: 'XYZ' }, 'currency'],
    [{ ...repaid('1'), how: 'sold' }, 'how'],
  ] as const) {
    const answer = await settle(provider, body)
    expect([where, answer.status, answer.body.detail]).toEqual([where, 400, expect.stringContaining(where)])
  }
  expect(await owedBy(provider)).toEqual(['50 USD'])
})
