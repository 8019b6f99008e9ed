import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { CapScope } from '@remesa/domain/payment-controls'
import { sql } from 'kysely'
import { decideControlApproval } from '../src/control-approvals.ts'
import { controlWaitOf } from '../src/control-waits.ts'
import { insertAlerts } from '../src/finance-alerts.ts'
import { closePassedAlerts } from '../src/passed-alerts.ts'
import { askForRemoval, type CapPlace, changeCap, listCaps, setCap } from '../src/payment-cap-changes.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'
import {
  aJob,
  aJobOfItsOwn,
  alertKinds,
  aWinner,
  claim,
  claimed,
  count,
  haste,
  LEASE_MS,
  later,
  NOW,
  paid,
  record,
  refused,
  transferNow,
  USD,
} from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase({ poolSize: 12 })
})
afterAll(() => world.drop())
// Each test has hours and days of its own, and no caps but its own.
let day = NOW
afterEach(async () => {
  day = later(7 * 86_400_000, day)
  await sql`truncate payment_caps`.execute(world.database)
  await sql`delete from finance_alerts`.execute(world.database)
})

const job = (amounts: Readonly<Record<string, bigint>>) => aJobOfItsOwn(world, amounts)
const asked = (actor = 'operator:olga') => ({ actor, reason: 'a new provider of data', now: day })
const put = (scope: CapScope, amount: bigint, changes: Partial<CapPlace> = {}) =>
  inTransaction(world, (tx) => setCap(tx, { rail: 'stripe', currency: USD, scope, ...changes, amount }, asked()))
const kinds = (answers: ReadonlyMap<string, { kind: string; why?: string }>, ...ids: readonly string[]) =>
  ids.map((id) => answers.get(id)?.why ?? answers.get(id)?.kind)

test('what would go beyond an hour’s cap waits for the next hour; what fits beside it goes; people hear once', async () => {
  await put('rail_hour', 100n)
  const { transferOf } = await job({ ana: 60n, ben: 50n, cid: 40n })
  const ids = ['ana', 'ben', 'cid'].map(transferOf)
  const answers = [...(await claim(world, ids.slice(0, 1), day)), ...(await claim(world, ids, later(1, day)))]
  const last = new Map(answers)
  expect(kinds(last, ...ids.slice(1))).toEqual(['cap_reached', 'claimed'])
  expect(last.get(ids[1] ?? '')).toMatchObject({ at: later(300_001, day) })
  await claim(world, ids, later(2, day))
  expect(await alertKinds(world)).toEqual(['cap_reached'])
  expect(await transferNow(world, ids[1] ?? '')).toMatchObject({ status: 'pending', attempts: 0 })
  expect(kinds(await claim(world, ids, later(3_600_000, day)), ids[1] ?? '')).toEqual(['claimed'])
})

test('what begins with the hour is counted in it, also when the clock of whoever records it is behind', async () => {
  await put('rail_hour', 100n)
  const { transferOf } = await job({ ana: 60n, ben: 50n })
  const first = await claimed(world, transferOf('ana'), day)
  await record(world, [{ claim: first, outcome: paid() }], later(-200, day))
  expect(kinds(await claim(world, [transferOf('ben')], later(1, day)), transferOf('ben'))).toEqual(['cap_reached'])
})

test('just before the window ends what waits asks again when the next one begins', async () => {
  await put('rail_hour', 1n)
  const { transferOf } = await job({ ana: 2n })
  const id = transferOf('ana')
  expect((await claim(world, [id], later(3_599_000, day))).get(id)).toMatchObject({ at: later(3_600_000, day) })
})

test('a payee’s day counts what goes to that payee alone, and a cap on another rail or currency nothing of it', async () => {
  await put('payee_day', 100n)
  await put('rail_hour', 1n, { rail: 'fpay' })
  await put('rail_hour', 1n, { currency: 'EUR' as typeof USD })
  await put('run', 1n, { rail: null }) // a contest belongs to no pay-day
  const { transferOf, name } = await job({ ana: 100n, ben: 100n })
  const [ana, ben, payee] = [transferOf('ana'), transferOf('ben'), name('ana')]
  const winners = [aWinner(payee, 1n)]
  const second = (await aJob(world, 'another-settlement', winners)).transferOf(payee)
  expect(kinds(await claim(world, [ana, ben], day), ana, ben)).toEqual(['claimed', 'claimed'])
  expect(kinds(await claim(world, [second], day), second)).toEqual(['cap_reached'])
  expect(kinds(await claim(world, [second], later(12 * 3_600_000, day)), second)).toEqual(['claimed'])
})

