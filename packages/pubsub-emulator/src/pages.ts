import type { Page } from './api.ts'
import { invalidArgument } from './rpc-error.ts'

const DEFAULT_SIZE = 100
const LARGEST_SIZE = 1000

/**
 * One page of a list, in order of name.
 * @param page - `pageSize` 0 asks for the default (100), more than 1000 gives 1000
 * @throws RpcError INVALID_ARGUMENT for a negative size or a token that no list gave
 */
export function pageOf(
  names: Iterable<string>,
  { pageSize, pageToken }: Page,
): { names: string[]; nextPageToken: string } {
  if (pageSize < 0) throw invalidArgument(`Invalid page_size ${pageSize}: it must not be negative.`)
  const after = Buffer.from(pageToken, 'base64url').toString()
  if (pageToken !== '' && tokenAfter(after) !== pageToken) throw invalidArgument(`Invalid page_token ${pageToken}.`)
  const rest = [...names].sort().filter((name) => name > after)
  const size = Math.min(pageSize || DEFAULT_SIZE, LARGEST_SIZE)
  const last = rest.length > size ? rest[size - 1] : undefined
  return { names: rest.slice(0, size), nextPageToken: last === undefined ? '' : tokenAfter(last) }
}

const tokenAfter = (name: string) => Buffer.from(name).toString('base64url')
