import type { ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { gscEnvironment, gscOptions } from '@remesa/gsc-client/environment'
import { createGscClient } from '@remesa/gsc-client/gsc-client'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { booksEnvironment, openBooks } from '@remesa/rails/books'
import { parseEnvironment } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { type Check, type Env, type Finding, unchecked, well, wrong } from './check.ts'
import { readPart } from './environment.ts'

/** Whoever waits for an answer wants one soon: the services are more patient. */
const IMPATIENT: Env = {
  ...{ STRIPE_TIMEOUT_MS: '5000', FPAY_TIMEOUT_MS: '5000', PAYONEER_TIMEOUT_MS: '5000', GSC_TIMEOUT_MS: '5000' },
  ...{ NETSUITE_TIMEOUT_MS: '5000', NETSUITE_RETRY_FIRST_MS: '20' },
}
const RETRY = { tries: 2, firstMs: 10, maxMs: 100 }
const MINUTE_MS = 60_000
/** Of nothing that there is. */
const NOBODY = 'remesa-doctor'

/** Each provider's credentials, tried by a read that changes nothing there. */
export const providerChecks = (given: Env): readonly Check[] => {
  const env = { ...given, ...IMPATIENT }
  return [
    ...(Object.keys(booksEnvironment) as ReconciledBooks[]).map((books) => ({
      name: books === 'stripe-transfers' ? 'stripe' : books,
      look: () => mended(env, booksEnvironment[books], () => readBooks(books, env)),
    })),
    { name: 'gsc', look: () => mended(env, gscEnvironment, () => readGsc(env)) },
    ...(['SLACK_WEBHOOK_URL', 'PAGERDUTY_ROUTING_KEY'] as const).map((name) => ({
      name: name === 'SLACK_WEBHOOK_URL' ? 'slack' : 'pagerduty',
      look: async () => [
        unchecked(given[name] ? 'cannot be tried without sending somebody a message' : `${name} is not set here`),
      ],
    })),
  ]
}

/** What is paid there in the last minute, and no more than its first page; Payoneer is asked for a payment that is none. */
async function readBooks(name: ReconciledBooks, env: Env): Promise<Finding> {
  const books = openBooks(name, env, { retryFirstMs: RETRY.firstMs })
  try {
    const to = new Date()
    const pages =
      'list' in books
        ? books.list({ from: new Date(to.getTime() - MINUTE_MS), to })
        : books.lookUp(only({ key: NOBODY, payableId: '00000000-0000-4000-8000-000000000000' }))
    for await (const _page of pages) break
    return well('our credentials are good')
  } finally {
    books.close()
  }
}

async function* only<One>(one: One): AsyncGenerator<readonly One[]> {
  yield [one]
}

async function readGsc(env: Env): Promise<Finding> {
  const gsc = createGscClient({ ...gscOptions(parseEnvironment(env, z.object(gscEnvironment))), retry: RETRY })
  try {
    await gsc.getSeller(NOBODY) // it says that there is none, if it lets us ask
    return well('our credentials are good')
  } finally {
    gsc.close()
  }
}

async function mended(
  env: Env,
  shape: Parameters<typeof readPart>[1],
  read: () => Promise<Finding>,
): Promise<readonly Finding[]> {
  const isSet = Object.keys(shape).some((name) => !(name in IMPATIENT) && env[name])
  if (!isSet) return [unchecked(`${Object.keys(shape)[0]} is not set here`)]
  const part = readPart(env, shape)
  if (part.kind !== 'set') return [part.finding]
  try {
    return [await read()]
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return [wrong(error.message, mendOf(error, Object.keys(shape)))]
  }
}

function mendOf({ kind, credentials }: ProviderError, names: readonly string[]): string {
  const secrets = names.filter((name) => /KEY|SECRET|TOKEN$|CERTIFICATE|CLIENT_ID/.test(name))
  if (credentials) return `Renew our credentials there, and set ${secrets.join(', ')} of every service that has them.`
  if (kind === 'unavailable')
    return 'See whether the address is theirs, this machine may reach it, and they report an outage.'
  return 'See whether the address is theirs; if it is, their contract has changed: tell the developers.'
}
