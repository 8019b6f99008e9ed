import type { Backlog } from './backlog.ts'
import { invalidArgument } from './rpc-error.ts'

const ACK_ID = /^[0-9a-z]+-[0-9a-z]+$/
const LONGEST_LEASE_SECONDS = 600

/**
 * Ids that are unknown, or whose lease is over, do no harm: the message comes again.
 * @throws RpcError INVALID_ARGUMENT for an empty list and for what no delivery ever carried; then nothing is acknowledged
 */
export function acknowledge(backlog: Backlog, ackIds: readonly string[]): void {
  checkAckIds(ackIds)
  for (const ackId of ackIds) backlog.acknowledge(ackId)
}

/**
 * @param seconds - 0 to 600, for all ids or one for each
 * @throws RpcError INVALID_ARGUMENT as {@link acknowledge}, and for a number of seconds out of range
 */
export function modifyAckDeadline(
  backlog: Backlog,
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
  ackIds.forEach((ackId, place) => {
    backlog.modifyDeadline(ackId, typeof seconds === 'number' ? seconds : (seconds[place] ?? 0))
  })
}

function checkAckIds(ackIds: readonly string[]): void {
  if (ackIds.length === 0) throw invalidArgument('No ack ids given.')
  const malformed = ackIds.find((ackId) => !ACK_ID.test(ackId))
  if (malformed !== undefined) throw invalidArgument(`Invalid ack id given (ack_id=${malformed}).`)
}
