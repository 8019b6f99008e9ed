import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A process of the stack. */
export interface Child {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Set once it has ended, whoever ended it. */
  readonly ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined
  /** The first line of its standard output, for a process that says there where it listens. */
  readonly firstLine: Promise<string>
  /** That it has sent `ready`, as our services do. @throws Error when it ends before */
  readonly ready: Promise<void>
  /** Asks it to stop and waits; kills it when it takes longer than `graceMs`. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL: no farewell, as in a power cut. */
  kill(): Promise<void>
}

/** Starts one of our programs with the Node that runs this one. Its output goes to `logFile`. */
export function startChild(options: {
  name: string
  /** Its file. */
  program: string
  args?: readonly string[]
  env: NodeJS.ProcessEnv
  logFile: string
}): Child {
  const { name, program, args = [], env, logFile } = options
  const log = createWriteStream(logFile, { flags: 'a' })
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // a child whose parent is gone is told by the closed channel
  })
  child.stdout?.pipe(log, { end: false })
  child.stderr?.pipe(log, { end: false })
  let ended: Child['ended']
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = { code, signal }
    log.end()
  })
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve()
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
  })
  ready.catch(() => undefined) // as of the first line
  const firstLine = firstLineOf(child)
  firstLine.catch(() => undefined) // whoever waits for it is told; nobody has to
  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    get ended() {
      return ended
    },
    firstLine,
    ready,
    async stop(graceMs = 10_000) {
      if (ended) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exit
      clearTimeout(timer)
    },
    async kill() {
      if (ended) return
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** The end of what a process wrote, for a person who asks why it ended. */
export async function lastLines(logFile: string, lines = 5): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}

function firstLineOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (data: Buffer) => {
      text += data.toString()
      const end = text.indexOf('\n')
      if (end < 0) return
      child.stdout?.off('data', read)
      resolve(text.slice(0, end))
    }
    child.stdout?.on('data', read)
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
  })
}
