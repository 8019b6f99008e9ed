import { hkdfSync } from 'node:crypto'
import { EncryptJWT, errors, type JWTPayload, jwtDecrypt } from 'jose'
import { z } from 'zod'

/** Writes what only this service can read and nobody can change, and reads it again until it expires. */
export interface Seal<Content extends object> {
  seal(content: Content, lifetimeSeconds: number): Promise<string>
  /** @returns undefined for what was not sealed here, for this purpose, or has expired */
  open(sealed: string): Promise<Content | undefined>
}

interface SealOptions<Content extends object> {
  readonly secret: string
  /** What is sealed for one purpose does not open for another: each has a key of its own. */
  readonly purpose: string
  readonly content: z.ZodType<Content>
  readonly now: () => Date
}

const KEY_BYTES = 32
const ENCRYPTION = { alg: 'dir', enc: 'A256GCM' } as const

/** JWE (RFC 7516), compact, with a key derived from the secret. */
export function createSeal<Content extends object>(options: SealOptions<Content>): Seal<Content> {
  const { secret, purpose, content, now } = options
  const key = new Uint8Array(hkdfSync('sha256', secret, 'remesa', purpose, KEY_BYTES))
  const schema = z.object({ content })
  return {
    async seal(value, lifetimeSeconds) {
      const seconds = Math.floor(now().getTime() / 1000)
      return new EncryptJWT({ content: value })
        .setProtectedHeader(ENCRYPTION)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + lifetimeSeconds)
        .encrypt(key)
    },
    async open(sealed) {
      const payload = await decrypted(sealed, key, now())
      if (payload === undefined) return undefined
      const read = schema.safeParse(payload) // an older version of this service may have sealed something else
      return read.success ? read.data.content : undefined
    },
  }
}

async function decrypted(sealed: string, key: Uint8Array, currentDate: Date): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtDecrypt(sealed, key, {
      currentDate,
      requiredClaims: ['exp'],
      keyManagementAlgorithms: [ENCRYPTION.alg],
      contentEncryptionAlgorithms: [ENCRYPTION.enc],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
