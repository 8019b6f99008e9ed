/** Something that waits for its batch. */
export interface Gathered {
  /** Empty for what may go beside anything. */
  readonly orderingKey: string
}

export interface Gatherer<Item extends Gathered> {
  add(item: Item): void
  /** Starts no further batch. @returns what no batch has begun with, and a promise of the end of those that run */
  stop(): { unbegun: readonly Item[]; finished: Promise<void> }
}

interface Options<Item extends Gathered> {
  /** Items a batch may hold. */
  readonly maxBatch: number
  /** How long an item may wait for others, milliseconds; it waits longer only while all batches run. */
  readonly lingerMs: number
  /** Batches that run at once. */
  readonly concurrentBatches: number
  /** Must not reject. */
  readonly run: (batch: readonly Item[]) => Promise<void>
}

/**
 * Gathers items into batches, in the order of their arrival: a batch begins when it is full or its first item has
 * waited long enough. Items of one ordering key are never in two batches at once.
 */
export function createGatherer<Item extends Gathered>(options: Options<Item>): Gatherer<Item> {
  const { maxBatch, lingerMs, concurrentBatches, run } = options
  let waiting: Waiting<Item>[] = []
  const busyKeys = new Set<string>()
  const running = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  /** Begins what is ready: full, or waiting for long enough. */
  function beginReady(): void {
    while (!stopped && running.size < concurrentBatches) {
      const free = busyKeys.size === 0 ? waiting : waiting.filter(({ item }) => !busyKeys.has(item.orderingKey))
      const [oldest] = free
      if (!oldest) return // the batches of the busy keys will call again when they end
      const lingersMs = oldest.since + lingerMs - performance.now()
      if (free.length < maxBatch && lingersMs > 0) {
        wakeIn(lingersMs)
        return
      }
      begin(take(free))
    }
  }

  function take(free: readonly Waiting<Item>[]): readonly Item[] {
    const batch = free.slice(0, maxBatch)
    if (free === waiting) {
      waiting = waiting.slice(batch.length)
    } else {
      const taken = new Set(batch)
      waiting = waiting.filter((entry) => !taken.has(entry))
    }
    return batch.map(({ item }) => item)
  }

  function begin(batch: readonly Item[]): void {
    for (const { orderingKey } of batch) if (orderingKey !== '') busyKeys.add(orderingKey)
    const ended = run(batch).then(() => {
      for (const { orderingKey } of batch) busyKeys.delete(orderingKey)
      running.delete(ended)
      beginReady()
    })
    running.add(ended)
  }

  function wakeIn(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      beginReady()
    }, Math.ceil(ms))
  }

  return {
    add(item) {
      waiting.push({ item, since: performance.now() })
      // Even without a linger time the deliveries of one response, which come one by one, make one batch.
      if (waiting.length >= maxBatch) beginReady()
      else wakeIn(lingerMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      const unbegun = waiting.map(({ item }) => item)
      waiting = []
      return { unbegun, finished: Promise.all(running).then(() => undefined) }
    },
  }
}

interface Waiting<Item> {
  readonly item: Item
  readonly since: number
}
