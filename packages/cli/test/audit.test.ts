import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AuditRow, recordAudit } from '@remesa/database/audit'
import { sealAuditLog } from '@remesa/database/audit-seals'
import { createTestDatabase, type TestDatabase } from '@remesa/database/testing/test-database'
import { sql } from 'kysely'
import { remesaProcess, remesaHere as run } from './support.ts'

let world: TestDatabase
let digest: string
beforeAll(async () => {
  world = await createTestDatabase()
  await sealed(['a', 'b'])
  digest = await sealed(['c', 'd'])
})
afterAll(() => world.drop())

let transactions = 3 // PostgreSQL's first
/**
 * Adds rows about these subjects, of a transaction that was over long ago: real ones are sealed once none that is older
 * runs, and the server runs other tests' besides. @returns the digest of their seal
 */
async function sealed(subjects: readonly string[]): Promise<string> {
  const about = (id: string): AuditRow => ({
    actor: 'operator:olga',
    action: 'payout.held',
    subject: { type: 'payout', id },
  })
  await world.database.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await recordAudit(tx, subjects.map(about))
    await sql`
      update audit_log set transaction_id = ${++transactions}::text::xid8 where subject_id = any(${subjects}::text[])`.execute(
      tx,
    )
  })
  return (await sealAuditLog(world.database)).lastDigest
}

const remesa = (words: readonly string[], env: Readonly<Record<string, string>> = { DATABASE_URL: world.url }) =>
  run(words, env)

const idOf = async (subject: string): Promise<string> => {
  const { rows } = await sql<{ id: bigint }>`select id from audit_log where subject_id = ${subject}`.execute(
    world.database,
  )
  return String(rows[0]?.id)
}

/** As the owner of the database could: triggers off, change. */
const tamper = (statement: string) =>
  world.database.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await sql.raw(statement).execute(tx)
  })

test('a log that nobody touched is clean: exit code 0, and the digest to keep', async () => {
  const { code, out, err } = await remesaProcess(['audit', 'verify'], { DATABASE_URL: world.url })
  expect({ code, out, err }).toEqual({
    code: 0,
    out: `✓ 4 rows are as they were written.\nLast digest: ${digest}\n`,
    err: '',
  })
  const known = await remesa(['audit', 'verify', '--digest', digest.toUpperCase(), '--database-url', world.url], {})
  expect(known.code).toBe(0)
})

test('for programs the verdict is JSON', async () => {
  const { code, out } = await remesa(['audit', 'verify', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toEqual({ clean: true, problems: [], sealedRows: 4, unsealedRows: 0, lastDigest: digest })
})

test('each edited, removed and inserted row is named, and the exit code is 1', async () => {
  const [edited, removed] = [await idOf('b'), await idOf('c')]
  await tamper(`
    update audit_log set actor = 'operator:nobody' where id = ${edited};
    delete from audit_log where id = ${removed};
    insert into audit_log (id, actor, action, subject_type, subject_id, transaction_id) overriding system value
      select 1000000, 'operator:olga', 'payout.cancelled', 'payout', 'z', transaction_id from audit_log where subject_id = 'a'`)
  const { code, out } = await remesa(['audit', 'verify'])
  expect(code).toBe(1)
  const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
  expect(out.split('\n')).toEqual([
    expect.stringMatching(
      new RegExp(`^✗ row ${edited} was edited; it says now: ${time} operator:nobody payout.held payout b$`),
    ),
    `✗ row ${removed} was removed`,
    expect.stringMatching(
      new RegExp(
        `^✗ row 1000000 was inserted among older ones; it says now: ${time} operator:olga payout.cancelled payout z$`,
      ),
    ),
    '3 problems in 4 sealed rows.',
    `Last digest: ${digest}`,
    '',
  ])
  const asked = await remesa(['audit', 'verify', '--json'])
  expect(asked.code).toBe(1)
  expect(JSON.parse(asked.out)).toMatchObject({
    clean: false,
    problems: [
      { kind: 'row_edited', rowId: edited, row: { actor: 'operator:nobody' } },
      { kind: 'row_missing', rowId: removed },
      { kind: 'row_added', rowId: '1000000', row: { action: 'payout.cancelled' } },
    ],
  })
})

test('an end that was cut off together with its seal is found by a digest that was kept', async () => {
  const last = await sealed(['y'])
  await tamper(`delete from audit_log where subject_id = 'y'; delete from audit_seals where digest = '${last}'`)
  const { code, out } = await remesa(['audit', 'verify', '--digest', last])
  expect(code).toBe(1)
  expect(out).toContain(`✗ the end of the log was cut off: no seal has the digest ${last}`)
})

test.each([
  ['no database', ['audit', 'verify'], {}, 'remesa: Which database? Set DATABASE_URL, or give --database-url.\n'],
  ['an empty DATABASE_URL', ['audit', 'verify'], { DATABASE_URL: '' }, /Which database\?/],
  [
    'another kind of database',
    ['audit', 'verify'],
    { DATABASE_URL: 'mysql://root:hunter2@db' },
    /must begin with postgres:\/\/\.\n$/,
  ],
  [
    'a database that is not there',
    ['audit', 'verify'],
    { DATABASE_URL: 'postgres://remesa:hunter2@127.0.0.1:1/remesa' },
    /^remesa: The database could not be read: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
  ],
  ['a digest that is none', ['audit', 'verify', '--digest', 'abc'], {}, /A digest is 64 hexadecimal digits/],
  ['an unknown option', ['audit', 'verify', '--fast'], {}, /unknown option '--fast'/],
  ['an unknown command', ['audit', 'verfiy'], {}, /unknown command 'verfiy'\n\(Did you mean verify\?\)/],
  ['an argument too many', ['audit', 'verify', 'everything'], {}, /too many arguments/],
  ['no command', [], {}, /^Usage: remesa/],
  ['no command of the group', ['audit'], {}, /^Usage: remesa audit/],
] as const)('%s is exit code 2 and a line that says so, with no password in it', async (_, words, env, said) => {
  const { code, out, err } = await run(words, env)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  if (typeof said === 'string') expect(err).toBe(said)
  else expect(err).toMatch(said)
  expect(err).not.toContain('hunter2')
  expect(err).not.toMatch(/^\s+at /m)
})

test('a database without our tables is exit code 2', async () => {
  const postgres = new URL(world.url)
  postgres.pathname = '/postgres'
  const { code, err } = await run(['audit', 'verify', '--database-url', postgres.toString()], {})
  expect({ code, err }).toEqual({
    code: 2,
    err: 'remesa: The database could not be read: relation "audit_seals" does not exist\n',
  })
})

test.each([
  [['--help'], 'Operates Remesa'],
  [['audit', '--help'], 'Proves that the audit log'],
  [['audit', 'verify', '--help'], 'keep\nthe last digest'],
  [['help', 'audit'], 'verify'],
])('help is asked for with %j, and teaches', async (words, text) => {
  const { code, out, err } = await run(words, {})
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(text)
})

test('the process itself ends with 2 and one line when it is used wrongly', async () => {
  const { code, out, err } = await remesaProcess(['audit', 'verify'], {})
  expect({ code, out, err }).toEqual({
    code: 2,
    out: '',
    err: 'remesa: Which database? Set DATABASE_URL, or give --database-url.\n',
  })
})
