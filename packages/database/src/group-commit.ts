import { setTimeout as sleep } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

interface Waiting<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/** A group costs its round trips however few items it has. */
const GATHER_MS = 20

/**
 * Commits what arrives one by one in groups: a transaction a group instead of one an item, without making an item
 * wait for a slower neighbour. While a group commits, the next one gathers. Where items come alone, or one after the
 * other, nobody waits; where groups are of several, there is a short time from one to the next.
 * @param options.write - writes a group in the given transaction; answers in the order of the items
 * @param options.maximum - items a group may hold
 * @param options.gatherMs - the least time from the beginning of a group of several to the next group, milliseconds
 * @returns a function that resolves once its item is committed; when a group fails, its items are written one by one,
 *   so that one bad item rejects alone
 */
export function groupCommit<Item, Result>(options: {
  database: Database
  maximum: number
  gatherMs?: number
  write: (tx: Transaction<Schema>, items: readonly Item[]) => Promise<readonly Result[]>
}): (item: Item) => Promise<Result> {
  const { gatherMs = GATHER_MS } = options
  const waiting: Waiting<Item, Result>[] = []
  let committing = false
  let last = { begunAt: Number.NEGATIVE_INFINITY, items: 0 }

  const commit = (items: readonly Item[]): Promise<readonly Result[]> =>
    options.database.transaction().execute((tx) => options.write(tx, items))

  async function settle(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await commit(group.map(({ item }) => item))
      group.forEach((waiter, index) => {
        waiter.resolve(results[index] as Result)
      })
    } catch (error) {
      if (group.length === 1) return group[0]?.reject(error)
      await Promise.all(group.map((waiter) => settle([waiter])))
    }
  }

  async function commitAll(): Promise<void> {
    while (waiting.length > 0) {
      const sinceLastMs = performance.now() - last.begunAt
      const isFull = waiting.length >= options.maximum
      if (last.items > 1 && !isFull && sinceLastMs < gatherMs) await sleep(gatherMs - sinceLastMs)
      const group = waiting.splice(0, options.maximum)
      last = { begunAt: performance.now(), items: group.length }
      await settle(group)
    }
    committing = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (committing) return
      committing = true
      setImmediate(commitAll) // answers that arrived in the same turn of the event loop join the group
    })
}
