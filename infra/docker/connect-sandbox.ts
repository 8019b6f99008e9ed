import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Introduces the sandboxes and the services of docker-compose.yml to each other, once: tells Payoneer where it calls
 * back, and writes the log-in of NetSuite, whose keys are made anew by every sandbox, to a file that the services read
 * with `node --env-file`.
 *
 *   node connect-sandbox.ts CONTROL_URL WEBHOOKS_URL ENV_FILE
 */

export interface SandboxConnection {
  readonly credentials: {
    readonly netsuite: {
      readonly account: string
      readonly clientId: string
      readonly certificateId: string
      readonly privateKeyPem: string
    }
  }
}

/** The variables that log in to the sandbox's NetSuite. */
export function netsuiteLogin({ credentials: { netsuite } }: SandboxConnection): Readonly<Record<string, string>> {
  return {
    NETSUITE_ACCOUNT_ID: netsuite.account,
    NETSUITE_CLIENT_ID: netsuite.clientId,
    NETSUITE_CERTIFICATE_ID: netsuite.certificateId,
    NETSUITE_PRIVATE_KEY: netsuite.privateKeyPem.replaceAll('\n', '\\n'), // one line; the services know how to read it
    NETSUITE_KEY_ALGORITHM: 'ES256',
  }
}

/** As `node --env-file` reads it; single quotes take a value as it is. */
export const envFile = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')

const PAYONEER_EVENTS = ['cancel-payout', 'account-loaded', 'sent-to-bank', 'payee-approved']

async function main([control, webhooks, file]: readonly string[]): Promise<void> {
  if (!control || !webhooks || !file) throw new Error('expected CONTROL_URL WEBHOOKS_URL ENV_FILE')
  const connection = (await ask(`${control}/connection`)) as SandboxConnection
  const urls = Object.fromEntries(PAYONEER_EVENTS.map((event) => [event, `${webhooks}/webhooks/payoneer`]))
  await ask(`${control}/providers/payoneer/setIpcnUrls`, { method: 'POST', body: JSON.stringify(urls) })
  await writeFile(file, envFile(netsuiteLogin(connection)))
}

const TRIES = 30

async function ask(url: string, request: RequestInit = {}): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(url, request)
      if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
      return await response.json()
    } catch (error) {
      if (tries === TRIES) throw error
      await sleep(1_000) // it is still starting
    }
  }
}

if (import.meta.main) await main(process.argv.slice(2))
