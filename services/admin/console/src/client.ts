import type { Page } from './api.ts'
import { createHttp, pageOf, type Query, type WriteMethod } from './http.ts'

const http = createHttp({
  fetch: (input, init) => fetch(input, init),
  cookies: () => document.cookie,
})

/** Reads; what the answer is, is said by the caller. @param path - made by {@link at} where it has an id in it */
export async function read<Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> {
  return (await http.get(path, query, signal)) as Answer
}

/** Reads a page of a list. */
export async function readPage<Item>(path: string, query: Query, signal?: AbortSignal): Promise<Page<Item>> {
  return pageOf<Item>(await http.get(path, query, signal))
}

/** Has something done. @param key - the intent's name; see {@link createIntent}. @param method - default POST */
export const act = (path: string, body: object, key: string, method?: WriteMethod): Promise<unknown> =>
  http.write(path, body, key, method)
