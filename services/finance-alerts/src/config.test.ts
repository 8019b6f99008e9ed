import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  ENVIRONMENT: 'production',
}

test('Slack, PagerDuty and the console may be left out', () => {
  const config = readConfig(right)
  const { SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY, CONSOLE_URL } = config
  expect([SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY, CONSOLE_URL]).toEqual([undefined, undefined, undefined])
  expect(config.PAGERDUTY_BASE_URL).toBe('https://events.pagerduty.com')
  expect(config.ALERTS_LINGER_MS).toBe(2_000)
})

test('one line names every variable that is wrong, and none of their values', () => {
  const wrong = {
    SLACK_WEBHOOK_URL: 'hooks.slack.com/services/T/B/secret',
    PAGERDUTY_ROUTING_KEY: 'secret',
    CONSOLE_URL: '/',
  }
  expect(() => readConfig(wrong)).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'SLACK_WEBHOOK_URL is not right (expected an http:// or https:// URL); ' +
      'PAGERDUTY_ROUTING_KEY is not right (expected the 32 characters of a routing key); ' +
      'CONSOLE_URL is not right (expected an http:// or https:// URL); ' +
      'ENVIRONMENT is not set (expected a name such as production)',
  )
})
