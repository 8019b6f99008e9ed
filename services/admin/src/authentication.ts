import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { nameOf, rolesOf, subjectOf } from './claims.ts'
import { ProblemError, problem } from './problem.ts'

/** Who asks, as their token says. */
export interface Operator {
  readonly subject: string
  /** For people: the token's `name`, or the subject. */
  readonly name: string
  /** As the token names them; some may mean nothing here. */
  readonly roles: readonly string[]
  /** How they showed who they are: a console's session, or a bearer token of a program. */
  readonly via: 'session' | 'bearer'
}

export type Authenticate = (authorization: string | undefined) => Promise<Operator>

export interface AuthenticationOptions {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
  /** The claim's name, or the way to it with dots. */
  readonly rolesClaim: string
  readonly now: () => Date
  /** After keys were read, how long until a token with an unknown key has them read again. Default 30 s. */
  readonly jwksCooldownMs?: number
}

/** Signatures that only the issuer can make: with HS256, whoever can check a token could mint one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const CLOCK_TOLERANCE_SECONDS = 30
const JWKS_TIMEOUT_MS = 3_000
const JWKS_MAX_AGE_MS = 10 * 60_000

/**
 * Checks bearer tokens against the issuer's keys, which are read when needed and kept for ten minutes.
 * @returns a function that throws ProblemError: 401 for a token that proves nothing, 503 while the keys cannot be read
 */
export function createAuthenticate(options: AuthenticationOptions): Authenticate {
  const keys = keysOf(options)
  return async (authorization) => {
    const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw notAuthenticated('Send an access token: "Authorization: Bearer …".')
    const payload = await verified(token, keys, options)
    const subject = subjectOf(payload)
    if (subject === undefined) throw notAuthenticated('The token does not say whose it is.', 'invalid_token')
    const roles = rolesOf(payload, options.rolesClaim) ?? []
    return { subject, name: nameOf(payload) ?? subject, roles, via: 'bearer' }
  }
}

function keysOf({ jwksUrl, jwksCooldownMs = 30_000 }: AuthenticationOptions): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cacheMaxAge: JWKS_MAX_AGE_MS,
    cooldownDuration: jwksCooldownMs,
  })
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      // The keys were read, and none of them is the token's. Everything else is no fault of the token.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw new ProblemError(problem('keys-unavailable', 'The issuer’s keys could not be read; try again.'), {
        'retry-after': '5',
      })
    }
  }
}

async function verified(token: string, keys: JWTVerifyGetKey, options: AuthenticationOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: options.issuer,
      audience: options.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: options.now(),
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) throw notAuthenticated(whyNot(error), 'invalid_token')
    throw error
  }
}

function whyNot(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return WRONG_CLAIMS[error.claim] ?? 'A claim of the token is missing or not right.'
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The token is not signed with an algorithm that is accepted.'
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return 'The token is not signed with a key of the issuer.'
  }
  return 'It is no signed token.'
}

const WRONG_CLAIMS: Readonly<Record<string, string>> = {
  iss: 'The token is of another issuer.',
  aud: 'The token is for another audience.',
  nbf: 'The token is not valid yet.',
  exp: 'The token does not say when it expires.',
  sub: 'The token does not say whose it is.',
}

/** RFC 6750 §3: what was wrong is said only of a token that was sent. */
function notAuthenticated(detail: string, error?: 'invalid_token'): ProblemError {
  const challenge = error
    ? `Bearer realm="remesa", error="${error}", error_description="${detail}"`
    : 'Bearer realm="remesa"'
  return new ProblemError(problem('not-authenticated', detail), { 'www-authenticate': challenge })
}
