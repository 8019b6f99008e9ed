import type { Clock } from './clock.ts'

/** What can have a deadline; the fields belong to {@link Deadlines}. */
export type Expiring<T> = {
  expiresAt: number
  expiryQueue: ExpiryQueue<T> | undefined
  previousToExpire: T | undefined
  nextToExpire: T | undefined
}

type ExpiryQueue<T> = { first: T | undefined; last: T | undefined }

/**
 * Items in order of their deadlines. Time never goes back, so items of one duration expire in the order in which they
 * were added: one linked list per duration keeps adding and removing constant in cost, whatever the backlog. Durations
 * are few (whole seconds of lease, steps of a backoff), so asking the front of each list is cheap too.
 */
export class Deadlines<T extends Expiring<T>> {
  readonly #clock: Clock
  readonly #onExpired: (items: T[]) => void
  readonly #queues = new Map<number, ExpiryQueue<T>>()
  #armedFor: number | undefined
  #disarm = () => {}

  /** @param onExpired - gets what has expired, taken out already, each time that something has */
  constructor(clock: Clock, onExpired: (items: T[]) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  add(item: T, durationMs: number): void {
    let queue = this.#queues.get(durationMs)
    if (!queue) {
      queue = { first: undefined, last: undefined }
      this.#queues.set(durationMs, queue)
    }
    item.expiresAt = this.#clock.now() + durationMs
    item.expiryQueue = queue
    item.previousToExpire = queue.last
    if (queue.last) queue.last.nextToExpire = item
    else queue.first = item
    queue.last = item
    if (this.#armedFor === undefined || item.expiresAt < this.#armedFor) this.#armFor(item.expiresAt)
  }

  /** Harmless for an item without a deadline. */
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

  *[Symbol.iterator](): Generator<T> {
    for (const queue of this.#queues.values()) {
      for (let item = queue.first; item; item = item.nextToExpire) yield item
    }
  }

  /** Takes everything out and stops the timer. */
  clear(): void {
    for (const item of [...this]) this.remove(item)
    this.#queues.clear()
    this.#disarm()
    this.#armedFor = undefined
  }

  /** A timer that fires early for nothing, since what it was set for is gone, costs less than setting it anew each time. */
  #armFor(time: number): void {
    this.#disarm()
    this.#armedFor = time
    this.#disarm = this.#clock.setTimer(() => this.#fire(), time - this.#clock.now())
  }

  #fire(): void {
    this.#armedFor = undefined
    const now = this.#clock.now()
    const expired: T[] = []
    let next: number | undefined
    for (const [durationMs, queue] of this.#queues) {
      for (let item = queue.first; item && item.expiresAt <= now; item = queue.first) {
        this.remove(item)
        expired.push(item)
      }
      if (!queue.first) this.#queues.delete(durationMs)
      else next = Math.min(next ?? queue.first.expiresAt, queue.first.expiresAt)
    }
    if (next !== undefined) this.#armFor(next)
    if (expired.length > 0) this.#onExpired(expired)
  }
}