test('what the rail has refused gives its room back; what it refused for now counts when it goes again', async () => {
  await put('rail_hour', 100n)
  const { transferOf } = await job({ ana: 100n, ben: 100n, cid: 100n })
  const [ana, ben, cid] = [transferOf('ana'), transferOf('ben'), transferOf('cid')]
  await record(world, [{ claim: await claimed(world, ana, day), outcome: refused }], day)
  const { recorded } = await record(world, [{ claim: await claimed(world, ben, day), outcome: haste }], day)
  const retryAt = recorded[0]?.retryAt ?? day
  await claimed(world, cid, day)
  expect(kinds(await claim(world, [ben], retryAt), ben)).toEqual(['cap_reached'])
  const nextHour = later(3_600_000, day)
  await claimed(world, ben, nextHour)
  const { transferOf: of } = await job({ dan: 1n })
  expect(kinds(await claim(world, [of('dan')], nextHour), of('dan'))).toEqual(['cap_reached'])
})

test('what was claimed before is finished whatever the cap that came after', async () => {
  const { transferOf } = await job({ ana: 100n })
  const id = transferOf('ana')
  await claimed(world, id, day)
  await put('rail_hour', 0n)
  await claimed(world, id, later(LEASE_MS, day))
})

test('of many workers that claim at once all together never go beyond the cap, and reach it', async () => {
  const users = Array.from({ length: 60 }, (_, n) => `u${n}`)
  const { transferOf } = await job(Object.fromEntries(users.map((user) => [user, 10n])))
  const left = users.map(transferOf)
  const worker = async () => {
    for (let ids = left.splice(0, 3); ids.length > 0; ids = left.splice(0, 3)) await claim(world, ids, day)
  }
  // Set while they claim: those that saw no cap are counted by those that do.
  const setting = inTransaction(world, async (tx) => {
    await sql`select pg_sleep(0.01)`.execute(tx)
    await setCap(tx, { rail: null, currency: USD, scope: 'rail_hour', amount: 305n }, asked())
    return begunNow(tx)
  })
  await Promise.all([...Array.from({ length: 8 }, worker), setting])
  const whenSet = await setting
  expect(await begunNow(world.database)).toBe(whenSet > 300n ? whenSet : 300n)
  const before = await count(world, 'payment_attempts')
  await Promise.all(users.map((user) => claim(world, [transferOf(user)], day)))
  expect(await count(world, 'payment_attempts')).toBe(before)
})

async function begunNow(connection: TestDatabase['database']): Promise<bigint> {
  const { rows } = await sql<{ sum: bigint | null }>`
    select sum(amount)::bigint as sum from payment_attempts where begun_at = ${day}`.execute(connection)
  return rows[0]?.sum ?? 0n
}

test('with a cap from the start many workers reach exactly what fits', async () => {
  await put('rail_hour', 305n)
  const users = Array.from({ length: 60 }, (_, n) => `v${n}`)
  const { transferOf } = await job(Object.fromEntries(users.map((user) => [user, 10n])))
  await Promise.all(users.map((user) => claim(world, [transferOf(user)], day)))
  expect(await begunNow(world.database)).toBe(300n)
})

