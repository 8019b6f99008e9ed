import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, expect, test } from '@jest/globals'
import { netsuiteEnvironment, netsuiteOptions } from '@remesa/netsuite-client/environment'
import { startSandbox } from '@remesa/sandbox/sandbox'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { parse } from 'yaml'
import { z } from 'zod'
import { envFile, netsuiteLogin } from '../../../infra/docker/connect-sandbox.ts'
import { readServiceConfigs } from './service-configs.ts'
import { ROOT } from './source-tree.ts'

// No Docker is needed to know whether docker-compose.yml says what the services want to hear.

interface ComposeService {
  readonly image?: string
  readonly build?: { readonly dockerfile: string; readonly target: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
  readonly volumes?: readonly string[]
}

const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Readonly<Record<string, ComposeService>>
  volumes: Readonly<Record<string, unknown>>
}
const configs = await readServiceConfigs()
const sandbox = await startSandbox()
afterAll(() => sandbox.stop())
const login = netsuiteLogin({ credentials: sandbox.credentials() })

/** As Docker hands it over: text. What comes by `--env-file` counts where the command asks for it. */
function environmentOf(service: string): Record<string, string> {
  const { environment = {}, command = [] } = compose.services[service] ?? {}
  const given = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))
  return command.includes('--env-file=/login/netsuite.env') ? { ...login, ...given } : given
}

test.each(configs)('docker compose runs $service with an environment that it accepts', ({ service, readConfig }) => {
  const { command = [], build, depends_on = {} } = compose.services[service] ?? {}
  expect(command.at(0)).toBe('node')
  expect(command.at(-1)).toBe(`services/${service}/src/main.ts`)
  expect(build).toMatchObject({ dockerfile: 'infra/docker/Dockerfile', target: 'services' })
  expect(depends_on).toMatchObject({
    postgres: { condition: 'service_healthy' },
    pubsub: { condition: 'service_healthy' },
    'connect-sandbox': { condition: 'service_completed_successfully' },
  })
  expect(() => readConfig(environmentOf(service))).not.toThrow()
})

test.each(configs)('docker compose gives $service no variable that it does not read', ({ service, variables }) => {
  const read = new Set([...variables, 'METADATA_SERVER_DETECTION']) // of Google's client
  const given = Object.keys(compose.services[service]?.environment ?? {})
  expect(given.filter((name) => !read.has(name))).toEqual([])
})

