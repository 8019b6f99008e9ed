import { expect, test } from '@jest/globals'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  ENVIRONMENT: 'production',
}

test('Slack and the console may be left out', () => {
  const config = readConfig(right)
  expect([config.SLACK_WEBHOOK_URL, config.CONSOLE_URL]).toEqual([undefined, undefined])
  expect(config.ALERTS_LINGER_MS).toBe(2_000)
})

test('one line names every variable that is wrong, and none of their values', () => {
  expect(() => readConfig({ SLACK_WEBHOOK_URL: 'hooks.slack.com/services/T/B/secret', CONSOLE_URL: '/' })).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'SLACK_WEBHOOK_URL is not right (expected an http:// or https:// URL); ' +
      'CONSOLE_URL is not right (expected an http:// or https:// URL); ' +
      'ENVIRONMENT is not set (expected a name such as production)',
  )
})
