import * as client from 'openid-client'
import type { Authenticate } from '../authentication.ts'
import { nameOf, rolesOf, subjectOf } from '../claims.ts'
import { ProblemError } from '../problem.ts'
import type { Person } from './sessions.ts'

/** Whoever signs people in for us, by OpenID Connect. */
export interface Issuer {
  /** What a sign-in starts with: where the browser goes, and what must be remembered until it comes back. */
  start(options: { readonly loginHint: string | undefined }): Promise<{ url: string; pending: PendingSignIn }>
  /** @param url - the one that the browser came back to, with the issuer's answer in its query */
  finish(url: URL, pending: PendingSignIn): Promise<Person>
  /** Where a browser goes to be signed out there too; undefined for an issuer that offers nothing of the kind. */
  signOutUrl(): Promise<string | undefined>
}

/** Proves that the browser which comes back is the one that was sent, and the answer the one to our question. */
export interface PendingSignIn {
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

/** Why nobody was signed in. `message` is a sentence for the person, with nothing of the issuer's in it. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly kind: 'sign-in-failed' | 'sign-in-unavailable'
  /** What the issuer or the library call it; for the log. */
  readonly code: string
  constructor(kind: SignInError['kind'], message: string, code: string) {
    super(message)
    this.kind = kind
    this.code = code
  }
}

export interface IssuerOptions {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a public client, which PKCE is enough for. */
  readonly clientSecret: string | undefined
  /** Where browsers find this service: scheme and host. */
  readonly publicUrl: string
  readonly rolesClaim: string
  /** Reads the roles of an access token, for issuers that put them into no ID token. */
  readonly authenticate: Authenticate
}

const TIMEOUT_SECONDS = 5
const CLOCK_TOLERANCE_SECONDS = 30
export const CALLBACK_PATH = '/auth/callback'

/** The authorization code flow with PKCE, state and nonce; the ID token's signature is checked against the issuer's keys. */
export function createIssuer(options: IssuerOptions): Issuer {
  const redirectUri = options.publicUrl + CALLBACK_PATH
  const configuration = discoverOnce(options)
  const rolesOfAccess = accessRoles(options.authenticate)
  return {
    async start({ loginHint }) {
      const config = await configuration()
      const pending = {
        verifier: client.randomPKCECodeVerifier(),
        state: client.randomState(),
        nonce: client.randomNonce(),
      }
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
        ...(loginHint !== undefined && { login_hint: loginHint }),
      })
      return { url: url.href, pending }
    },

    async finish(url, { verifier, state, nonce }) {
      const config = await configuration()
      const tokens = await client
        .authorizationCodeGrant(config, url, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        })
        .catch((error: unknown) => {
          throw failureOf(error)
        })
      const claims = tokens.claims() ?? {}
      const subject = subjectOf(claims)
      if (subject === undefined) throw failed('no_subject')
      const roles = rolesOf(claims, options.rolesClaim) ?? (await rolesOfAccess(tokens.access_token, subject))
      return { subject, name: nameOf(claims) ?? subject, roles }
    },

    async signOutUrl() {
      const config = await configuration()
      if (config.serverMetadata().end_session_endpoint === undefined) return undefined
      return client.buildEndSessionUrl(config, { post_logout_redirect_uri: `${options.publicUrl}/` }).href
    },
  }
}

/** An issuer may give access tokens that are not for us, or not to be read: they give no role. */
const accessRoles =
  (authenticate: Authenticate) =>
  async (token: string, subject: string): Promise<readonly string[]> => {
    const operator = await authenticate(`Bearer ${token}`).catch((error: unknown) => {
      if (error instanceof ProblemError && error.body.status === 401) return undefined
      throw error
    })
    return operator?.subject === subject ? operator.roles : []
  }

/** The issuer's own description, read when it is first needed and kept; one that could not be read is read again. */
function discoverOnce({ issuer, clientId, clientSecret }: IssuerOptions): () => Promise<client.Configuration> {
  let reading: Promise<client.Configuration> | undefined
  const url = new URL(issuer)
  const checks = [client.enableNonRepudiationChecks]
  // Plain HTTP is for an issuer on this machine: a deployment's names https.
  if (url.protocol === 'http:') checks.push(client.allowInsecureRequests)
  return () => {
    reading ??= client
      .discovery(
        url,
        clientId,
        { [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
        clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret),
        { execute: checks, timeout: TIMEOUT_SECONDS },
      )
      .catch((error: unknown) => {
        reading = undefined
        throw unavailable(codeOf(error))
      })
    return reading
  }
}

/** What went wrong on the way back. Whatever is not an answer of the issuer's is its absence. */
function failureOf(error: unknown): SignInError {
  if (error instanceof client.AuthorizationResponseError) {
    return error.error === 'access_denied'
      ? new SignInError('sign-in-failed', 'The sign-in was refused, or you left it.', error.error)
      : failed(error.error)
  }
  if (error instanceof client.ResponseBodyError && error.status < 500) return failed(error.error)
  if (error instanceof client.ClientError && error.cause instanceof Response) return unavailable(codeOf(error))
  if (error instanceof client.ClientError && error.code !== 'OAUTH_TIMEOUT') return failed(codeOf(error))
  return unavailable(codeOf(error))
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no_answer'

const failed = (code: string): SignInError =>
  new SignInError('sign-in-failed', 'The sign-in did not work, or took too long. Start it again.', code)

const unavailable = (code: string): SignInError =>
  new SignInError('sign-in-unavailable', 'Whoever signs people in cannot be reached. Try again in a moment.', code)
