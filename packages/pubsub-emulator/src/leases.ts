import { status } from '@grpc/grpc-js'
import type { SubscriptionEntry } from './broker.ts'
import { errorInfoTrailer } from './error-info.ts'
import { invalidArgument, RpcError } from './rpc-error.ts'

const ACK_ID = /^[0-9a-z]+-[0-9a-z]+$/
const LONGEST_LEASE_SECONDS = 600

/**
 * Acknowledges what is still leased. An id that is unknown, or whose lease is over, does no harm: the message comes again.
 * @throws RpcError INVALID_ARGUMENT for an empty list and for what no delivery ever carried, and then nothing is acknowledged;
 *   FAILED_PRECONDITION, with exactly-once delivery only, naming the ids that did no longer count
 */
export function acknowledge({ backlog, settings }: SubscriptionEntry, ackIds: readonly string[]): void {
  checkAckIds(ackIds)
  const late = ackIds.filter((ackId) => !backlog.acknowledge(ackId))
  if (settings.enableExactlyOnceDelivery) refuseLate(late)
}

/**
 * @param seconds - 0 to 600, for all ids or one for each
 * @throws RpcError as {@link acknowledge}, and INVALID_ARGUMENT for a number of seconds out of range
 */
export function modifyAckDeadline(
  { backlog, settings }: SubscriptionEntry,
  ackIds: readonly string[],
  seconds: number | readonly number[],
): void {
  checkAckIds(ackIds)
  for (const each of typeof seconds === 'number' ? [seconds] : seconds) {
    if (each < 0 || each > LONGEST_LEASE_SECONDS) {
      throw invalidArgument(
        `Invalid ack deadline given (${each} s): it must be from 0 to ${LONGEST_LEASE_SECONDS} seconds.`,
      )
    }
  }
  const secondsAt = (place: number) => (typeof seconds === 'number' ? seconds : (seconds[place] ?? 0))
  const late = ackIds.filter((ackId, place) => !backlog.modifyDeadline(ackId, secondsAt(place)))
  if (settings.enableExactlyOnceDelivery) refuseLate(late)
}

function checkAckIds(ackIds: readonly string[]): void {
  if (ackIds.length === 0) throw invalidArgument('No ack ids given.')
  const malformed = ackIds.find((ackId) => !ACK_ID.test(ackId))
  if (malformed !== undefined) throw invalidArgument(`Invalid ack id given (ack_id=${malformed}).`)
}

function refuseLate(ackIds: readonly string[]): void {
  if (ackIds.length === 0) return
  throw new RpcError(
    status.FAILED_PRECONDITION,
    `${ackIds.length} ack ids are unknown or their lease is over.`,
    errorInfoTrailer({
      reason: 'PERMANENT_FAILURE_INVALID_ACK_ID',
      domain: 'pubsub.googleapis.com',
      metadata: Object.fromEntries(ackIds.map((ackId) => [ackId, 'PERMANENT_FAILURE_INVALID_ACK_ID'])),
    }),
  )
}
