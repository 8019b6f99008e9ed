import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { recordAudit } from '../src/audit.ts'
import { sealAuditLog, verifyAuditLog } from '../src/audit-seals.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/test-database.ts'

let world: TestDatabase
beforeAll(async () => {
  world = await createTestDatabase()
})
afterAll(() => world.drop())

const record = (...ids: string[]) =>
  world.database.transaction().execute((tx) =>
    recordAudit(
      tx,
      ids.map((id) => ({
        actor: 'test',
        action: 'seller.changed',
        subject: { type: 'thing', id },
        before: { amount: 9007199254740993n },
        after: { status: 'paid' },
      })),
    ),
  )

/** Other test files run transactions on the same server, and a row is sealed only when no older one is still running. */
async function sealAll(): Promise<string> {
  for (;;) {
    const { lastDigest } = await sealAuditLog(world.database)
    if ((await verifyAuditLog(world.database)).unsealedRows === 0) return lastDigest
  }
}

/** As the owner of the database could: triggers off, change, triggers on. */
async function tamper(statement: string): Promise<void> {
  await world.database.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql.raw(statement).execute(tx)
  })
}

/** Undoes what was done to the log, so that each test finds it whole. */
async function tampered<T>(statement: string, look: () => Promise<T>): Promise<T> {
  await sql`create table kept_log as table audit_log`.execute(world.database)
  await sql`create table kept_seals as table audit_seals`.execute(world.database)
  try {
    await tamper(statement)
    return await look()
  } finally {
    await tamper(`delete from audit_log; delete from audit_seals;
      insert into audit_log overriding system value table kept_log;
      insert into audit_seals overriding system value table kept_seals;
      drop table kept_log, kept_seals`)
  }
}

const problems = async (knownDigest?: string) =>
  (await verifyAuditLog(world.database, knownDigest === undefined ? {} : { knownDigest })).problems

test('a row of a transaction that is still running is sealed later, and no row is left out', async () => {
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let started = () => {}
  const open = new Promise<void>((resolve) => {
    started = resolve
  })
  const slow = world.database.transaction().execute(async (tx) => {
    await recordAudit(tx, [{ actor: 'test', action: 'seller.changed', subject: { type: 'thing', id: 'slow' } }])
    started()
    await finished
  })
  await open
  await record('fast')
  await sealAuditLog(world.database)
  expect(await verifyAuditLog(world.database)).toMatchObject({ sealedRows: 0, unsealedRows: 1, problems: [] })
  finish()
  await slow
  await sealAll()
  expect(await verifyAuditLog(world.database)).toMatchObject({ sealedRows: 2, unsealedRows: 0, problems: [] })
})

test('rows are sealed once, by however many sealers at once', async () => {
  await record('a', 'b', 'c')
  await Promise.all([sealAll(), sealAll(), sealAll()])
  await record('d')
  await sealAll()
  expect(await verifyAuditLog(world.database)).toMatchObject({ sealedRows: 6, problems: [] })
})

test.each([
  ['an edited reason', `update audit_log set reason = 'x' where subject_id = 'b'`, 'row_edited', 'b'],
  [
    'an amount changed in its last digit',
    `update audit_log set before = '{"amount": "9007199254740992"}' where subject_id = 'b'`,
    'row_edited',
    'b',
  ],
  [
    'a time moved by a microsecond',
    `update audit_log set occurred_at = occurred_at + interval '1 microsecond' where subject_id = 'a'`,
    'row_edited',
    'a',
  ],
  ['a removed row', `delete from audit_log where subject_id = 'c'`, 'row_missing', 'c'],
])('%s is found and named', async (_, statement, kind, subject) => {
  const { rows } = await sql<{ id: bigint }>`select id from audit_log where subject_id = ${subject}`.execute(
    world.database,
  )
  expect(await tampered(statement, problems)).toEqual([{ kind, rowId: rows[0]?.id }])
})

test('a row slipped in among sealed ones is found and named', async () => {
  const found = await tampered(
    `insert into audit_log (id, actor, action, subject_type, subject_id, transaction_id) overriding system value
     select 1000000, 'test', 'forged', 'thing', 'z', min(transaction_id::text::bigint)::text::xid8 from audit_log`,
    problems,
  )
  expect(found).toEqual([{ kind: 'row_added', rowId: 1000000n }])
})

test('a row slipped in with the name of a transaction still to come is found and named: no seal would ever reach it', async () => {
  const found = await tampered(
    `insert into audit_log (id, actor, action, subject_type, subject_id, transaction_id) overriding system value
     values (1000001, 'test', 'forged', 'thing', 'z', '9000000000')`,
    problems,
  )
  expect(found).toEqual([{ kind: 'row_added', rowId: 1000001n }])
})

test('a row and its digest changed together break the seal', async () => {
  const { rows } = await sql<{ id: bigint }>`select id from audit_seals order by id desc limit 1`.execute(
    world.database,
  )
  const found = await tampered(
    `update audit_seals set row_digests = sha256('forged') where id = ${rows[0]?.id}`,
    problems,
  )
  expect(found).toContainEqual({ kind: 'seal_broken', sealId: rows[0]?.id })
})

test('a removed seal breaks the chain, and a log cut off at its end no longer has the digest that was written down', async () => {
  const digest = await sealAll()
  const cut = `delete from audit_log where id = any(select unnest(row_ids) from audit_seals where digest = '${digest}');
    delete from audit_seals where digest = '${digest}'`
  expect(await tampered(cut, () => problems(digest))).toEqual([{ kind: 'seal_missing', digest }])
  const first = 'delete from audit_seals where id = (select min(id) from audit_seals)'
  expect((await tampered(first, problems)).map(({ kind }) => kind)).toContain('seal_broken')
})
