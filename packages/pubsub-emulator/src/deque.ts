const SMALLEST = 16

/** A queue open at both ends, on a ring that grows and shrinks: every operation costs the same at ten messages and at a million. */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array(SMALLEST)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#size * 2)
    this.#slots[this.#slot(this.#size)] = item
    this.#size++
  }

  unshift(item: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#size * 2)
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = item
    this.#size++
  }

  first(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head]
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined // what is taken out must not be kept alive by the ring
    this.#head = this.#slot(1)
    this.#size--
    if (this.#slots.length > SMALLEST && this.#size < this.#slots.length / 4) this.#resize(this.#slots.length / 2)
    return item
  }

  /** Exchanges two places, counted from the front. */
  swap(first: number, second: number): void {
    const [a, b] = [this.#slot(first), this.#slot(second)]
    const item = this.#slots[a]
    this.#slots[a] = this.#slots[b]
    this.#slots[b] = item
  }

  *[Symbol.iterator](): Generator<T> {
    for (let place = 0; place < this.#size; place++) yield this.#slots[this.#slot(place)] as T
  }

  #slot(place: number): number {
    return (this.#head + place) & (this.#slots.length - 1) // the length is a power of two
  }

  #resize(length: number): void {
    const slots: (T | undefined)[] = new Array(length)
    for (let place = 0; place < this.#size; place++) slots[place] = this.#slots[this.#slot(place)]
    this.#slots = slots
    this.#head = 0
  }
}
