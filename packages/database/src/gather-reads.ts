interface Asked<Row> {
  resolve(row: Row | undefined): void
  reject(error: unknown): void
}

/**
 * Reads in groups what is asked for one by one: keys that are asked for in the same turn of the event loop share a
 * statement. Nothing is kept: a row is as it was after it was asked for.
 * @param read - of a set of keys; one that has no row is left out
 * @returns a function that reads one key; when a group cannot be read, its keys are read one by one, so that one that
 *   is bad rejects alone
 */
export function gatherReads<Key, Row>(
  read: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Row>>,
): (key: Key) => Promise<Row | undefined> {
  let gathering = new Map<Key, Asked<Row>[]>()

  async function settle(group: ReadonlyMap<Key, readonly Asked<Row>[]>): Promise<void> {
    try {
      const rows = await read([...group.keys()])
      for (const [key, asked] of group) for (const { resolve } of asked) resolve(rows.get(key))
    } catch (error) {
      if (group.size > 1) return void (await Promise.all([...group].map((entry) => settle(new Map([entry])))))
      for (const asked of group.values()) for (const { reject } of asked) reject(error)
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (gathering.size === 0) {
        setImmediate(() => {
          const group = gathering
          gathering = new Map()
          void settle(group)
        })
      }
      gathering.set(key, [...(gathering.get(key) ?? []), { resolve, reject }])
    })
}
