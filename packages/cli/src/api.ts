import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { CannotError, type Context } from './context.ts'
import { findLocalStack, type StackState } from './local-stack.ts'
import { plain } from './text.ts'

/** What every command may be given that asks the operators' API. */
export interface ApiOptions {
  readonly url?: string
  readonly token?: string
  readonly json?: true
}

/** What every command is given that does something by it. */
export interface DeedOptions extends ApiOptions {
  readonly reason: string
  readonly key: string
}

/** Adds how the API is found. */
export const usesApi = (command: Command): Command =>
  command
    .addOption(new Option('--url <url>', 'the operators’ API (default: REMESA_URL, or the local stack)'))
    .addOption(new Option('--token <token>', 'who you are; REMESA_TOKEN is better, for other users see arguments'))
    .option('--json', 'for programs')

/** Adds why something is done, and how it is named so that sending it twice does it once. */
export function acts(command: Command, { reasonIsOptional = false } = {}): Command {
  const reason = new Option('--reason <why>', 'becomes part of the audit log').makeOptionMandatory(!reasonIsOptional)
  const key = new Option('--key <key>', 'names the request: the same command with the same key is done once')
  return usesApi(command).addOption(reason).addOption(key.default(randomUUID(), 'a new one'))
}

/** The operators' API, as one person. Every method throws CannotError with what the API, or the network, said. */
export interface Api {
  readonly url: string
  get<Answer>(path: string, schema: z.ZodType<Answer>, query?: Query): Promise<Answer>
  /** Sends a deed, again with the same key when no answer came. @param body - `{ reason }` and what else it takes */
  post<Answer>(path: string, schema: z.ZodType<Answer>, deed: Deed): Promise<Answer>
}

export interface Deed {
  readonly key: string
  readonly body: object
  /** Default `POST`. */
  readonly method?: 'PUT' | 'DELETE'
}

export type Query = Readonly<Record<string, string | number | undefined>>

/** Whose token of a local stack is used. */
type Role = keyof StackState['tokens']

const TIMEOUT_MS = 30_000
/** Waits between tries of what got no answer. */
const AGAIN_AFTER_MS = [300, 1_000]

/**
 * Finds the API: the one that is named, or the local stack's. A local stack's token goes nowhere but there.
 * @param role - the least that the command needs
 * @throws CannotError when neither is there
 */
export async function openApi(context: Context, options: ApiOptions, role: Role): Promise<Api> {
  const named = options.url ?? (context.env.REMESA_URL || undefined)
  const given = options.token ?? (context.env.REMESA_TOKEN || undefined)
  if (named !== undefined) {
    if (given === undefined) throw new CannotError(`Who are you at ${named}? Set REMESA_TOKEN, or give --token.`)
    return apiAt(httpUrl(named), given, 'Is that its address, and is it running?')
  }
  const stack = await findLocalStack(context)
  if (!stack) throw new CannotError(NOWHERE)
  return apiAt(stack.url, given ?? stack.tokens[role], 'Is the local stack still running?')
}

const NOWHERE =
  'Which API? Start a local stack (npx -y pnpm@12 start), or name a deployment with REMESA_URL and REMESA_TOKEN, or --url and --token.'

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '')
  throw new CannotError('The API’s URL must begin with https:// or http://.')
}

function apiAt(url: string, token: string, advice: string): Api {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CannotError('The token is none: it has spaces, or characters beyond ASCII.')

  async function send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url + path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'error', // the token is for this address
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      throw new UnansweredError(`${url} cannot be reached: ${networkReason(error)}. ${advice}`)
    }
  }

  return {
    url,
    async get(path, schema, query = {}) {
      const wanted = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]]))
      const search = new URLSearchParams(wanted).toString()
      return read(url, schema, await send(search === '' ? path : `${path}?${search}`, { method: 'GET' }))
    },
    async post(path, schema, { key, body, method }) {
      const init = {
        method: method ?? 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      }
      for (const wait of [...AGAIN_AFTER_MS, undefined]) {
        try {
          const response = await send(path, init)
          if (response.status < 500 || wait === undefined) return await read(url, schema, response)
          await response.body?.cancel()
        } catch (error) {
          if (!(error instanceof UnansweredError)) throw error
          if (wait === undefined) throw new CannotError(`${error.message} To find out whether it is done: --key ${key}`)
        }
        await sleep(wait)
      }
      throw new Error('the last try has an answer, or an error')
    },
  }
}

/** Nobody knows whether it was done. */
class UnansweredError extends CannotError {}

function networkReason(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`
  return cause?.code ?? (cause?.message || message)
}

const problem = z.object({ type: z.string(), detail: z.string() })

async function read<Answer>(url: string, schema: z.ZodType<Answer>, response: Response): Promise<Answer> {
  const text = await response.text().catch((error: unknown) => {
    throw new CannotError(`${url} did not finish its answer: ${networkReason(error)}.`)
  })
  const body = jsonOf(text)
  if (!response.ok) {
    const said = problem.safeParse(body)
    if (!said.success)
      throw new CannotError(`${url} answered ${response.status} and not as Remesa does. Is that its address?`)
    throw new CannotError(plain(said.data.detail) + (response.status === 401 ? ` (${url})` : ''))
  }
  const answer = schema.safeParse(body)
  if (answer.success) return answer.data
  const where = answer.error.issues[0]?.path.join('.') || 'the whole answer'
  throw new CannotError(`${url} answered in a shape that is not known here (${where}); are both of the same version?`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A list's page. @param name - of the list within the answer */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.looseObject({ items: z.array(item), next: z.string().nullable() })

export const inPath = (id: string): string => encodeURIComponent(id)
