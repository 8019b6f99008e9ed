import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { World } from './world.ts'

/** A program of ours in a process of its own. */
export interface ProcessOfTest {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** What it has said so far. */
  readonly said: { readonly stdout: string; readonly stderr: string }
  /** Once it has ended and all that it said is here; null when a signal ended it. */
  exitCode(): Promise<number | null>
}

type Env = Readonly<Record<string, string>>

/** Of the test's own variables a process gets only these; what others compiled saves it a third of its start. */
const inherited = () => ({
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
  METADATA_SERVER_DETECTION: 'none', // Google's client would look for a cloud to run in
})

/** Starts a file of ours; it is killed when the world stops, if not before. */
export function startProcess(world: Pick<World, 'stopWith'>, file: URL, env: Env): ProcessOfTest {
  const child = spawn(process.execPath, [fileURLToPath(file)], {
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  world.stopWith(() => child.kill('SIGKILL'))
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  }
  const closed = once(child, 'close') // after both streams have ended
  return { child, said, exitCode: async () => (await closed)[0] as number | null }
}

/**
 * Runs a script that is to kill itself with SIGKILL, at the line that its arguments say.
 * @throws when it ends in any other way
 */
export async function untilItKillsItself(script: URL, args: readonly (string | number)[], env: Env): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args.map(String)], {
    env: { ...inherited(), ...env },
    stdio: 'inherit',
  })
  const [code, signal] = await once(child, 'exit')
  if (signal !== 'SIGKILL') throw new Error(`it was to kill itself, and ended with ${signal ?? `exit code ${code}`}`)
}
