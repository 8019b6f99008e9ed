import { readFileSync, rmSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RemoteSandbox } from '@remesa/sandbox/control-client'
import { tokensOf } from './operators.ts'
import type { Stack } from './stack/stack.ts'

/** What `remesa doctor` looks at from outside; the rest of a service's environment is its own affair. */
const TOLD = /^(DATABASE_URL$|METADATA_SERVER_DETECTION$|(PUBSUB|GSC|NETSUITE|FPAY|PAYONEER|STRIPE)_)/

/**
 * Writes down how a stack is reached, for `remesa` to find: its URL, a token for each role, its database, Pub/Sub and
 * sandboxes. Only whoever started it may read the file.
 * @returns removes the file, unless another stack has written its own since
 */
export async function writeStackState(
  file: string,
  stack: Pick<Stack, 'adminUrl' | 'environment'> & { readonly sandbox: Pick<RemoteSandbox, 'control'> },
): Promise<() => void> {
  const tokens = Object.fromEntries((await tokensOf(stack)).map(({ role, token }) => [role, token]))
  const environment = Object.fromEntries(Object.entries(stack.environment).filter(([name]) => TOLD.test(name)))
  const text = `${JSON.stringify({ url: stack.adminUrl, tokens, environment }, null, 2)}\n`
  await mkdir(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  rmSync(draft, { force: true }) // a file that is there would keep its mode
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
  await rename(draft, file)
  return () => {
    if (contentOf(file) === text) rmSync(file, { force: true })
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
