import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { ReceivedMessage, StreamingPullRequest, StreamingPullResponse } from './api.ts'
import type { Broker, SubscriptionEntry } from './broker.ts'
import type { Consumer } from './delivery.ts'
import { acknowledge, modifyAckDeadline } from './leases.ts'
import { invalidArgument } from './rpc-error.ts'
import { checkAckDeadline } from './subscription-settings.ts'
import { statusOf } from './unary.ts'

type Call = ServerDuplexStream<StreamingPullRequest, StreamingPullResponse>

/** Serves one stream until the client leaves, sends something wrong, or the subscription goes away. */
export function streamingPull(broker: Broker, call: Call): void {
  let stream: PullStream | undefined
  const leave = () => stream?.leave()
  const fail = (error: unknown) => {
    leave()
    call.emit('error', statusOf(error))
  }
  call.on('data', (request: StreamingPullRequest) => {
    try {
      if (stream) stream.receive(request)
      else stream = new PullStream(broker.attachedSubscription(subscriptionOf(request)), request, call, fail)
    } catch (error) {
      fail(error)
    }
  })
  call.on('end', () => {
    leave()
    call.end()
  })
  call.on('cancelled', leave)
  call.on('error', leave)
}

function subscriptionOf({ subscription }: StreamingPullRequest): string {
  if (!subscription) throw invalidArgument('The first request of a stream must name the subscription.')
  return subscription
}

class PullStream implements Consumer {
  readonly #call: Call
  readonly #entry: SubscriptionEntry
  readonly #fail: (error: unknown) => void
  readonly #mostMessages: number
  readonly #mostBytes: number
  #ackDeadlineSeconds: number
  #messages = 0
  #bytes = 0
  #isOpen = true
  #isBlocked = false

  constructor(entry: SubscriptionEntry, first: StreamingPullRequest, call: Call, fail: (error: unknown) => void) {
    checkAckDeadline(first.streamAckDeadlineSeconds)
    this.#call = call
    this.#entry = entry
    this.#fail = fail
    this.#ackDeadlineSeconds = first.streamAckDeadlineSeconds
    this.#mostMessages = first.maxOutstandingMessages > 0 ? first.maxOutstandingMessages : Number.POSITIVE_INFINITY
    this.#mostBytes = first.maxOutstandingBytes > 0 ? first.maxOutstandingBytes : Number.POSITIVE_INFINITY
    call.on('drain', () => {
      this.#isBlocked = false
      entry.backlog.roomAgain()
    })
    this.#tellProperties()
    this.#changeLeases(first)
    entry.backlog.addConsumer(this)
  }

  receive(request: StreamingPullRequest): void {
    if (!this.#isOpen) return
    if (request.subscription) throw invalidArgument('Only the first request of a stream may name the subscription.')
    if (request.maxOutstandingMessages || request.maxOutstandingBytes) {
      throw invalidArgument('Only the first request of a stream may set its flow control.')
    }
    if (request.streamAckDeadlineSeconds) {
      checkAckDeadline(request.streamAckDeadlineSeconds)
      this.#ackDeadlineSeconds = request.streamAckDeadlineSeconds
    }
    const isPing = !request.streamAckDeadlineSeconds && !this.#changeLeases(request)
    // Clients since 6.0 break a stream off that leaves an empty request without any answer for 15 seconds.
    if (isPing) this.#tellProperties()
  }

  leave(): void {
    this.#isOpen = false
    this.#entry.backlog.removeConsumer(this)
  }

  leaseMs(): number {
    return this.#ackDeadlineSeconds * 1000
  }

  roomForMessages(): number {
    if (!this.#isOpen || this.#isBlocked || this.#bytes >= this.#mostBytes) return 0
    return Math.max(0, this.#mostMessages - this.#messages)
  }

  roomForBytes(): number {
    return this.#mostBytes - this.#bytes
  }

  deliver(receivedMessages: ReceivedMessage[], bytes: number): void {
    this.#messages += receivedMessages.length
    this.#bytes += bytes
    this.#isBlocked = !this.#call.write({ receivedMessages })
  }

  release(bytes: number): void {
    this.#messages--
    this.#bytes -= bytes
  }

  end(reason: Error): void {
    if (this.#isOpen) this.#fail(reason)
  }

  #tellProperties(): void {
    const { enableExactlyOnceDelivery, enableMessageOrdering } = this.#entry.settings
    this.#call.write({
      subscriptionProperties: {
        exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery,
        messageOrderingEnabled: enableMessageOrdering,
      },
    })
  }

  /** @returns whether the request carried any acknowledgement or new deadline */
  #changeLeases({ ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds }: StreamingPullRequest): boolean {
    if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length) {
      throw invalidArgument('modify_deadline_ack_ids and modify_deadline_seconds differ in length.')
    }
    if (ackIds.length > 0) acknowledge(this.#entry, ackIds)
    if (modifyDeadlineAckIds.length > 0) {
      modifyAckDeadline(this.#entry, modifyDeadlineAckIds, modifyDeadlineSeconds)
    }
    return ackIds.length + modifyDeadlineAckIds.length > 0
  }
}
