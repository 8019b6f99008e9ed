import type { PubsubMessage, ReceivedMessage } from './api.ts'
import type { Expiring } from './deadlines.ts'
import { Deque } from './deque.ts'

/** A published message, shared by all the subscriptions that hold it. */
export type StoredMessage = {
  /** As it goes over the wire; its data is a copy of its own, so that one message cannot keep a whole request in memory. */
  readonly content: PubsubMessage
  readonly publishedAt: number
  readonly bytes: number
}

/**
 * - `waiting`: in a queue, or behind its ordering key's head
 * - `delayed`: backing off, or held by the delay knob
 * - `leased`: in a consumer's hands until acknowledged, refused or expired
 * - `settled`: acknowledged, dead-lettered or dropped
 */
export type DeliveryState = 'waiting' | 'delayed' | 'leased' | 'settled'

/** One message's way through one subscription. */
export interface Delivery extends Expiring<Delivery> {
  readonly message: StoredMessage
  /** The place in the order of publishing. */
  readonly sequence: number
  /** Made by the duplicate knob: a second coming that is neither duplicated again nor kept for a seek. */
  readonly isCopy: boolean
  lane: Lane | undefined
  state: DeliveryState
  /** Refusals and expired leases so far. */
  failures: number
  timesDelivered: number
  notBefore: number
  ackId: string
  consumer: Consumer | undefined
}

export function newDelivery(message: StoredMessage, sequence: number, isCopy: boolean): Delivery {
  return {
    message,
    sequence,
    isCopy,
    lane: undefined,
    state: 'waiting',
    failures: 0,
    timesDelivered: 0,
    notBefore: 0,
    ackId: '',
    consumer: undefined,
    expiresAt: 0,
    expiryQueue: undefined,
    previousToExpire: undefined,
    nextToExpire: undefined,
  }
}

/** The messages of one ordering key: what a consumer holds comes first, and nothing else goes out until that is settled. */
export type Lane = {
  readonly key: string
  readonly waiting: Deque<Delivery>
  inHand: Delivery[]
  /** Has its turn coming: it stands in the ready queue, or its head is delayed. */
  isQueued: boolean
}

export const newLane = (key: string): Lane => ({ key, waiting: new Deque(), inHand: [], isQueued: false })

/** A stream or a waiting pull: takes messages while it has room for them. */
export type Consumer = {
  leaseMs(): number
  /** How many messages it takes now: 0 when it is full, or its connection is. */
  roomForMessages(): number
  /** How many bytes it takes now; the last message may exceed them. */
  roomForBytes(): number
  deliver(messages: ReceivedMessage[], bytes: number): void
  /** One delivered message is out of its hands again. */
  release(bytes: number): void
  /** The subscription gives no more: deleted, detached, or the emulator stops. */
  end(reason: Error): void
}