test('docker compose runs nothing that is no service of ours, and stays within NetSuite’s places', () => {
  const infrastructure = ['postgres', 'pubsub', 'sandbox', 'connect-sandbox']
  const names = [...configs.map(({ service }) => service), ...infrastructure].sort()
  expect(Object.keys(compose.services).sort()).toEqual(names)
  const places = configs
    .filter(({ variables }) => variables.has('NETSUITE_MAX_CONCURRENT'))
    .map(({ service }) => Number(environmentOf(service).NETSUITE_MAX_CONCURRENT))
  expect(places.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(15)
})

test('the NetSuite log-in that the sandbox gives survives its file and is one that services take', () => {
  const read = parseEnv(envFile(login))
  expect(read).toEqual(login)
  const config = parseEnvironment({ ...read, NETSUITE_BASE_URL: 'http://sandbox:9001' }, z.object(netsuiteEnvironment))
  expect(netsuiteOptions(config).auth).toMatchObject({
    kind: 'oauth2',
    privateKeyPem: sandbox.credentials().netsuite.privateKeyPem,
  })
})

test('docker compose logs in to the sandboxes as they expect, at the addresses that they have', () => {
  const { fpay, gsc, oidc, pagerduty, payoneer, stripe } = sandbox.credentials()
  expect(environmentOf('fpay-status-check')).toMatchObject({
    GSC_TOKEN: gsc.token,
    FPAY_CLIENT_ID: fpay.clientId,
    FPAY_CLIENT_SECRET: fpay.clientSecret,
    PAYONEER_PROGRAM_ID: payoneer.programId,
    PAYONEER_CLIENT_ID: payoneer.clientId,
    PAYONEER_CLIENT_SECRET: payoneer.clientSecret,
  })
  expect(environmentOf('webhooks')).toMatchObject({
    FPAY_WEBHOOK_SECRETS: fpay.callbackSecret,
    PAYONEER_WEBHOOK_SECRET: payoneer.ipcnSecret,
    STRIPE_WEBHOOK_SECRETS: stripe.webhookSecret,
  })
  expect(environmentOf('finance-alerts')).toMatchObject({ PAGERDUTY_ROUTING_KEY: pagerduty.routingKey })
  expect(environmentOf('payouts')).toMatchObject({
    STRIPE_SECRET_KEY: stripe.apiKey,
    STRIPE_API_HOST: 'sandbox',
    STRIPE_API_PORT: environmentOf('sandbox').SANDBOX_STRIPE_PORT,
    STRIPE_API_PROTOCOL: 'http',
  })

  expect(environmentOf('admin')).toMatchObject({
    OIDC_ISSUER: environmentOf('sandbox').SANDBOX_OIDC_ISSUER,
    OIDC_AUDIENCE: oidc.audience,
  })

  const ports = environmentOf('sandbox')
  const addresses: readonly (readonly [string | undefined, string | undefined, string])[] = [
    [environmentOf('fpay-status-check').NETSUITE_BASE_URL, ports.SANDBOX_NETSUITE_PORT, sandbox.urls.netsuite],
    [environmentOf('fpay-status-check').GSC_BASE_URL, ports.SANDBOX_GSC_PORT, sandbox.urls.gsc],
    [environmentOf('fpay-status-check').FPAY_BASE_URL, ports.SANDBOX_FPAY_PORT, sandbox.urls.fpay],
    [environmentOf('fpay-status-check').PAYONEER_BASE_URL, ports.SANDBOX_PAYONEER_PORT, sandbox.urls.payoneerApi],
    [environmentOf('fpay-status-check').PAYONEER_TOKEN_URL, ports.SANDBOX_PAYONEER_PORT, sandbox.urls.payoneerToken],
    [environmentOf('admin').OIDC_ISSUER, ports.SANDBOX_OIDC_PORT, sandbox.oidc.issuer],
    [environmentOf('admin').OIDC_JWKS_URL, ports.SANDBOX_OIDC_PORT, sandbox.urls.oidcJwks],
    [environmentOf('finance-alerts').SLACK_WEBHOOK_URL, ports.SANDBOX_SLACK_PORT, sandbox.urls.slackWebhook],
    [environmentOf('finance-alerts').PAGERDUTY_BASE_URL, ports.SANDBOX_PAGERDUTY_PORT, sandbox.urls.pagerduty],
  ]
  for (const [given, port, here] of addresses) {
    expect(given).toBe(new URL(here).pathname.replace(/^\/$/, '').replace(/^/, `http://sandbox:${port}`))
  }
})

test('callbacks come to the webhooks service, at the address that Payoneer’s signature covers', () => {
  const { WEBHOOKS_PORT, WEBHOOKS_PUBLIC_URL } = environmentOf('webhooks')
  expect(WEBHOOKS_PUBLIC_URL).toBe(`http://webhooks:${WEBHOOKS_PORT}`)
  expect(environmentOf('pay-seller-balance').FPAY_CALLBACK_URL).toBe(`${WEBHOOKS_PUBLIC_URL}/webhooks/fpay`)
  expect(compose.services['connect-sandbox']?.command).toContain(WEBHOOKS_PUBLIC_URL)
  expect(environmentOf('sandbox').SANDBOX_STRIPE_WEBHOOK_URL).toBe(`${WEBHOOKS_PUBLIC_URL}/webhooks/stripe`)
})

test('every file, stage and volume that docker compose names is there', () => {
  const dockerfile = readFileSync(join(ROOT, 'infra/docker/Dockerfile'), 'utf8')
  for (const { build, command = [], volumes = [] } of Object.values(compose.services)) {
    if (build) expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${build.target}$`, 'm'))
    for (const script of command.filter((word) => word.endsWith('.ts'))) {
      expect(existsSync(join(ROOT, script))).toBe(true)
    }
    for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
  }
})
