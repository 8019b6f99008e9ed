import { invalid, missing } from './errors.ts'
import type { CreatedRange, Parameters } from './parameters.ts'

/** Parameters of every list. */
export const PAGING = ['limit', 'starting_after', 'ending_before', 'expand'] as const
const DEFAULT_LIMIT = 10
const MAX_LIMIT = 100

/** An object as lists hold it. */
export interface Listed {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
}

export interface ListOf<Row extends Listed> {
  /** Oldest first; the page is taken newest first. */
  readonly rows: readonly Row[]
  /** For the message about a cursor that is in no list, e.g. `transfer`. */
  readonly what: string
  readonly url: string
  readonly created?: CreatedRange
  readonly matches?: (row: Row) => boolean
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly hasMore: boolean
}

/**
 * One page, newest first, by true cursors: an object made after the first page was read moves nothing.
 * @throws Refusal for a limit outside 1..100, an unknown cursor, or both cursors
 */
export function pageOf<Row extends Listed>(
  { rows, what, created, matches }: ListOf<Row>,
  given: Parameters,
): Page<Row> {
  const limit = limitOf(given)
  const cursor = cursorOf(given)
  const at = cursor === undefined ? rows.length : rows.findLastIndex(({ id }) => id === cursor.id)
  if (cursor && at === -1) throw missing(what, cursor.id, { status: 400, param: cursor.param })

  const step = cursor?.param === 'ending_before' ? 1 : -1
  const found: Row[] = []
  for (let index = at + step; found.length <= limit; index += step) {
    const row = rows[index]
    if (row === undefined) break
    if (created && (row.created < created.from || row.created > created.to)) continue
    if (matches === undefined || matches(row)) found.push(row)
  }
  const page = found.slice(0, limit)
  return { rows: step === -1 ? page : page.toReversed(), hasMore: found.length > limit }
}

/** A page as Stripe words it. */
export const listAsJson = (url: string, data: readonly object[], hasMore: boolean): object => ({
  object: 'list',
  data,
  has_more: hasMore,
  url,
})

/** Where a page begins. @throws Refusal for both cursors */
export function cursorOf(
  given: Parameters,
): { readonly param: 'starting_after' | 'ending_before'; readonly id: string } | undefined {
  const [after, before] = [given.text('starting_after'), given.text('ending_before')]
  if (after !== undefined && before !== undefined) {
    throw invalid('ending_before', 'You can give either starting_after or ending_before, not both.')
  }
  if (after !== undefined) return { param: 'starting_after', id: after }
  return before === undefined ? undefined : { param: 'ending_before', id: before }
}

/** @throws Refusal for a limit outside 1..100 */
export function limitOf(given: Parameters): number {
  const limit = given.positiveInteger('limit')
  if (limit === undefined) return DEFAULT_LIMIT
  if (limit > MAX_LIMIT) {
    throw invalid('limit', `This value must be less than or equal to ${MAX_LIMIT}.`, 'parameter_invalid_integer')
  }
  return Number(limit)
}
