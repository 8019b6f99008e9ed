import type { ServerUnaryCall } from '@grpc/grpc-js'
import type { PullRequest, ReceivedMessage } from './api.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import type { Consumer } from './delivery.ts'
import { invalidArgument } from './rpc-error.ts'

type PullResponse = { receivedMessages: ReceivedMessage[] }

const LONGEST_WAIT_MS = 30_000

/**
 * Answers with what is there, or waits for the first message: up to 30 seconds, or not at all with `returnImmediately`.
 * @throws RpcError NOT_FOUND, FAILED_PRECONDITION when detached, INVALID_ARGUMENT for a `maxMessages` below 1
 */
export function pull(
  { broker, clock }: { broker: Broker; clock: Clock },
  { subscription, maxMessages, returnImmediately }: PullRequest,
  call: ServerUnaryCall<PullRequest, PullResponse>,
): Promise<PullResponse> {
  const { backlog, settings } = broker.attachedSubscription(subscription)
  if (maxMessages < 1) throw invalidArgument(`Invalid max_messages ${maxMessages}: it must be at least 1.`)

  return new Promise((resolve, reject) => {
    let isDone = false
    const finish = (settle: () => void) => {
      if (isDone) return
      isDone = true
      cancelTimer()
      call.off('cancelled', leave)
      backlog.removeConsumer(consumer)
      settle()
    }
    const leave = () => finish(() => resolve({ receivedMessages: [] }))
    const cancelTimer = clock.setTimer(leave, LONGEST_WAIT_MS)
    const consumer: Consumer = {
      leaseMs: () => settings.ackDeadlineSeconds * 1000,
      roomForMessages: () => (isDone ? 0 : maxMessages),
      roomForBytes: () => Number.POSITIVE_INFINITY,
      deliver: (receivedMessages) => finish(() => resolve({ receivedMessages })),
      release: () => {}, // a pull counts nothing: the answer is all it takes
      end: (reason) => finish(() => reject(reason)),
    }
    call.on('cancelled', leave)
    backlog.addConsumer(consumer)
    if (returnImmediately) setImmediate(leave) // the backlog, asked first, has its turn first
  })
}
