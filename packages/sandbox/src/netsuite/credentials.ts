import { generateKeyPairSync, randomBytes } from 'node:crypto'

/** What a service needs to log in to the sandbox's NetSuite account, in both ways, and what the account knows of it. */
export interface NetSuiteCredentials {
  /** Upper case with an underscore, as the OAuth 1.0a realm has it. */
  readonly account: string
  readonly clientId: string
  /** `kid` of the assertion. */
  readonly certificateId: string
  /** PKCS #8. */
  readonly privateKeyPem: string
  /** SPKI; the certificate that was uploaded. */
  readonly publicKeyPem: string
  readonly consumerKey: string
  readonly consumerSecret: string
  readonly tokenId: string
  readonly tokenSecret: string
}

/** @param keyType - `ec` (P-256, made in no time) signs ES256; `rsa` (3072 bits) signs PS256 */
export function newNetSuiteCredentials(keyType: 'ec' | 'rsa' = 'ec'): NetSuiteCredentials {
  const encodings = {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const
  const { publicKey, privateKey } =
    keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256', ...encodings })
      : generateKeyPairSync('rsa', { modulusLength: 3072, ...encodings })
  const secret = () => randomBytes(32).toString('hex')
  return {
    account: '1234567_SB1',
    clientId: secret(),
    certificateId: randomBytes(16).toString('base64url'),
    privateKeyPem: privateKey,
    publicKeyPem: publicKey,
    consumerKey: secret(),
    consumerSecret: secret(),
    tokenId: secret(),
    tokenSecret: secret(),
  }
}
