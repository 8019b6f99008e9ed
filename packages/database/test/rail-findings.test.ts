import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { sql } from 'kysely'
import { decideRailFinding, type FindingDecision, listRailFindings } from '../src/rail-findings.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import { type Attempt, anAttempt, compare, insertAttempts, NOON, theirsOf } from './rail-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
let reportId: string
let attempts: readonly Attempt[]
beforeAll(async () => {
  world = await createTestDatabase()
  await sql`insert into rails (name) values ('fpay') on conflict do nothing`.execute(world.database)
  attempts = Array.from({ length: 5 }, () => anAttempt())
  await insertAttempts(world, 'fpay', attempts)
  const theirs = attempts.slice(0, 3).map((attempt) => theirsOf(attempt, { money: money(900n, 'USD') }))
  reportId = (await compare(world, theirs)).reportId
})
afterAll(() => world.drop())

const decide = (id: bigint, decision: FindingDecision) =>
  inTransaction(world, (tx) => decideRailFinding(tx, id, { decision, actor: 'operator:ana', now: NOON }))

test('findings come in pages, and by category, urgency and status', async () => {
  const first = await listRailFindings(world.database, { reportId, limit: 2 })
  const rest = await listRailFindings(world.database, { reportId, limit: 10, after: first.at(-1)?.id })
  expect([first.length, rest.length]).toEqual([2, 3])
  const amounts = await listRailFindings(world.database, { reportId, limit: 10, category: 'amount' })
  expect(amounts.map(({ under }) => under)).toEqual(Array(3).fill({ amount: 100n, currency: 'USD' }))
  expect(amounts[0]).toMatchObject({
    provider: { state: 'paid', amount: 900n, currency: 'USD', takenBack: 0n },
    recorded: { state: 'paid', amount: 1_000n },
    over: null,
  })
  const urgent = await listRailFindings(world.database, { reportId, limit: 10, urgent: true })
  expect(urgent.map(({ category, provider }) => [category, provider])).toEqual(
    Array(2).fill(['recorded_not_paid', null]),
  )
  expect(await listRailFindings(world.database, { reportId, limit: 10, status: 'resolved' })).toEqual([])
  expect(await listRailFindings(world.database, { reportId: randomUUID(), limit: 10 })).toEqual([])
})

test('a finding is assigned, then resolved, each with its reason in the audit; once resolved it stays so', async () => {
  const [finding] = await listRailFindings(world.database, { reportId, limit: 1 })
  const id = finding?.id ?? 0n
  const assign = { kind: 'assign', assignee: 'berta', note: 'ask the bank' } as const
  expect(await decide(id, assign)).toMatchObject({ status: 'assigned', assignee: 'berta', note: 'ask the bank' })
  expect(await decide(id, { kind: 'resolve', note: 'returned on Monday' })).toMatchObject({
    ...{ status: 'resolved', assignee: 'berta', note: 'returned on Monday', decidedAt: NOON },
  })
  expect(await decide(id, assign)).toBe('resolved')
  expect(await decide(9_999_999n, assign)).toBe('not-found')
  const audit = await world.database
    .selectFrom('audit_log')
    .select(['actor', 'action', 'reason'])
    .where('subject_id', '=', id.toString())
    .orderBy('id')
    .execute()
  expect(audit).toEqual([
    { actor: 'operator:ana', action: 'rail_finding.assigned', reason: 'ask the bank' },
    { actor: 'operator:ana', action: 'rail_finding.resolved', reason: 'returned on Monday' },
  ])
})
