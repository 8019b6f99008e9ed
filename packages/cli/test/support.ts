import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { APPROVER, type Api, anApi, OPERATOR, VIEWER } from '@remesa/admin/testing/an-api'
import pc from 'picocolors'
import { run } from '../src/program.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

type Env = Readonly<Record<string, string>>

/** Runs the command as a process of its own. */
export async function remesaProcess(words: readonly string[], env: Env): Promise<Said> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, REMESA_STACK_FILE: NO_STACK, ...env },
  })
  const said = { out: '', err: '' }
  for (const [stream, into] of [[child.stdout, 'out'] as const, [child.stderr, 'err'] as const]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said[into] += text
    })
  }
  const [code] = await once(child, 'close')
  return { code: code as number, ...said }
}

/** The same within this process, for what needs none of its own. */
export async function remesaHere(words: readonly string[], env: Env): Promise<Said> {
  const said = { out: '', err: '' }
  const into = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += `${text}\n`
  }
  const { REMESA_STACK_FILE: stackFile = NO_STACK } = env
  const context = { env, out: into('out'), err: into('err'), colours: pc.createColors(false), stackFile }
  const code = await run(words, context)
  return { code, ...said }
}

/** Longer than any test moves the clock. */
const TOKEN_LIFE_S = 30 * 86_400

/** A machine without a local stack, whatever runs on the one that tests. */
export const NO_STACK = '/nowhere/stack.json'

export interface Operators extends Api {
  /** Of the commands: where the file of a local stack is. */
  readonly env: Env
  /** Runs a command here, found through the stack's file, as a person on its machine would. */
  remesa(...words: readonly string[]): Promise<Said>
}

/**
 * The operators' API with a database and sandboxes, found as a local stack is.
 * @param environmentOf - what the stack's file says of its services' environment
 * @param options - of the API
 */
export async function operators(
  environmentOf: (api: Api) => Env = () => ({}),
  options: Parameters<typeof anApi>[0] = {},
): Promise<Operators> {
  const api = await anApi(options)
  const directory = await mkdtemp(join(tmpdir(), 'remesa-cli-'))
  api.world.stopWith(() => rm(directory, { recursive: true }))
  const stackFile = join(directory, 'stack.json')
  const [viewer, operator, approver] = await Promise.all(
    [VIEWER, OPERATOR, APPROVER].map((who) => api.token({ ...who, expiresInSeconds: TOKEN_LIFE_S })),
  )
  await writeFile(
    stackFile,
    JSON.stringify({ url: api.url, tokens: { viewer, operator, approver }, environment: environmentOf(api) }),
  )
  const env = { REMESA_STACK_FILE: stackFile }
  return { ...api, env, remesa: (...words) => remesaHere(words, env) }
}
