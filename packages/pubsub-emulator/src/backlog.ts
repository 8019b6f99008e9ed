import type { ReceivedMessage } from './api.ts'
import type { Clock } from './clock.ts'
import { Deadlines } from './deadlines.ts'
import type { Consumer, Delivery, Lane, StoredMessage } from './delivery.ts'
import { newDelivery, newLane } from './delivery.ts'
import type { Counters, DeliveryRules } from './delivery-rules.ts'
import { Deque } from './deque.ts'
import type { Mischief } from './knobs.ts'

type Parts = {
  clock: Clock
  mischief: Mischief
  counters: Counters
  ackIdPrefix: string
  rules: DeliveryRules
  /** Sends a message to the dead-letter topic. @returns false when there is none any more */
  forward: (message: StoredMessage, attempts: number) => boolean
}

const MOST_PER_RESPONSE = 500 // messages; keeps a response well below what clients accept
const MOST_BYTES_PER_RESPONSE = 4_000_000
const DELAY_STEPS = 8 // the delay knob's lengths: few, because each is a queue

/** The unacknowledged messages of one subscription and the consumers that wait for them. */
export class Backlog {
  rules: DeliveryRules
  readonly #parts: Parts
  readonly #consumers: Consumer[] = []
  readonly #deadlines: Deadlines<Delivery>
  readonly #leased = new Map<string, Delivery>()
  readonly #lanes = new Map<string, Lane>()
  #ready = new Deque<Delivery | Lane>()
  #acked = new Deque<Delivery>()
  #size = 0
  #lastSequence = 0
  #lastAckId = 0
  #nextConsumer = 0
  #dispatch: NodeJS.Immediate | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#deadlines = new Deadlines(parts.clock, (expired) => this.#onExpired(expired))
    this.rules = parts.rules
  }

  /** Messages not acknowledged yet, and how many of them are in consumers' hands. */
  get figures(): { backlog: number; outstanding: number } {
    return { backlog: this.#size, outstanding: this.#leased.size }
  }

  add(message: StoredMessage): void {
    const delivery = newDelivery(message, ++this.#lastSequence, false)
    delivery.notBefore = this.#heldUntil()
    this.#enter(delivery)
    this.#dispatchSoon()
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.push(consumer)
    this.#dispatchSoon()
  }

  /** What it holds stays leased until the deadlines pass, as with a client that vanished. */
  removeConsumer(consumer: Consumer): void {
    const place = this.#consumers.indexOf(consumer)
    if (place >= 0) this.#consumers.splice(place, 1)
  }

  /** To be told when a consumer has room again. */
  roomAgain(): void {
    this.#dispatchSoon()
  }

  /** @returns false for an id that was never given, or whose lease is over: then the message comes again */
  acknowledge(ackId: string): boolean {
    const delivery = this.#leased.get(ackId)
    if (!delivery) return false
    if (this.#parts.mischief.happens(this.#parts.mischief.knobs.lostAckRate)) return true
    this.#endLease(delivery)
    this.#settle(delivery)
    this.#dispatchSoon()
    return true
  }

  /** @param seconds - the new lease, counted from now; 0 gives the message back. @returns false as {@link acknowledge} */
  modifyDeadline(ackId: string, seconds: number): boolean {
    const delivery = this.#leased.get(ackId)
    if (!delivery) return false
    if (seconds === 0) this.#fail(delivery)
    else {
      this.#deadlines.remove(delivery)
      this.#deadlines.add(delivery, seconds * 1000)
    }
    return true
  }

  /**
   * Makes everything published before `time` acknowledged and everything since unacknowledged, as far as it is retained.
   * Leases end: what is unacknowledged starts again, in the order of publishing.
   */
  seek(time: number): void {
    const now = this.#parts.clock.now()
    const known = new Set<Delivery>(this.#deadlines)
    for (const turn of this.#ready) if (!('inHand' in turn)) known.add(turn)
    for (const lane of this.#lanes.values())
      for (const delivery of [...lane.waiting, ...lane.inHand]) known.add(delivery)
    for (const delivery of this.#acked) known.add(delivery)
    for (const delivery of this.#leased.values()) this.#endLease(delivery)

    this.#clear()
    for (const delivery of [...known].sort((a, b) => a.sequence - b.sequence)) {
      const isSettled = delivery.state === 'settled'
      const keptMs = isSettled ? this.rules.ackedRetentionMs : this.rules.retentionMs
      if (delivery.message.publishedAt + keptMs <= now) continue
      if (delivery.message.publishedAt < time) {
        delivery.state = 'settled'
        this.#retain(delivery)
      } else {
        delivery.notBefore = 0
        if (isSettled) delivery.failures = 0
        this.#enter(delivery)
      }
    }
    this.#dispatchSoon()
  }

  /** Drops all messages and tells the consumers why they get no more. */
  end(reason: Error): void {
    for (const delivery of this.#leased.values()) delivery.state = 'settled'
    this.#clear()
    clearImmediate(this.#dispatch)
    for (const consumer of this.#consumers.splice(0)) consumer.end(reason)
  }

  #clear(): void {
    this.#deadlines.clear()
    this.#leased.clear()
    this.#lanes.clear()
    this.#ready = new Deque()
    this.#acked = new Deque()
    this.#size = 0
  }

  /** Takes a delivery into the backlog, at the end of its queue. */
  #enter(delivery: Delivery): void {
    this.#size++
    delivery.state = 'waiting'
    const { orderingKey } = delivery.message.content
    if (!this.rules.isOrdered || orderingKey === '') {
      this.#giveTurn(delivery, delivery)
      return
    }
    let lane = this.#lanes.get(orderingKey)
    if (!lane) {
      lane = newLane(orderingKey)
      this.#lanes.set(orderingKey, lane)
    }
    delivery.lane = lane
    lane.waiting.push(delivery)
    this.#moveOn(lane)
  }

  /** Queues a lane for its next turn when nothing of it is in a consumer's hands; forgets it when nothing is left. */
  #moveOn(lane: Lane): void {
    if (lane.isQueued || lane.inHand.some((delivery) => delivery.state !== 'settled')) return
    lane.inHand = []
    const head = lane.waiting.first()
    if (head) {
      lane.isQueued = true
      this.#giveTurn(lane, head)
    } else this.#lanes.delete(lane.key)
  }

  /** Puts a delivery, or the lane that it leads, into the ready queue, now or when it may go out. */
  #giveTurn(turn: Delivery | Lane, head: Delivery): void {
    const waitMs = head.notBefore - this.#parts.clock.now()
    if (waitMs > 0) {
      head.state = 'delayed'
      this.#deadlines.add(head, waitMs)
      return
    }
    this.#ready.push(turn)
    const { mischief } = this.#parts
    if (mischief.knobs.reorder) {
      this.#ready.swap(this.#ready.size - 1, Math.floor(mischief.random() * this.#ready.size))
    }
  }

  #dispatchSoon(): void {
    // Once per turn of the event loop, so that what arrives together goes out together.
    if (this.#dispatch || this.#consumers.length === 0 || this.#ready.size === 0) return
    this.#dispatch = setImmediate(() => {
      this.#dispatch = undefined
      this.#dispatchNow()
    })
  }

  #dispatchNow(): void {
    while (this.#ready.size > 0) {
      const open = this.#consumers.filter((consumer) => consumer.roomForMessages() > 0)
      if (open.length === 0) return
      const share = Math.ceil(this.#ready.size / open.length)
      for (let count = 0; count < open.length && this.#ready.size > 0; count++) {
        const consumer = open[this.#nextConsumer++ % open.length]
        if (consumer) this.#serve(consumer, share)
      }
    }
  }

  /** Delivers up to `turns` messages, or what as many ordering keys may have out at once, in one response. */
  #serve(consumer: Consumer, turns: number): void {
    const messages: ReceivedMessage[] = []
    const most = Math.min(consumer.roomForMessages(), MOST_PER_RESPONSE)
    const mostBytes = Math.min(consumer.roomForBytes(), MOST_BYTES_PER_RESPONSE)
    const now = this.#parts.clock.now()
    let bytes = 0
    const take = (delivery: Delivery | undefined): boolean => {
      if (!delivery || !this.#isDeliverable(delivery, now)) return false
      messages.push(this.#lease(delivery, consumer))
      bytes += delivery.message.bytes
      return true
    }
    for (let taken = 0; taken < turns && messages.length < most && bytes < mostBytes; taken++) {
      const turn = this.#ready.shift()
      if (!turn) break
      if (!('inHand' in turn)) {
        take(turn)
        continue
      }
      turn.isQueued = false
      let room = Math.min(this.#parts.mischief.knobs.orderedBatch, most - messages.length)
      while (room > 0 && turn.waiting.size > 0) {
        const delivery = turn.waiting.shift()
        if (!delivery || !take(delivery)) continue
        turn.inHand.push(delivery)
        room--
      }
      this.#moveOn(turn)
    }
    if (messages.length > 0) consumer.deliver(messages, bytes)
  }

  /** Drops what has waited longer than it is retained. */
  #isDeliverable(delivery: Delivery, now: number): boolean {
    if (delivery.message.publishedAt + this.rules.retentionMs > now) return true
    delivery.state = 'settled'
    this.#size--
    return false
  }

  #lease(delivery: Delivery, consumer: Consumer): ReceivedMessage {
    const { counters, mischief, ackIdPrefix } = this.#parts
    if (delivery.timesDelivered++ > 0 || delivery.isCopy) counters.redelivered++
    else if (mischief.happens(mischief.knobs.duplicateRate)) this.#duplicate(delivery)
    counters.delivered++
    delivery.state = 'leased'
    delivery.consumer = consumer
    delivery.ackId = ackIdPrefix + (++this.#lastAckId).toString(36)
    this.#leased.set(delivery.ackId, delivery)
    this.#deadlines.add(delivery, consumer.leaseMs())
    const deliveryAttempt = this.rules.maxDeliveryAttempts === undefined ? 0 : delivery.failures + 1
    return { ackId: delivery.ackId, message: delivery.message.content, deliveryAttempt }
  }

  #duplicate(delivery: Delivery): void {
    const copy = newDelivery(delivery.message, delivery.sequence, true)
    copy.notBefore = this.#heldUntil()
    copy.lane = delivery.lane
    this.#size++
    if (copy.lane)
      copy.lane.waiting.unshift(copy) // before the next of its key, so that the order holds
    else this.#giveTurn(copy, copy)
  }

  #endLease(delivery: Delivery): void {
    this.#leased.delete(delivery.ackId)
    this.#deadlines.remove(delivery)
    delivery.consumer?.release(delivery.message.bytes)
    delivery.consumer = undefined
  }

  #settle(delivery: Delivery): void {
    delivery.state = 'settled'
    this.#size--
    this.#retain(delivery)
    if (delivery.lane) this.#moveOn(delivery.lane)
  }

  #retain(delivery: Delivery): void {
    const keptMs = this.rules.ackedRetentionMs
    if (keptMs === 0 || delivery.isCopy) return
    const oldest = this.#parts.clock.now() - keptMs
    for (let first = this.#acked.first(); first && first.message.publishedAt <= oldest; first = this.#acked.first()) {
      this.#acked.shift()
    }
    this.#acked.push(delivery)
  }

  /** A delivery was refused, or its lease is over: it comes again later, or goes to the dead letters. */
  #fail(delivery: Delivery): void {
    this.#endLease(delivery)
    delivery.failures++
    delivery.notBefore = this.#parts.clock.now() + this.#backoffMs(delivery.failures)
    const isLast = delivery.failures >= (this.rules.maxDeliveryAttempts ?? Number.POSITIVE_INFINITY)
    const isForwarded = isLast && (delivery.isCopy || this.#parts.forward(delivery.message, delivery.failures))
    const { lane } = delivery
    if (lane) {
      this.#takeBack(lane, delivery)
      if (isForwarded) lane.waiting.shift()
    } else if (!isForwarded) {
      delivery.state = 'waiting'
      this.#giveTurn(delivery, delivery)
    }
    if (isForwarded) {
      delivery.state = 'settled'
      this.#size--
    }
    if (lane) this.#moveOn(lane)
    this.#dispatchSoon()
  }

  /** Puts a failed delivery, and all that went out after it on its lane, back to the front: acknowledged ones too. */
  #takeBack(lane: Lane, failed: Delivery): void {
    const back = lane.inHand.splice(lane.inHand.indexOf(failed))
    for (const delivery of back.reverse()) {
      if (delivery.state === 'settled') this.#size++
      else if (delivery !== failed) this.#endLease(delivery)
      delivery.state = 'waiting'
      lane.waiting.unshift(delivery)
    }
  }

  #backoffMs(failures: number): number {
    const { backoff } = this.rules
    return backoff ? Math.min(backoff.maximumMs, backoff.minimumMs * 2 ** (failures - 1)) : 0
  }

  /** When the delay knob lets a new delivery go out. */
  #heldUntil(): number {
    const { mischief, clock } = this.#parts
    const { delayMs } = mischief.knobs
    return delayMs === 0
      ? 0
      : clock.now() + Math.ceil((delayMs * Math.ceil(mischief.random() * DELAY_STEPS)) / DELAY_STEPS)
  }

  #onExpired(expired: Delivery[]): void {
    for (const delivery of expired) {
      if (delivery.state === 'leased') this.#fail(delivery)
      else if (delivery.state === 'delayed') {
        delivery.state = 'waiting'
        this.#giveTurn(delivery.lane ?? delivery, delivery)
      }
    }
    this.#dispatchSoon()
  }
}
