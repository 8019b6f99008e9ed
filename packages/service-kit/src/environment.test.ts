import { expect, test } from '@jest/globals'
import { z } from 'zod'
import {
  databaseEnvironment,
  EnvironmentError,
  httpUrl,
  parseEnvironment,
  pubsubEnvironment,
  secret,
  serviceEnvironment,
  timeZone,
} from './environment.ts'

const schema = z.object({ ...serviceEnvironment, ...databaseEnvironment, ...pubsubEnvironment, API_SECRET: secret })
const right = { DATABASE_URL: 'postgres://u:p@h/db', PUBSUB_PROJECT_ID: 'remesa-prod', API_SECRET: 's3cret' }

const refusal = (env: Record<string, string>): string => {
  try {
    parseEnvironment(env, schema)
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message
    throw error
  }
  throw new Error('was accepted')
}

test('a right environment becomes a Config of numbers and texts, with the defaults of what is unset', () => {
  expect(parseEnvironment({ ...right, HTTP_PORT: '9090', UNRELATED: 'x' }, schema)).toEqual({
    ...right,
    HTTP_PORT: 9090,
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE_MS: 25_000,
    DATABASE_POOL_SIZE: 10,
  })
})

test('one message names every bad variable and what was expected', () => {
  expect(refusal({ HTTP_PORT: '70000', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://h/db' })).toBe(
    'the environment is wrong: HTTP_PORT is not right (expected a whole number from 0 to 65535); ' +
      'LOG_LEVEL is not right (expected one of "trace"|"debug"|"info"|"warn"|"error"|"fatal"); ' +
      'DATABASE_URL is not right (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'API_SECRET is not set (expected a secret)',
  )
})

test('no value is repeated in the message', () => {
  const value = 'hunter2hunter2'
  expect(refusal({ DATABASE_URL: value, HTTP_PORT: value, PUBSUB_PROJECT_ID: `${value} ` })).not.toContain('hunter2')
})

test('an empty variable counts as unset', () => {
  expect(parseEnvironment({ ...right, HTTP_PORT: '', PUBSUB_EMULATOR_HOST: '' }, schema).HTTP_PORT).toBe(8080)
  expect(refusal({ ...right, API_SECRET: '' })).toContain('API_SECRET is not set')
})

test('a number must be whole and written as one', () => {
  for (const HTTP_PORT of ['80.5', '1e9', 'eighty', '-1'])
    expect(refusal({ ...right, HTTP_PORT })).toContain('HTTP_PORT')
})

test('a rule over several variables is told in its own words', () => {
  const either = z
    .object({ KEY: secret.optional(), TOKEN: secret.optional() })
    .refine(({ KEY, TOKEN }) => KEY || TOKEN, 'set KEY or TOKEN')
  expect(() => parseEnvironment({}, either)).toThrow('the environment is wrong: set KEY or TOKEN')
})

test('a base URL loses the slash at its end, so that a path can be appended', () => {
  const config = parseEnvironment({ BASE: 'https://api.example.com/v1/' }, z.object({ BASE: httpUrl }))
  expect(config.BASE).toBe('https://api.example.com/v1')
})

test('a time zone that does not exist is refused', () => {
  const zone = z.object({ ZONE: timeZone })
  expect(parseEnvironment({ ZONE: 'America/Santiago' }, zone).ZONE).toBe('America/Santiago')
  expect(() => parseEnvironment({ ZONE: 'America/Santiagoo' }, zone)).toThrow('ZONE is not right (expected an IANA')
})
