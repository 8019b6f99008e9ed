import { generateKeyPairSync } from 'node:crypto'
import { afterEach, expect, test } from '@jest/globals'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import type { AssertionAlgorithm, NetSuiteAuth } from '../src/authentication.ts'
import { createNetSuiteClient } from '../src/netsuite-client.ts'
import { type Asked, aNetSuite, closeAll, refusing, TBA } from './a-netsuite.ts'

afterEach(closeAll)

const TOKEN_PATH = '/services/rest/auth/oauth2/v1/token'
const PAGE = { status: 200, body: { items: [] } }

function aKey(algorithm: AssertionAlgorithm) {
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm as string]
  const keys = curve
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 }) // NetSuite asks for 3072; this one is quick to make
  const privateKeyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const auth: NetSuiteAuth = { kind: 'oauth2', clientId: 'client', certificateId: 'cert', privateKeyPem, algorithm }
  return { auth, publicKey: keys.publicKey }
}

const assertionIn = ({ text }: Asked) => new URLSearchParams(text).get('client_assertion') ?? ''

test('an access token is asked for by a signed assertion, for each algorithm NetSuite takes', async () => {
  for (const algorithm of ['PS256', 'ES256', 'ES384', 'ES512'] as const) {
    const { auth, publicKey } = aKey(algorithm)
    const token = { status: 200, body: { access_token: 'abc', expires_in: '3600', token_type: 'bearer' } }
    const { client, asked, baseUrl } = await aNetSuite(({ url }) => (url === TOKEN_PATH ? token : PAGE), { auth })
    await Promise.all([client.ping(), client.ping()])
    await client.ping()
    expect(asked.map(({ url }) => url === TOKEN_PATH)).toEqual([true, false, false, false])
    expect(asked.slice(1).every(({ headers }) => headers.authorization === 'Bearer abc')).toBe(true)
    const [first] = asked
    if (!first) throw new Error('no token was asked for')
    expect(Object.fromEntries(new URLSearchParams(first.text))).toMatchObject({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(decodeProtectedHeader(assertionIn(first))).toEqual({ typ: 'JWT', alg: algorithm, kid: 'cert' })
    const audience = baseUrl + TOKEN_PATH
    const { payload } = await jwtVerify(assertionIn(first), publicKey, { issuer: 'client', audience })
    expect(payload.scope).toEqual(['rest_webservices'])
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThan(3600)
  }
})

test('a token that has been revoked is replaced once, and a second 401 is our credentials', async () => {
  const { auth } = aKey('ES256')
  let minted = 0
  const good = { value: 't2' }
  const { client, asked } = await aNetSuite(
    ({ url, headers }) => {
      if (url === TOKEN_PATH) return { status: 200, body: { access_token: `t${++minted}`, expires_in: 3600 } }
      return headers.authorization === `Bearer ${good.value}` ? PAGE : refusing(401, 'INVALID_LOGIN')
    },
    { auth },
  )
  await client.ping()
  expect(asked).toHaveLength(4)
  good.value = 'none'
  await expect(client.ping()).rejects.toMatchObject({ kind: 'unavailable', credentials: true, code: 'INVALID_LOGIN' })
  expect(minted).toBe(3)
})

test('a refused assertion is our credentials, and is not tried again; a token endpoint that is down is', async () => {
  const { auth } = aKey('ES256')
  const refused = await aNetSuite(() => ({ status: 400, body: { error: 'invalid_grant' } }), { auth })
  const error = { operation: 'get access token', kind: 'unavailable', credentials: true, code: 'invalid_grant' }
  await expect(refused.client.ping()).rejects.toMatchObject(error)
  expect(refused.asked).toHaveLength(1)
  const down = await aNetSuite(() => ({ status: 503 }), { auth })
  await expect(down.client.ping()).rejects.toMatchObject({ kind: 'unavailable', credentials: false })
  expect(down.asked).toHaveLength(4)
  const garbled = await aNetSuite(() => ({ status: 200, body: { access_token: 5 } }), { auth })
  await expect(garbled.client.ping()).rejects.toMatchObject({ kind: 'garbled' })
})

test('token-based requests each carry a signature of their own, in the realm of the account', async () => {
  const { client, asked } = await aNetSuite(() => PAGE, { auth: TBA, accountId: '1234567-sb1' })
  await client.ping()
  await client.ping()
  const headers = asked.map(({ headers }) => String(headers.authorization))
  for (const header of headers) {
    expect(header).toMatch(/^OAuth realm="1234567_SB1",oauth_consumer_key="ck",oauth_token="ti",/)
    const timestamp = Number(/oauth_timestamp="(\d+)"/.exec(header)?.[1])
    expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(60)
  }
  const [first, second] = headers.map((header) => /oauth_nonce="(\w+)"/.exec(header)?.[1])
  expect(first).toMatch(/^\w{32}$/)
  expect(second).not.toBe(first)
})

test('a private key that cannot be read stops the boot, without being shown', () => {
  const auth = {
    kind: 'oauth2',
    clientId: 'c',
    certificateId: 'k',
    privateKeyPem: 'sekret',
    algorithm: 'ES256',
  } as const
  const create = () => createNetSuiteClient({ baseUrl: 'http://localhost', accountId: '1', auth })
  expect(create).toThrow('the NetSuite private key cannot be read: it must be PKCS #8 in PEM')
})
