import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readApprovalLimits, takesTwo } from './approval-limits.ts'
import { readConfig } from './config.ts'

const right = {
  DATABASE_URL: 'postgresql://remesa@localhost/remesa',
  PUBSUB_PROJECT_ID: 'remesa',
  ENVIRONMENT: 'test',
  OIDC_ISSUER: 'https://login.example.com/',
  OIDC_AUDIENCE: 'remesa-admin',
  OIDC_JWKS_URL: 'https://login.example.com/keys',
  OIDC_CLIENT_ID: 'remesa-console',
  ADMIN_PUBLIC_URL: 'https://remesa.example.com/',
  SESSION_SECRET: 'a secret that is long enough to be one',
}

test('an issuer stays as it is written, to the slash at its end: tokens name it letter by letter', () => {
  expect(readConfig(right)).toMatchObject({
    OIDC_ISSUER: 'https://login.example.com/',
    OIDC_ROLES_CLAIM: 'roles',
    ADMIN_PORT: 8082,
    ADMIN_PUBLIC_URL: 'https://remesa.example.com',
    TRUSTED_PROXY_HOPS: 0,
    BOOKING_CLOCK_OFFSET_MS: 0,
  })
  expect(readConfig(right).ADMIN_APPROVAL_ABOVE).toBeUndefined()
})

test('limits are whole minor units by currency, and anything else stops the boot', () => {
  const { ADMIN_APPROVAL_ABOVE } = readConfig({ ...right, ADMIN_APPROVAL_ABOVE: 'USD:100000, CLP:0' })
  expect(ADMIN_APPROVAL_ABOVE).toEqual(
    new Map([
      ['USD', 100_000n],
      ['CLP', 0n],
    ]),
  )
  for (const wrong of ['USD', 'USD:', 'USD:1.5', 'usd:1', 'XXX:1', 'USD:-1', 'USD:1,', 'USD:1,USD:2', '100000']) {
    expect(() => readConfig({ ...right, ADMIN_APPROVAL_ABOVE: wrong })).toThrow(
      'ADMIN_APPROVAL_ABOVE is not right (expected amounts in minor units by currency, such as USD:100000,CLP:900000)',
    )
  }
})

test('above its currency’s limit an amount takes two, and so does every amount of a currency without one', () => {
  const limits = readApprovalLimits('USD:100000') ?? new Map()
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (amount) => {
      expect(takesTwo(limits, { amount, currency: 'USD' })).toBe(amount > 100_000n)
      expect(takesTwo(limits, { amount, currency: 'EUR' })).toBe(true)
    }),
  )
})

test('one line names every variable that is wrong', () => {
  expect(() => readConfig({ ADMIN_PORT: 'http', SESSION_SECRET: 'short', OIDC_JWKS_URL: 'file:///keys' })).toThrow(
    'the environment is wrong: DATABASE_URL is not set (expected a postgres:// URL); ' +
      'PUBSUB_PROJECT_ID is not set (expected a Google Cloud project id); ' +
      'ADMIN_PORT is not right (expected a whole number from 0 to 65535); ' +
      'ENVIRONMENT is not set (expected a name such as production); ' +
      'OIDC_ISSUER is not set (expected the issuer that tokens name); ' +
      'OIDC_AUDIENCE is not set (expected the audience that tokens name); ' +
      'OIDC_JWKS_URL is not right (expected an http:// or https:// URL); ' +
      'OIDC_CLIENT_ID is not set (expected the client that the issuer knows the console by); ' +
      'ADMIN_PUBLIC_URL is not set (expected an http:// or https:// URL); ' +
      'SESSION_SECRET is not right (expected a secret of at least 32 characters)',
  )
})
