import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ReconciliationTold } from '@remesa/domain/reconciliation-alert'
import { startProcess } from '@remesa/local-stack/testing/processes'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { tellOfReconciliation } from '@remesa/messaging/reconciliation-alerts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

/** The service as a process. @returns it, and what it logged so far */
function start(env: Record<string, string>) {
  const { child, said, exitCode } = startProcess(world, new URL('../src/main.ts', import.meta.url), {
    DATABASE_URL: world.databaseUrl,
    PUBSUB_PROJECT_ID: 'test',
    PUBSUB_EMULATOR_HOST: world.emulator.host,
    HTTP_PORT: '0',
    ENVIRONMENT: 'test',
    ...env,
  })
  const messages = (): readonly string[] =>
    said.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).msg)
  return { child, said, messages, exitCode }
}

const aRun = (): ReconciliationTold => ({
  reportId: randomUUID(),
  day: '2026-11-19',
  window: { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' },
  status: 'discrepancy_found',
  severity: 'critical',
  percentage: 6.2,
  stripeTotal: { amount: '10620.00', currency: 'USD' },
  databaseTotal: { amount: '10000.00', currency: 'USD' },
  discrepancy: { amount: '620.00', currency: 'USD' },
  byCurrency: [],
  missingInDatabase: ['pi_1'],
  missingInStripe: [],
  amountMismatches: 0,
  recommendations: ['Sync pi_1.'],
})
const tell = () => world.database.transaction().execute((tx) => tellOfReconciliation(tx, aRun()))

test('the service sends what was told while it was not there, says so, and stops when told to', async () => {
  await tell()
  const { sandbox } = world
  const { routingKey } = sandbox.credentials().pagerduty
  const { child, said, messages, exitCode } = start({
    SLACK_WEBHOOK_URL: sandbox.urls.slackWebhook,
    PAGERDUTY_ROUTING_KEY: routingKey,
    PAGERDUTY_BASE_URL: sandbox.urls.pagerduty,
    CONSOLE_URL: 'https://ops.example.com',
  })
  const both = ['PagerDuty alert sent successfully', 'Slack alert sent successfully']
  await world.until('both are told', () => both.every((line) => messages().includes(line)))
  expect(sandbox.slack.messages()).toHaveLength(1)
  expect(sandbox.pagerduty.incidents()).toMatchObject([{ dedupKey: 'billing-recon:test:platform:2026-11-19' }])
  child.kill('SIGTERM')
  expect(await exitCode()).toBe(0)
  expect(said.stdout).not.toContain(routingKey)
  expect(said.stdout).not.toContain('sandbox-webhook-token')
})

test('a service without channels says so once for each, and starts', async () => {
  const { messages } = start({})
  await world.until('it has started', () => messages().includes('started'))
  expect(messages().filter((text) => text.startsWith('no '))).toEqual([
    'no Slack webhook is configured: alerts are only logged',
    'no PagerDuty routing key is configured: nobody is paged',
  ])
})
