import type { Page } from './api.ts'

/**
 * Why a request brought nothing. `refused`: the API said why, and `message` is its sentence. `unreachable`: no answer, so
 * what was asked may have been done. `garbled`: an answer that is none of the API's.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: 'refused' | 'unreachable' | 'garbled'
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number
  constructor(kind: ApiError['kind'], status: number, message: string) {
    super(message)
    this.kind = kind
    this.status = status
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>

export type WriteMethod = 'POST' | 'PUT' | 'DELETE'

export interface Http {
  /** @param query - what is undefined or empty is left out */
  get(path: string, query?: Query, signal?: AbortSignal): Promise<unknown>
  /** @param key - names the intent: sent again with the same key it is done once. @param method - default POST */
  write(path: string, body: object, key: string, method?: WriteMethod): Promise<unknown>
}

interface Parts {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** `document.cookie`: has the token that proves that a request is the console's own. */
  readonly cookies: () => string
}

/** Speaks to the API that served this page. @throws ApiError for whatever is no success */
export function createHttp({ fetch, cookies }: Parts): Http {
  const send = async (path: string, init: RequestInit): Promise<unknown> => {
    const response = await fetch(path, { ...init, credentials: 'same-origin' }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error
      throw new ApiError('unreachable', 0, 'The API does not answer.')
    })
    if (response.status === 204) return null
    const body = await jsonOf(response)
    if (response.ok && body !== undefined) return body
    if (!response.ok && isProblem(body)) throw new ApiError('refused', response.status, body.detail ?? body.title)
    throw new ApiError('garbled', response.status, `An answer of status ${response.status} cannot be read.`)
  }
  return {
    get: (path, query = {}, signal) => send(path + queryString(query), signal ? { signal } : {}),
    write: (path, body, key, method = 'POST') =>
      send(path, {
        method,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          'x-csrf-token': cookieOf(cookies(), 'remesa_csrf') ?? '',
        },
        body: JSON.stringify(body),
      }),
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return undefined
  try {
    return await response.json()
  } catch {
    return undefined // broken off or not JSON: to the reader it is the same garbled answer
  }
}

const isProblem = (body: unknown): body is { title: string; detail?: string } =>
  typeof body === 'object' && body !== null && 'title' in body && typeof body.title === 'string'

/** @returns `?a=1&b=2`, or nothing */
export function queryString(query: Query): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}`
}

export function cookieOf(cookies: string, name: string): string | undefined {
  for (const cookie of cookies.split('; ')) {
    if (cookie.startsWith(`${name}=`)) return decodeURIComponent(cookie.slice(name.length + 1))
  }
  return undefined
}

/** A new name for an intent, 128 random bits. (`randomUUID` is missing where a page is served without TLS.) */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/**
 * Names intents: the same request keeps its key for as long as nothing says how it ended, so that sending it again after a
 * lost answer does it once. One that was refused, or changed, is a new intent.
 */
export function createIntent(): { keyFor(request: object): string; answered(): void } {
  let current: { readonly digest: string; readonly key: string } | undefined
  return {
    keyFor(request) {
      const digest = JSON.stringify(request)
      if (current?.digest !== digest) current = { digest, key: newKey() }
      return current.key
    },
    answered() {
      current = undefined
    },
  }
}

/**
 * A page of a list. Most answers call theirs `items`; those of payouts, approvals and reconciliations name it.
 * @returns the one list that is in an answer, and the cursor of the next page
 */
export function pageOf<Item>(answer: unknown): Page<Item> {
  const members = typeof answer === 'object' && answer !== null ? Object.entries(answer) : []
  const items = members.find(([, value]) => Array.isArray(value))?.[1] ?? []
  const next = members.find(([name]) => name === 'next')?.[1] ?? null
  return { items: items as readonly Item[], next: typeof next === 'string' ? next : null }
}

/** A path with its parts encoded: `` at`/v1/payouts/${id}` ``. */
export const at = (texts: TemplateStringsArray, ...parts: readonly string[]): string =>
  String.raw({ raw: texts.raw }, ...parts.map(encodeURIComponent))
