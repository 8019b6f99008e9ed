import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Sandbox, startSandbox } from '@remesa/sandbox/sandbox'
import { readConfig } from '../../../services/admin/src/config.ts'
import { operatorsText } from '../src/operators.ts'
import { serviceEnvironment } from '../src/stack/service-environment.ts'

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
