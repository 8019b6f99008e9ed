import { randomBytes } from 'node:crypto'

export interface BearerTokens {
  /** A new token and the seconds it is good for. */
  issue(): { token: string; expiresInSeconds: number }
  /** Whether an `Authorization` header carries a token that was issued, has not expired and was not revoked. */
  accepts(authorization: string | undefined): boolean
  /** Every token issued so far stops working, as if the provider had rotated its keys. */
  revokeAll(): void
}

/** Access tokens of one provider. `now` decides their expiry. */
export function createBearerTokens(options: { expiresInSeconds: number; now: () => Date }): BearerTokens {
  const expiries = new Map<string, number>()
  return {
    issue() {
      const token = randomBytes(24).toString('base64url')
      expiries.set(token, options.now().getTime() + options.expiresInSeconds * 1_000)
      return { token, expiresInSeconds: options.expiresInSeconds }
    },
    accepts(authorization) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
      return token !== undefined && (expiries.get(token) ?? 0) > options.now().getTime()
    },
    revokeAll: () => expiries.clear(),
  }
}

/** Client id and secret from HTTP Basic, or undefined when the header is none. */
export function basicCredentials(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) }
}
