import { EnvironmentError, httpUrl, secret, wholeNumber } from '@remesa/service-kit/environment'
import { z } from 'zod'
import type { NetSuiteAuth } from './authentication.ts'
import type { NetSuiteClientOptions } from './netsuite-client.ts'

/** What a service that talks to NetSuite reads. Which credentials it needs depends on `NETSUITE_AUTH`. */
export const netsuiteEnvironment = {
  NETSUITE_BASE_URL: httpUrl,
  NETSUITE_ACCOUNT_ID: z.string().min(1).describe('expected an account id such as 1234567_SB1'),
  /** `oauth2`: client credentials with a certificate; `tba`: token-based, for integrations that exist. */
  NETSUITE_AUTH: z.enum(['oauth2', 'tba']).default('oauth2'),
  NETSUITE_CLIENT_ID: secret.optional(),
  NETSUITE_CERTIFICATE_ID: secret.optional(),
  /** PKCS #8 PEM; `\n` may stand for line breaks, which some platforms cannot hold. */
  NETSUITE_PRIVATE_KEY: secret.transform((pem) => pem.replaceAll('\\n', '\n')).optional(),
  NETSUITE_KEY_ALGORITHM: z.enum(['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']).default('PS256'),
  NETSUITE_CONSUMER_KEY: secret.optional(),
  NETSUITE_CONSUMER_SECRET: secret.optional(),
  NETSUITE_TOKEN_ID: secret.optional(),
  NETSUITE_TOKEN_SECRET: secret.optional(),
  /**
   * Requests of this process at once. NetSuite counts all processes together and gives the smallest account 15: the default
   * is for a process that is alone, and services that share an account are each given a slice of it (README).
   */
  NETSUITE_MAX_CONCURRENT: wholeNumber({ from: 1, to: 140 }).default(15),
  NETSUITE_TIMEOUT_MS: wholeNumber({ from: 100, to: 900_000 }).default(60_000),
  /** The first wait after an overload; it doubles from there. */
  NETSUITE_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 60_000 }).default(1_500),
}

type NetSuiteConfig = z.output<z.ZodObject<typeof netsuiteEnvironment>>

/** @throws EnvironmentError naming the credentials that `NETSUITE_AUTH` asks for and that are not set */
export function netsuiteOptions(
  config: NetSuiteConfig,
): Pick<NetSuiteClientOptions, 'baseUrl' | 'accountId' | 'auth' | 'maxConcurrent' | 'timeoutMs' | 'retry'> {
  const firstMs = config.NETSUITE_RETRY_FIRST_MS
  return {
    baseUrl: config.NETSUITE_BASE_URL,
    accountId: config.NETSUITE_ACCOUNT_ID,
    auth: authOf(config),
    maxConcurrent: config.NETSUITE_MAX_CONCURRENT,
    timeoutMs: config.NETSUITE_TIMEOUT_MS,
    retry: { tries: 8, firstMs, maxMs: firstMs * 20 },
  }
}

function authOf(config: NetSuiteConfig): NetSuiteAuth {
  if (config.NETSUITE_AUTH === 'tba') {
    const [consumerKey, consumerSecret, tokenId, tokenSecret] = needed(config, [
      'NETSUITE_CONSUMER_KEY',
      'NETSUITE_CONSUMER_SECRET',
      'NETSUITE_TOKEN_ID',
      'NETSUITE_TOKEN_SECRET',
    ])
    return { kind: 'tba', consumerKey, consumerSecret, tokenId, tokenSecret }
  }
  const [clientId, certificateId, privateKeyPem] = needed(config, [
    'NETSUITE_CLIENT_ID',
    'NETSUITE_CERTIFICATE_ID',
    'NETSUITE_PRIVATE_KEY',
  ])
  return { kind: 'oauth2', clientId, certificateId, privateKeyPem, algorithm: config.NETSUITE_KEY_ALGORITHM }
}

function needed<const Names extends readonly (keyof NetSuiteConfig)[]>(
  config: NetSuiteConfig,
  names: Names,
): { [Name in keyof Names]: string } {
  const missing = names.filter((name) => config[name] === undefined)
  if (missing.length > 0) {
    throw new EnvironmentError(
      `the environment is wrong: NETSUITE_AUTH=${config.NETSUITE_AUTH} needs ${missing.join(', ')}`,
    )
  }
  return names.map((name) => config[name]) as { [Name in keyof Names]: string }
}
