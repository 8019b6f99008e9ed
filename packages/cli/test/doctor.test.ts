import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { type Operators, operators, remesaHere, remesaProcess } from './support.ts'

let api: Operators
let environment: Readonly<Record<string, string>>
beforeAll(async () => {
  api = await operators(({ world }) => {
    const { netsuite, gsc } = world.sandbox
    environment = {
      ...{ ...world.railEnvironment, ...world.stripeEnvironment, DATABASE_URL: world.databaseUrl },
      ...{ PUBSUB_PROJECT_ID: 'test', PUBSUB_EMULATOR_HOST: world.emulator.host, METADATA_SERVER_DETECTION: 'none' },
      ...{ NETSUITE_BASE_URL: netsuite.url, NETSUITE_ACCOUNT_ID: netsuite.credentials.account },
      ...{ NETSUITE_CLIENT_ID: netsuite.credentials.clientId, NETSUITE_KEY_ALGORITHM: 'ES256' },
      ...{ NETSUITE_CERTIFICATE_ID: netsuite.credentials.certificateId },
      NETSUITE_PRIVATE_KEY: netsuite.credentials.privateKeyPem,
      ...{ GSC_BASE_URL: gsc.url, GSC_TOKEN: world.sandbox.credentials().gsc.token },
    }
    return environment
  })
  await sql`
    insert into admin_jobs (name, schedule, time_zone, next_run_at)
    values ('balance-sweep', '*/5 * * * *', 'UTC', ${new Date(Date.now() + 60_000)})`.execute(api.world.database)
})
afterAll(() => api.stop())

interface Looked {
  readonly isWell: boolean
  readonly checks: readonly { name: string; findings: readonly { kind: string; says: string; mend?: string }[] }[]
}

async function diagnosis(env: Readonly<Record<string, string>> = api.env) {
  const { code, out } = await remesaHere(['doctor', '--json'], env)
  const { isWell, checks } = JSON.parse(out) as Looked
  const ill = checks.flatMap(({ name, findings }) =>
    findings.filter(({ kind }) => kind === 'wrong').map(({ says, mend }) => ({ name, says, mend })),
  )
  return { code, isWell, checks, ill }
}

test('a stack that is well: every part is tried, nothing is sent or changed, exit code 0', async () => {
  const { code, out, err } = await remesaProcess(['doctor'], api.env)
  expect([code, err, out]).toEqual([
    0,
    '',
    expect.stringContaining('Nothing is wrong as far as can be told from here.'),
  ])
  for (const name of [
    'database',
    'migrations',
    'topics and subscriptions',
    'stripe',
    'fpay',
    'payoneer',
    'netsuite',
    'gsc',
  ]) {
    expect(out).toMatch(new RegExp(`^✓ ${name} `, 'm'))
  }
  expect(out).toMatch(/✓ operators’ API +vera \(viewer\) in test, http/)
  expect(out).toMatch(/· slack +not checked: SLACK_WEBHOOK_URL is not set here/)
})

test('credentials that are refused, and an environment that lacks a part, are named with what mends them', async () => {
  const { code, isWell, ill } = await diagnosis({
    ...api.env,
    ...{ GSC_TOKEN: 'hunter2', STRIPE_SECRET_KEY: 'sk_test_hunter2', FPAY_CLIENT_SECRET: 'hunter2' },
    ...{ PAYONEER_CLIENT_SECRET: 'hunter2', NETSUITE_CERTIFICATE_ID: 'hunter2', PUBSUB_PROJECT_ID: '!' },
  })
  expect([code, isWell]).toEqual([1, false])
  expect(ill).toEqual(
    expect.arrayContaining([
      ...[
        ['gsc', 'GSC_TOKEN'],
        ['stripe', 'STRIPE_SECRET_KEY'],
        ['fpay', 'FPAY_CLIENT_ID'],
        ['payoneer', 'PAYONEER_CLIENT_ID'],
      ].map(([name, variable = '']) =>
        expect.objectContaining({ name, mend: expect.stringMatching(`Renew our credentials.*${variable}`) }),
      ),
      expect.objectContaining({ name: 'netsuite' }),
      expect.objectContaining({
        name: 'topics and subscriptions',
        says: expect.stringContaining('PUBSUB_PROJECT_ID is not right'),
      }),
    ]),
  )
  expect(JSON.stringify(ill)).not.toContain('hunter2')
})

test('what does not come through is named: dead letters, a late job, topics that are gone, a schema of another version', async () => {
  const { database, pubsub } = api.world
  await sql`insert into dead_letters (id, topic, subscription, message_id, data, attributes, reason)
    values (${randomUUID()}, 't', 's', 'm', '{}', '{}', 'r')`.execute(database)
  await sql`update admin_jobs set next_run_at = now() - interval '1 hour'`.execute(database)
  await sql`update kysely_migration set name = '9999-later' where name like '0001-%'`.execute(database)
  await pubsub.subscription('settlement_completed_subscription').delete()
  const { ill } = await diagnosis()
  expect(ill).toMatchObject([
    {
      name: 'messages',
      says: '1 message set aside as dead letters.',
      mend: expect.stringContaining('remesa deadletters'),
    },
    { name: 'scheduler', says: expect.stringContaining('balance-sweep was due at') },
    { name: 'migrations', says: 'not run yet: 0001-pay-day' },
    { name: 'migrations', says: 'made by a newer version: 9999-later' },
    { name: 'topics and subscriptions', says: 'not there: subscription settlement_completed_subscription' },
  ])
})

test('a deployment’s database that forgets commits is wrong, since an attempt that is forgotten is paid twice', async () => {
  const { DATABASE_URL: url } = environment
  const { ill } = await diagnosis({
    ...{ REMESA_URL: api.url, REMESA_TOKEN: await api.token({ subject: 'vera', roles: ['viewer'] }) },
    DATABASE_URL: `${url}?options=${encodeURIComponent('-c synchronous_commit=off')}`,
  })
  expect(ill).toContainEqual(expect.objectContaining({ name: 'database', says: 'it forgets commits when it crashes' }))
})

test('what is nowhere is said for each part; what is not set here is not checked', async () => {
  const nowhere = await diagnosis({
    ...{ REMESA_URL: 'http://127.0.0.1:1', REMESA_TOKEN: 'x', DATABASE_URL: 'postgres://x:hunter2@127.0.0.1:1/x' },
    ...{ FPAY_BASE_URL: 'http://127.0.0.1:1', FPAY_CLIENT_ID: 'x', FPAY_CLIENT_SECRET: 'hunter2' },
  })
  expect(nowhere.ill.map(({ name, says }) => [name, says])).toEqual([
    ['operators’ API', expect.stringContaining('cannot be reached')],
    ['database', expect.stringContaining('ECONNREFUSED')],
    ['migrations', expect.stringContaining('ECONNREFUSED')],
    ['fpay', expect.stringContaining('ECONNREFUSED')],
  ])
  expect(JSON.stringify(nowhere.checks)).not.toContain('hunter2')
  const unset = nowhere.checks.flatMap(({ name, findings }) => (findings[0]?.kind === 'unchecked' ? [name] : []))
  expect(unset).toEqual(
    expect.arrayContaining(['topics and subscriptions', 'stripe', 'payoneer', 'netsuite', 'gsc', 'messages']),
  )
})
