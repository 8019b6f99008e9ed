import { missing } from './errors.ts'
import { cursorOf, type Listed, limitOf, type Page } from './lists.ts'
import type { CreatedRange, Parameters } from './parameters.ts'

/** A row of a sorted list. `place` is unique, and puts rows of one second into an order. */
export interface Placed extends Listed {
  readonly place: number
}

/** Rows in the order of their making, where a page of a million costs as little as a page of ten. */
export interface SortedList<Row extends Placed> {
  /** At any time of making, early or late. */
  add(row: Row): void
  find(id: string): Row | undefined
  /** Oldest first. */
  rows(): readonly Row[]
  /**
   * One page, newest first, by true cursors.
   * @throws Refusal for a limit outside 1..100, an unknown cursor, or both cursors
   */
  page(given: Parameters, from: PageOf<Row>): Page<Row>
}

export interface PageOf<Row> {
  /** For the message about a cursor that is in no list, e.g. `charge`. */
  readonly what: string
  readonly created: CreatedRange
  readonly matches?: (row: Row) => boolean
  /** What a cursor stands for. Default: the row of that id. */
  readonly find?: (id: string) => Row | undefined
}

export function createSortedList<Row extends Placed>(): SortedList<Row> {
  const all: Row[] = []
  const byId = new Map<string, Row>()
  let isSorted = true

  function rows(): Row[] {
    if (!isSorted) all.sort((a, b) => a.created - b.created || a.place - b.place)
    isSorted = true
    return all
  }

  /** Where the first row stands that is not before this one. */
  function firstFrom(created: number, place: number): number {
    let [low, high] = [0, all.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const row = all[middle] as Row
      if (row.created < created || (row.created === created && row.place < place)) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add(row) {
      const last = all.at(-1)
      if (last && (row.created < last.created || (row.created === last.created && row.place < last.place))) {
        isSorted = false
      }
      all.push(row)
      byId.set(row.id, row)
    },
    find: (id) => byId.get(id),
    rows,
    page(given, { what, created, matches, find = (id) => byId.get(id) }) {
      const limit = limitOf(given)
      const cursor = cursorOf(given)
      const sorted = rows()
      const row = cursor && find(cursor.id)
      if (cursor && !row) throw missing(what, cursor.id, { status: 400, param: cursor.param })
      const at = row && firstFrom(row.created, row.place)
      const [oldest, end] = [firstFrom(created.from, -1), firstFrom(created.to + 1, -1)]

      const goesUp = cursor?.param === 'ending_before'
      const found: Row[] = []
      let index = goesUp ? Math.max((at ?? -1) + 1, oldest) : Math.min(at ?? end, end) - 1
      for (; found.length <= limit && index >= oldest && index < end; index += goesUp ? 1 : -1) {
        const candidate = sorted[index] as Row
        if (matches === undefined || matches(candidate)) found.push(candidate)
      }
      const page = found.slice(0, limit)
      return { rows: goesUp ? page.toReversed() : page, hasMore: found.length > limit }
    },
  }
}
