/** What can stand in expiry queues; the three links belong to them. */
export type Expiring<T> = {
  expiresAt: number
  expiryQueue: ExpiryQueue<T> | undefined
  previousToExpire: T | undefined
  nextToExpire: T | undefined
}

type ExpiryQueue<T> = { first: T | undefined; last: T | undefined }

/**
 * Items in order of expiry. Time never goes back, so items of one duration expire in the order in which they were
 * added: one linked list per duration keeps adding and removing constant in cost, whatever the backlog. Durations are
 * few (whole seconds of lease, steps of a backoff), so asking the front of each list is cheap too.
 */
export class ExpiryQueues<T extends Expiring<T>> {
  readonly #queues = new Map<number, ExpiryQueue<T>>()

  add(item: T, now: number, durationMs: number): void {
    let queue = this.#queues.get(durationMs)
    if (!queue) {
      queue = { first: undefined, last: undefined }
      this.#queues.set(durationMs, queue)
    }
    item.expiresAt = now + durationMs
    item.expiryQueue = queue
    item.previousToExpire = queue.last
    if (queue.last) queue.last.nextToExpire = item
    else queue.first = item
    queue.last = item
  }

  /** Harmless for an item that stands in no queue. */
  remove(item: T): void {
    const queue = item.expiryQueue
    if (!queue) return
    if (item.previousToExpire) item.previousToExpire.nextToExpire = item.nextToExpire
    else queue.first = item.nextToExpire
    if (item.nextToExpire) item.nextToExpire.previousToExpire = item.previousToExpire
    else queue.last = item.previousToExpire
    item.expiryQueue = undefined
    item.previousToExpire = undefined
    item.nextToExpire = undefined
  }

  /** The moment at which the next item expires, if there is one. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const [durationMs, queue] of this.#queues) {
      if (!queue.first) this.#queues.delete(durationMs)
      else if (next === undefined || queue.first.expiresAt < next) next = queue.first.expiresAt
    }
    return next
  }

  /** Takes out everything that expires at `now` or before. */
  takeExpired(now: number): T[] {
    const expired: T[] = []
    for (const queue of this.#queues.values()) {
      for (let item = queue.first; item && item.expiresAt <= now; item = queue.first) {
        this.remove(item)
        expired.push(item)
      }
    }
    return expired
  }

  *items(): Generator<T> {
    for (const queue of this.#queues.values()) {
      for (let item = queue.first; item; item = item.nextToExpire) yield item
    }
  }

  clear(): void {
    for (const item of [...this.items()]) this.remove(item)
    this.#queues.clear()
  }
}