test('one person sets and lowers a cap, two raise or remove it; the database refuses one, also by hand', async () => {
  const answer = await put('rail_hour', 100n)
  if (answer.kind !== 'done') throw new Error(answer.kind)
  const { id } = answer.cap
  expect(await put('rail_hour', 90n)).toMatchObject({ kind: 'done', cap: { id, amount: 90n } })
  const raise = await put('rail_hour', 200n)
  expect(raise).toMatchObject({ kind: 'asked', cap: { amount: 90n }, approval: { wish: { from: '90', to: '200' } } })
  if (raise.kind !== 'asked') throw new Error(raise.kind)
  expect(await put('rail_hour', 300n)).toMatchObject({ kind: 'open' })
  for (const statement of [
    'update payment_caps set amount = 200',
    'delete from payment_caps',
    `update payment_caps set currency = 'EUR'`,
  ]) {
    await expect(sql.raw(statement).execute(world.database)).rejects.toThrow(
      /raised or removed by two|stays what it is/,
    )
  }
  await expect(inTransaction(world, (tx) => changeCap(tx, raise.approval, day))).rejects.toThrow(/by two/)

  const { transferOf } = await job({ ana: 91n })
  expect(kinds(await claim(world, [transferOf('ana')], day), transferOf('ana'))).toEqual(['cap_reached'])
  await approve(raise.approval.id)
  expect(await listCaps(world.database)).toMatchObject([{ id, amount: 200n, setBy: 'operator:olga' }])
  expect(await alertKinds(world)).toEqual([])
  await claimed(world, transferOf('ana'), day)

  const removal = await inTransaction(world, (tx) => askForRemoval(tx, id, asked()))
  if (removal?.kind !== 'asked') throw new Error('no removal')
  await put('rail_hour', 150n) // somebody lowers it meanwhile: the wish is void
  await expect(approve(removal.approval.id)).rejects.toThrow(/not open/)
  const again = await inTransaction(world, (tx) => askForRemoval(tx, id, asked()))
  if (again?.kind !== 'asked') throw new Error('no removal')
  await approve(again.approval.id)
  expect(await listCaps(world.database)).toEqual([])
  expect(await inTransaction(world, (tx) => askForRemoval(tx, randomUUID(), asked()))).toBeUndefined()
})

const approve = (id: string) =>
  inTransaction(world, async (tx) => {
    const decision = { status: 'approved', decidedBy: 'operator:adam', reason: null } as const
    await changeCap(tx, await decideControlApproval(tx, id, decision, day), day)
  })

const openKinds = async () => {
  const { rows } = await sql<{ kind: string }>`
    select kind from finance_alerts where status <> 'resolved' order by dedup_key`.execute(world.database)
  return rows.map(({ kind }) => kind)
}
const closePassed = (now: Date) => inTransaction(world, (tx) => closePassedAlerts(tx, now))

test('the alert of a cap closes by itself with its window; what still does not fit has one of the next window', async () => {
  await put('rail_hour', 100n)
  const { transferOf } = await job({ ana: 100n, ben: 100n, cid: 100n })
  const ids = ['ana', 'ben', 'cid'].map(transferOf)
  await claim(world, ids, day)
  expect(await closePassed(later(3_599_999, day))).toBe(0)
  expect(await closePassed(later(3_600_000, day))).toBe(1)
  expect(await openKinds()).toEqual([])
  await claim(world, ids, later(3_600_000, day))
  expect(await openKinds()).toEqual(['cap_reached'])
})

test('the alert of a run’s cap closes once nothing of the run is left to pay', async () => {
  const alert = (businessDate: string) => ({
    kind: 'cap_reached' as const,
    dedupKey: `cap_reached:test:${businessDate}`,
    subject: { type: 'payment_cap', id: 'test' },
    businessDate,
    details: { scope: 'run', rail: null, currency: 'CLP', amount: '1', used: '1', until: null },
  })
  await inTransaction(world, (tx) => insertAlerts(tx, [alert('2026-11-20')]))
  expect(await closePassed(later(86_400_000 * 365, day))).toBe(1)
})

test('who asks is told which cap a payment waits for, and when its window is over', async () => {
  await put('rail_hour', 100n)
  const { transferOf } = await job({ ana: 60n, ben: 50n, cid: 101n, dan: 40n })
  await claim(world, [transferOf('ana')], day)
  const wait = (user: string) => controlWaitOf(world.database, { type: 'payout_transfer', id: transferOf(user) }, day)
  expect(await wait('ben')).toEqual({ why: 'cap_reached', endsAt: later(3_600_000, day) })
  expect(await wait('cid')).toEqual({ why: 'cap_reached', endsAt: null }) // larger than the cap: no window takes it
  expect(await wait('dan')).toBeNull()
  expect(await wait('ana')).toBeNull() // on its way already
})
