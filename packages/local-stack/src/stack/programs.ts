import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { SERVICES, type ServiceName } from './service-environment.ts'

// A service reads some 1,400 files before it does anything: half a second of a processor, and a stack has fourteen
// processes. Put together into a few files each they start in a quarter of that (docs/decisions/0032).

type ProgramName = ServiceName | 'sandbox' | 'pubsub-emulator' | 'remesa'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const PLACE = join(ROOT, '.remesa', 'programs')

const SOURCES: Readonly<Record<ProgramName, string>> = {
  ...(Object.fromEntries(SERVICES.map((name) => [name, `services/${name}/src/main.ts`])) as Record<
    ServiceName,
    string
  >),
  sandbox: 'packages/sandbox/src/main.ts',
  'pubsub-emulator': 'packages/pubsub-emulator/src/main.ts',
  remesa: 'packages/cli/src/main.ts',
}

/** It takes two seconds; on a machine that has much else to do, ten. */
const TURN_MS = 60_000
const WEEK_MS = 7 * 24 * 60 * 60_000

let building: Promise<string> | undefined

/**
 * Our programs as they are started here: put together from the sources when those have changed since it was last done,
 * which takes two seconds. They find whatever lies beside their sources as if they were run there.
 * @returns the file of the program of that name
 * @throws Error when the sources do not fit together
 */
export async function builtProgram(name: ProgramName): Promise<string> {
  building ??= buildAll()
  return join(await building, `${name}.js`)
}

async function buildAll(): Promise<string> {
  const directory = join(PLACE, await fingerprint())
  const turn = `${directory}.turn`
  await mkdir(PLACE, { recursive: true })
  while (!existsSync(directory)) {
    // The tests' processes come here together, and one of them is enough. A turn that takes too long was left by the dead.
    if (!(await made(turn))) {
      if ((await ageMs(turn)) < TURN_MS) await setTimeout(50)
      else await rm(turn, { recursive: true, force: true })
      continue
    }
    try {
      await build(directory)
      await removeOld()
    } finally {
      await rm(turn, { recursive: true, force: true })
    }
  }
  const now = new Date()
  await utimes(directory, now, now)
  return directory
}

async function build(directory: string): Promise<void> {
  const half = `${directory}.${process.pid}`
  const bundle = await rolldown({
    cwd: ROOT,
    input: SOURCES,
    platform: 'node',
    logLevel: 'warn',
    plugins: [inItsPlace],
  })
  const { output } = await bundle.write({ dir: half, format: 'esm', sourcemap: true, sourcemapExcludeSources: true })
  await bundle.close()
  // For whoever reads a stack with them: most of what there is to read of maps is not about our lines.
  const foreign = output.filter((part) => part.type === 'chunk' && part.moduleIds.every((id) => !isOurs(id)))
  await Promise.all(foreign.map(({ fileName }) => rm(join(half, `${fileName}.map`), { force: true })))
  await rename(half, directory).catch(async (error: unknown) => {
    await rm(half, { recursive: true })
    if (!existsSync(directory)) throw error // else another, whose turn was thought to be over, was faster
  })
}

const isOurs = (id: string): boolean => !id.includes('node_modules')

/** @returns false when it is there already */
async function made(directory: string): Promise<boolean> {
  try {
    await mkdir(directory)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Since it was made or used; of one that is gone, for ever. */
async function ageMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined) // another process may have removed or renamed it just now
  return found ? Date.now() - found.mtimeMs : Number.POSITIVE_INFINITY
}

/** Of everything that goes in: our sources, and by the lockfile everybody else's. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(`${ROOT} ${process.version}`)
  for (const file of [...(await sourceFiles()), 'pnpm-lock.yaml'].sort()) {
    hash.update(`\0${file}\0`).update(await readFile(join(ROOT, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Whatever of ours may go into a program, or says how; below the repository's root. */
export const sourceFiles = (): Promise<readonly string[]> =>
  Array.fromAsync(
    glob(['{packages,services}/*/{src,migrations}/**/*.{ts,json}', '{packages,services}/*/package.json'], {
      cwd: ROOT,
    }),
  )

/** What a file says of where it is stays true of it wherever its code goes. */
const inItsPlace: Plugin = {
  name: 'in-its-place',
  transform(code, id) {
    const says = code.includes('import.meta.') || code.includes('__dirname') || code.includes('__filename')
    if (!says) return null
    const url = JSON.stringify(pathToFileURL(id).href)
    const own = (name: string, value: string): string =>
      code.includes(name) && !new RegExp(`(?:const|let|var) ${name}\\b`).test(code)
        ? `var ${name} = ${JSON.stringify(value)};`
        : ''
    const before = own('__dirname', dirname(id)) + own('__filename', id)
    // On the first line, so that every other line keeps its number.
    return { code: before + code.replaceAll('import.meta.url', url), map: null }
  },
}

/** A stack that runs may still read from one that is not the newest. */
async function removeOld(): Promise<void> {
  for (const name of await readdir(PLACE)) {
    const directory = join(PLACE, name)
    if ((await ageMs(directory)) > WEEK_MS) await rm(directory, { recursive: true, force: true })
  }
}
