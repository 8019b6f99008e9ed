import type { Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

interface Waiting<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Commits what arrives one by one in groups: a transaction a group instead of one an item, without making an item
 * wait for a slower neighbour. While a group commits, the next one gathers.
 * @param options.write - writes a group in the given transaction; answers in the order of the items
 * @param options.maximum - items a group may hold
 * @returns a function that resolves once its item is committed; when a group fails, its items are written one by one,
 *   so that one bad item rejects alone
 */
export function groupCommit<Item, Result>(options: {
  database: Database
  maximum: number
  write: (tx: Transaction<Schema>, items: readonly Item[]) => Promise<readonly Result[]>
}): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let committing = false

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
    while (waiting.length > 0) await settle(waiting.splice(0, options.maximum))
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
