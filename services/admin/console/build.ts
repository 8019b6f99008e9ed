import { execFile } from 'node:child_process'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Where the built console lies. */
export const CONSOLE_DIST = join(HERE, 'dist')

/** What it is built from, of its own and of others. */
const SOURCES = [
  ...['src', 'public', 'index.html', 'vite.config.ts', '../src/roles.ts'],
  ...['../../../packages/domain/src/money.ts', '../../../packages/domain/src/currency.ts'],
  ...['../../../packages/domain/src/finance-alert.ts', '../../../packages/domain/src/reconciliation-result.ts'],
  '../../../packages/domain/src/payment-controls.ts',
]

/**
 * Builds the console when that has not been done, or its sources are newer: it takes a second, and a page that is older
 * than the service behind it would mislead.
 * @returns whether it was built
 * @throws Error when the build fails, or the builder is not installed, as in an image that has the built console in it
 */
export async function buildConsole(outDir = CONSOLE_DIST): Promise<boolean> {
  const built = await changedAt(join(outDir, 'index.html'))
  const sources = await Promise.all(SOURCES.map((name) => newestIn(join(HERE, name))))
  if (built !== undefined && built >= Math.max(...sources)) return false
  const vite = fileURLToPath(new URL('bin/vite.js', import.meta.resolve('vite/package.json')))
  // A process of its own: its memory goes with it, and what NODE_ENV is here does not make it build for development.
  const env = { ...process.env, NODE_ENV: 'production' }
  const fresh = join(dirname(outDir), '.cache', `console-${process.pid}`)
  await promisify(execFile)(process.execPath, [vite, 'build', HERE, '--outDir', fresh, '--emptyOutDir'], { env })
  await takePlace(fresh, outDir)
  return true
}

/** At once, so that nobody is served half a console. Of two that were built at the same time either may stay. */
async function takePlace(fresh: string, outDir: string): Promise<void> {
  await rm(outDir, { recursive: true, force: true })
  try {
    await rename(fresh, outDir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    await rm(fresh, { recursive: true })
  }
}

async function newestIn(path: string): Promise<number> {
  const own = (await changedAt(path)) ?? 0
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []) // a file has none
  const files = entries.filter((entry) => entry.isFile())
  const times = await Promise.all(files.map(({ parentPath, name }) => changedAt(join(parentPath, name))))
  return Math.max(own, ...times.map((time) => time ?? 0))
}

const changedAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(
    (await buildConsole(process.argv[2])) ? 'The console is built.\n' : 'The console is up to date.\n',
  )
}
