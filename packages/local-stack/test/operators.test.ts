import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Sandbox, startSandbox } from '@remesa/sandbox/sandbox'
import { sql } from 'kysely'
import { readConfig } from '../../../services/admin/src/config.ts'
import { operatorsText, tokensOf } from '../src/operators.ts'
import { builtProgram } from '../src/stack/programs.ts'
import { serviceEnvironment } from '../src/stack/service-environment.ts'
import { aStack } from './support/stacks.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.stop())

test('start prints where the console signs people in and operators’ requests go, and a token for each role, of a person each, for a working day', async () => {
  const text = await operatorsText({ adminUrl: 'http://127.0.0.1:1', sandbox })
  expect(text).toContain('http://127.0.0.1:1/v1/payouts')
  expect(text).toContain('Olga, operator      http://127.0.0.1:1/auth/sign-in?login_hint=olga\n')
  const tokens = Array.from(text.matchAll(/^ {4}(\w+) +(ey\S+)$/gm), ([, role, token = '']) => {
    const { sub, roles, exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return { role, sub, roles, seconds: exp - iat }
  })
  expect(tokens).toEqual([
    { role: 'viewer', sub: 'vera', roles: ['viewer'], seconds: 43_200 },
    { role: 'operator', sub: 'olga', roles: ['operator'], seconds: 43_200 },
    { role: 'approver', sub: 'adam', roles: ['approver'], seconds: 43_200 },
  ])
})

test('the stack’s admin service believes the sandbox’s issuer, has limits for one person, and is linked from Slack', () => {
  const env = serviceEnvironment({
    service: 'admin',
    instances: 1,
    databaseUrl: 'postgres://localhost/remesa',
    pubsub: { emulatorHost: 'localhost:1', projectId: 'remesa' },
    sandbox: { urls: sandbox.urls, credentials: sandbox.credentials() },
    httpPort: 1,
    webhooksPort: 2,
    adminPort: 3,
    publicWebhooksUrl: 'http://localhost:2',
    consoleUrl: 'http://127.0.0.1:3',
    metricsUrls: { admin: 'http://127.0.0.1:1/metrics', 'payouts-2': 'http://127.0.0.1:4/metrics' },
    bookingClockOffsetMs: -5,
  })
  expect(env.CONSOLE_URL).toBe('http://127.0.0.1:3') // what finance-alerts links to
  expect(readConfig(env)).toMatchObject({
    ADMIN_PORT: 3,
    OIDC_ISSUER: sandbox.oidc.issuer,
    OIDC_AUDIENCE: sandbox.oidc.credentials.audience,
    OIDC_JWKS_URL: sandbox.oidc.jwksUrl,
    OIDC_CLIENT_ID: sandbox.oidc.credentials.clientId,
    ADMIN_PUBLIC_URL: 'http://127.0.0.1:3',
    BOOKING_CLOCK_OFFSET_MS: -5,
    SERVICE_METRICS_URLS: [
      { name: 'admin', url: 'http://127.0.0.1:1/metrics' },
      { name: 'payouts-2', url: 'http://127.0.0.1:4/metrics' },
    ],
    ADMIN_APPROVAL_ABOVE: new Map([
      ['USD', 100_000n],
      ['EUR', 90_000n],
    ]),
  })
})

const REMESA = await builtProgram('remesa')

test('by the command line alone: a settlement is brought by file and paid, and a winner whose account was closed is paid once by two people', async () => {
  const stops: (() => Promise<unknown>)[] = []
  try {
    const serviceEnv = { PAYEE_COOLING_MS: '0' }
    const stack = await aStack({ services: ['admin', 'payouts', 'webhooks'], serviceEnv }, stops)
    const tokens = new Map((await tokensOf(stack)).map(({ role, token }) => [role, token]))
    const remesa = async (role: string, ...words: readonly string[]): Promise<string> => {
      const env = {
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        REMESA_URL: stack.adminUrl,
        REMESA_TOKEN: tokens.get(role),
      }
      return (await promisify(execFile)(process.execPath, [REMESA, ...words], { env })).stdout
    }
    /** Of the winners, by their names, once nothing more happens by itself. */
    async function settled(): Promise<Readonly<Record<string, { readonly id: string; readonly status: string }>>> {
      for (;;) {
        const { rows } = await sql<{ id: string; user_id: string; status: string }>`
          select id, user_id, status from payout_transfers`.execute(stack.database)
        if (rows.length === 2 && rows.every(({ status }) => ['completed', 'failed_terminal'].includes(status))) {
          return Object.fromEntries(rows.map((row) => [row.user_id, row]))
        }
        await sleep(50)
      }
    }
    const directory = await mkdtemp(join(tmpdir(), 'remesa-brought-'))
    stops.push(() => rm(directory, { recursive: true }))
    const file = join(directory, 'settlements.csv')
    await writeFile(file, 'settlement_id,contest_id,currency,total,status\nSE-1,CT-1,USD,30.00,closed\n')
    await writeFile(
      join(directory, 'winners.csv'),
      'settlement_id,user_id,stripe_account_id,amount\nSE-1,ana,acct_ana,10.00\nSE-1,ben,acct_closed_ben,20.00\n',
    )
    expect(await remesa('operator', 'settlement', 'import', file, '--reason', 'the marketplace was down')).toContain(
      '1 new',
    )
    expect(await settled()).toMatchObject({ ana: { status: 'completed' }, ben: { status: 'failed_terminal' } })

    await sql`
      update user_stripe_accounts set stripe_account_id = 'acct_ben2', transfers_active = false,
        payouts_enabled = false, details_submitted = false, disabled_reason = null, last_event_created = null
      where user_id = 'ben'`.execute(stack.database)
    const { id = '' } = (await settled()).ben ?? {}
    const asked = await remesa('operator', 'transfer', 'retry', id, '--reason', 'he opened another account')
    const [, approval = ''] = /remesa approve (\S+)/.exec(asked) ?? []
    expect(await remesa('approver', 'approve', approval, '--reason', 'seen his letter')).toContain('approved')
    expect(await settled()).toMatchObject({ ana: { status: 'completed' }, ben: { status: 'completed' } })

    const { payments } = (await stack.sandbox.books()).stripe
    expect(payments.map(({ account, amount }) => `${account} ${amount}`).sort()).toEqual([
      'acct_ana 10.00',
      'acct_ben2 20.00',
    ])
    expect(await remesa('viewer', 'ledger', 'verify')).toContain('USD')
    expect(await remesa('operator', 'settlement', 'import', file, '--reason', 'again')).toContain('1 unchanged')
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}, 120_000)
