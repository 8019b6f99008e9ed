import type { PublishRequest, PubsubMessage } from './api.ts'
import { invalidArgument } from './rpc-error.ts'

const MAX_MESSAGES = 1000
const MAX_BYTES = 10_000_000 // of one message, and of one request
const MAX_ATTRIBUTES = 100
const MAX_KEY_BYTES = 256
const MAX_VALUE_BYTES = 1024
const MAX_ORDERING_KEY_BYTES = 1024

/**
 * The service's limits on what may be published.
 * @throws RpcError INVALID_ARGUMENT
 */
export function checkPublish({ messages }: PublishRequest): void {
  if (messages.length === 0) throw invalidArgument('The request holds no messages; it takes 1 to 1000.')
  if (messages.length > MAX_MESSAGES) {
    throw invalidArgument(`The request holds ${messages.length} messages; it takes 1 to ${MAX_MESSAGES}.`)
  }
  const orderingKey = messages[0]?.orderingKey ?? ''
  if (Buffer.byteLength(orderingKey) > MAX_ORDERING_KEY_BYTES) {
    throw invalidArgument(`The ordering key is longer than ${MAX_ORDERING_KEY_BYTES} bytes.`)
  }
  let bytes = 0
  for (const message of messages) {
    if (message.orderingKey !== orderingKey) {
      throw invalidArgument('All messages of one request must have the same ordering key.')
    }
    checkAttributes(message.attributes)
    const size = sizeOf(message)
    if (message.data.length === 0 && isEmpty(message.attributes)) {
      throw invalidArgument('A message is empty: it needs data or at least one attribute.')
    }
    if (size > MAX_BYTES) throw invalidArgument(`A message is larger than ${MAX_BYTES} bytes.`)
    bytes += size
  }
  if (bytes > MAX_BYTES) throw invalidArgument(`The request is larger than ${MAX_BYTES} bytes.`)
}

function checkAttributes(attributes: Record<string, string>): void {
  let count = 0
  for (const key in attributes) {
    const value = attributes[key] ?? ''
    if (++count > MAX_ATTRIBUTES) throw invalidArgument(`A message has more than ${MAX_ATTRIBUTES} attributes.`)
    if (key === '' || bytesExceed(key, MAX_KEY_BYTES)) {
      throw invalidArgument(`An attribute key must have 1 to ${MAX_KEY_BYTES} bytes.`)
    }
    if (bytesExceed(value, MAX_VALUE_BYTES)) {
      throw invalidArgument(`The value of attribute ${key} is longer than ${MAX_VALUE_BYTES} bytes.`)
    }
    // The client library itself carries trace context and schema facts under googclient_.
    if (key.startsWith('goog') && !key.startsWith('googclient_')) {
      throw invalidArgument(`Attribute ${key}: keys must not start with goog.`)
    }
  }
}

/** A character takes at most three bytes per UTF-16 unit, so short texts need no counting. */
const bytesExceed = (text: string, limit: number) => text.length * 3 > limit && Buffer.byteLength(text) > limit

function isEmpty(attributes: Record<string, string>): boolean {
  for (const _ in attributes) return false
  return true
}

/** Bytes of data, attributes and ordering key: what flow control and limits count. */
export function sizeOf({ data, attributes, orderingKey }: PubsubMessage): number {
  let size = data.length + Buffer.byteLength(orderingKey)
  for (const key in attributes) size += Buffer.byteLength(key) + Buffer.byteLength(attributes[key] ?? '')
  return size
}
