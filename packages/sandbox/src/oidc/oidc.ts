import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Reply } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import type { LocalPerson } from './people.ts'
import { AUTHORIZE_PATH, OIDC_CLIENT_ID, signInRoutes, TOKEN_PATH } from './sign-in.ts'

export interface OidcOptions {
  readonly port?: number
  readonly host?: string
  /** Default the machine's clock; what tokens say of their times follows it. */
  readonly now?: () => Date
  /** What tokens name as their issuer. Default: the address it listens on, which other containers do not know. */
  readonly issuer?: string
  /** Where browsers find it, when that is elsewhere than the issuer, which other containers know. Default: the issuer. */
  readonly browserUrl?: string
  /** Which tokens of a sign-in say what a person may do; some issuers have it in access tokens alone. Default both. */
  readonly rolesIn?: 'both' | 'access-token'
  readonly faults?: FaultPlan
  readonly latencyMs?: number
}

/** For whom tokens are minted unless they say otherwise. */
export const OIDC_AUDIENCE = 'remesa-admin'

const mintSchema = z.strictObject({
  /** The person. Default `<last role>@example.com`, so that each role is somebody else. */
  subject: z.string().min(1).max(200).optional(),
  roles: z.array(z.string()).default(['viewer']),
  /** Where the roles stand. Default `roles`. */
  rolesClaim: z.string().min(1).default('roles'),
  audience: z.string().min(1).default(OIDC_AUDIENCE),
  /** Default the sandbox's own. */
  issuer: z.string().min(1).optional(),
  /** Negative for a token that has expired. */
  expiresInSeconds: z.int().default(3600),
  /** When it begins to be valid, seconds from now. */
  notBeforeSeconds: z.int().default(0),
  /** Further claims, which also replace those above; null leaves a claim out. */
  claims: z.record(z.string(), z.unknown()).default({}),
})
/** A token as it is wanted. */
export type TokenWish = z.input<typeof mintSchema>

const rotateSchema = z.strictObject({ forgetOld: z.boolean().default(false) })

export interface OidcSandbox extends SandboxProvider {
  /** What tokens name as their issuer. */
  readonly issuer: string
  readonly jwksUrl: string
  /** A signed token. @throws ZodError for a wish that makes no sense */
  mint(wish?: TokenWish): Promise<string>
  /** Signs with a new key from now on. Tokens of the older ones stay good until `forgetOld` takes their keys away. */
  rotateKeys(options?: { forgetOld?: boolean }): Promise<{ keyId: string }>
  readonly credentials: { readonly issuer: string; readonly audience: string; readonly clientId: string }
}

const JWKS_PATH = '/.well-known/jwks.json'
const ALGORITHM = 'ES256'
/** Of tokens that somebody signed in for. */
const TOKEN_LIFETIME_SECONDS = 3600

interface SigningKey {
  readonly keyId: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
}

const refusal = (status: number, error: string, description: string): Reply => ({
  status,
  body: { error, error_description: description },
})
const errors: ErrorShapes = {
  badRequest: (message) => refusal(400, 'invalid_request', message),
  notFound: (path) => refusal(404, 'not_found', `nothing at ${path}`),
  serverError: (status) => refusal(status, 'server_error', 'something went wrong'),
  rateLimited: (seconds) => ({
    ...refusal(429, 'temporarily_unavailable', 'too many requests'),
    headers: { 'retry-after': String(seconds) },
  }),
}

/**
 * An OpenID Connect issuer: its discovery document, its keys (OpenID Connect Discovery 1.0 §4, RFC 7517) and its sign-in.
 * Whoever holds its controls mints a token for any person and role.
 */
export async function startOidc(options: OidcOptions = {}): Promise<OidcSandbox> {
  const now = options.now ?? (() => new Date())
  const faults = createFaults(options.faults)
  let signing = await newKey()
  let keys: readonly SigningKey[] = [signing]

  const server = await startServer({
    ...options,
    errors,
    faults,
    routes: [
      {
        method: 'GET',
        path: '/.well-known/openid-configuration',
        handle: () => ({
          status: 200,
          body: {
            issuer,
            authorization_endpoint: (options.browserUrl ?? issuer) + AUTHORIZE_PATH,
            token_endpoint: issuer + TOKEN_PATH,
            jwks_uri: issuer + JWKS_PATH,
            scopes_supported: ['openid', 'profile'],
            response_types_supported: ['code'],
            grant_types_supported: ['authorization_code'],
            code_challenge_methods_supported: ['S256'],
            token_endpoint_auth_methods_supported: ['none'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: [ALGORITHM],
          },
        }),
      },
      {
        method: 'GET',
        path: JWKS_PATH,
        handle: () => ({ status: 200, body: { keys: keys.map(({ publicJwk }) => publicJwk) } }),
      },
      ...signInRoutes({ now, refusal, tokensFor }),
    ],
  })
  const issuer = options.issuer ?? server.url

  async function mint(wish: TokenWish = {}): Promise<string> {
    const { roles, rolesClaim, audience, expiresInSeconds, notBeforeSeconds, claims, ...rest } = mintSchema.parse(wish)
    const seconds = Math.floor(now().getTime() / 1000)
    const all = {
      iss: rest.issuer ?? issuer,
      sub: rest.subject ?? `${roles.at(-1) ?? 'nobody'}@example.com`,
      aud: audience,
      iat: seconds + Math.min(0, expiresInSeconds),
      nbf: seconds + Math.min(notBeforeSeconds, expiresInSeconds),
      exp: seconds + expiresInSeconds,
      jti: randomUUID(),
      [rolesClaim]: roles,
      ...claims,
    }
    const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
    return new SignJWT(said).setProtectedHeader({ alg: ALGORITHM, kid: signing.keyId }).sign(signing.privateKey)
  }

  async function tokensFor(
    { subject, name, roles }: LocalPerson,
    { nonce }: { readonly nonce: string | undefined },
  ): Promise<object> {
    const wish = { subject, roles: [...roles], expiresInSeconds: TOKEN_LIFETIME_SECONDS }
    return {
      token_type: 'Bearer',
      expires_in: TOKEN_LIFETIME_SECONDS,
      access_token: await mint({ ...wish, claims: { name } }),
      id_token: await mint({
        ...{ ...wish, audience: OIDC_CLIENT_ID },
        claims: { name, nonce: nonce ?? null, ...(options.rolesIn === 'access-token' && { roles: null }) },
      }),
    }
  }

  async function rotateKeys(wish: { forgetOld?: boolean } = {}): Promise<{ keyId: string }> {
    const { forgetOld } = rotateSchema.parse(wish)
    signing = await newKey()
    keys = forgetOld ? [signing] : [signing, ...keys]
    return { keyId: signing.keyId }
  }

  const { calls } = server
  return {
    url: server.url,
    issuer,
    jwksUrl: server.url + JWKS_PATH,
    credentials: { issuer, audience: OIDC_AUDIENCE, clientId: OIDC_CLIENT_ID },
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    mint,
    rotateKeys,
    controls: {
      ...commonControls({ calls, faults }),
      mint: async (input) => ({ token: await mint(mintSchema.parse(input)) }),
      rotateKeys: (input) => rotateKeys(rotateSchema.parse(input)),
    },
    stop: server.stop,
  }
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM)
  const keyId = randomUUID()
  return { keyId, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid: keyId, alg: ALGORITHM, use: 'sig' } }
}
