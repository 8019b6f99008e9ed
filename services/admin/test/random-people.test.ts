import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerFaults } from '@remesa/local-stack/testing/books'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Answer, type Api, anApi, aPayout, look } from './an-api.ts'

let api: Api
beforeAll(async () => {
  api = await anApi()
})
afterAll(() => api.stop())

const PEOPLE = ['adam', 'anna', 'olga'] as const
const ACTIONS = ['force-release', 'hold', 'resume', 'cancel', 'retry'] as const
const AMOUNTS = [9_999n, 10_000n, 10_001n, 50_000n] // up to 10,000 one person is enough

const step = fc.oneof(
  fc.record({
    do: fc.constant('act' as const),
    who: fc.constantFrom(...PEOPLE),
    action: fc.constantFrom(...ACTIONS),
    payout: fc.nat(AMOUNTS.length - 1),
    key: fc.nat(9),
  }),
  fc.record({
    do: fc.constant('decide' as const),
    who: fc.constantFrom(...PEOPLE),
    verdict: fc.constantFrom('approve', 'approve', 'refuse'),
    key: fc.nat(9),
  }),
  fc.record({ do: fc.constant('look' as const), payout: fc.nat(AMOUNTS.length - 1) }),
)
/** Each inner list at once, one list after the other. */
const plans = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 8 })

test('whatever people ask for at once: each request is done once, two agree above the limit, what is cancelled stays so', async () => {
  const { database, now } = api.world
  let runs = 0
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const run = ++runs
      const payouts = await Promise.all(AMOUNTS.map((amount) => aPayout(api.world, { amount })))
      const ids = payouts.map(({ payoutId }) => payoutId)
      const answered = new Map<string, Answer>()
      for (const steps of plan) {
        await Promise.all(
          steps.map(async (one) => {
            if (one.do === 'look') return look(database, payouts[one.payout]?.bookingId ?? '', now())
            const path =
              one.do === 'act'
                ? `/v1/payouts/${ids[one.payout]}/${one.action}`
                : `/v1/approvals/${await openApproval(ids)}/${one.verdict}`
            const key = `${run}-${one.key}`
            const answer = await api.act(path, { subject: one.who, roles: ['approver'] }, { key })
            expect([200, 202, 403, 404, 409, 422]).toContain(answer.status)
            const name = `${one.who} ${key} ${path}`
            const before = answered.get(name)
            if (before && answer.status !== 422) expect(answer.body).toEqual(before.body)
            if (answer.status !== 422) answered.set(name, answer)
          }),
        )
      }
      await judge(ids, answered)
    }),
    { numRuns: 12 },
  )
})

/** Of one of these payouts; nothing has the id otherwise. */
async function openApproval(payoutIds: readonly string[]): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select id from approvals where payout_id = any(${payoutIds}::uuid[]) and status = 'open' limit 1`.execute(
    api.world.database,
  )
  return rows[0]?.id ?? '00000000-0000-4000-8000-000000000000'
}

async function judge(ids: readonly string[], answered: ReadonlyMap<string, Answer>): Promise<void> {
  const { database } = api.world
  const done = [...answered].filter(([, { status }]) => status === 200)
  const { rows: deeds } = await sql<{ payout: string; action: string }>`
    select subject_id as payout, action from audit_log where subject_id = any(${ids}::text[]) and actor like 'operator:%'
      and action in ('payout.overridden', 'payout.held', 'payout.resumed', 'payout.cancelled', 'payout.retried') order by id`.execute(
    database,
  )
  expect(deeds).toHaveLength(done.filter(([name]) => !name.endsWith('/refuse')).length)

  const { rows: approvals } = await sql<{ payout: string; requested_by: string; decided_by: string | null }>`
    select payout_id as payout, requested_by, decided_by from approvals
    where payout_id = any(${ids}::uuid[]) and status = 'approved'`.execute(database)
  for (const { requested_by, decided_by } of approvals) expect(decided_by).not.toBe(requested_by)
  const big = new Set(ids.filter((_, index) => (AMOUNTS[index] ?? 0n) > 10_000n))
  const weighty = deeds.filter(({ payout, action }) => big.has(payout) && /overridden|cancelled|retried/.test(action))
  expect(weighty).toHaveLength(approvals.length)

  for (const id of ids) {
    const own = deeds.filter(({ payout }) => payout === id).map(({ action }) => action)
    expect(own.indexOf('payout.cancelled')).toBe(own.includes('payout.cancelled') ? own.length - 1 : -1)
  }
  expect(await ledgerFaults(api.world)).toEqual({ disagreements: [], unbalanced: [] })
}
