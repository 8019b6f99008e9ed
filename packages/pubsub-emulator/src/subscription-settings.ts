import type { Duration, FieldMask, Subscription, Topic } from './api.ts'
import { toMs } from './api.ts'
import type { DeliveryRules } from './delivery-rules.ts'
import { invalidArgument, notEmulated } from './rpc-error.ts'
import { applyMask } from './update-mask.ts'

const MINUTE = 60
const DAY = 24 * 60 * MINUTE
const seconds = (count: number): Duration => ({ seconds: count, nanos: 0 })

const DEFAULT_RETENTION = seconds(7 * DAY)
const DEFAULT_EXPIRATION = { ttl: seconds(31 * DAY) }
const DEFAULT_MINIMUM_BACKOFF = seconds(10)
const DEFAULT_MAXIMUM_BACKOFF = seconds(600)

/**
 * A subscription's settings with the service's defaults filled in.
 * @throws RpcError INVALID_ARGUMENT for a value out of range, UNIMPLEMENTED for a kind of delivery that is not emulated
 */
export function completeSettings(given: Subscription): Subscription {
  refuseOtherDeliveries(given)
  const settings: Subscription = {
    ...given,
    ackDeadlineSeconds: given.ackDeadlineSeconds || 10,
    messageRetentionDuration: given.messageRetentionDuration ?? DEFAULT_RETENTION,
    expirationPolicy: given.expirationPolicy ?? DEFAULT_EXPIRATION,
    retryPolicy: given.retryPolicy && {
      minimumBackoff: given.retryPolicy.minimumBackoff ?? DEFAULT_MINIMUM_BACKOFF,
      maximumBackoff: given.retryPolicy.maximumBackoff ?? DEFAULT_MAXIMUM_BACKOFF,
    },
    deadLetterPolicy: given.deadLetterPolicy?.deadLetterTopic
      ? { ...given.deadLetterPolicy, maxDeliveryAttempts: given.deadLetterPolicy.maxDeliveryAttempts || 5 }
      : null,
    detached: false,
    topicMessageRetentionDuration: null,
    state: 'ACTIVE',
  }
  checkAckDeadline(settings.ackDeadlineSeconds)
  checkRetention(settings.messageRetentionDuration)
  checkRange('expiration_policy.ttl', settings.expirationPolicy?.ttl ?? null, DAY, Number.POSITIVE_INFINITY)
  const { retryPolicy, deadLetterPolicy } = settings
  checkRange('retry_policy.minimum_backoff', retryPolicy?.minimumBackoff ?? null, 0, 600)
  checkRange('retry_policy.maximum_backoff', retryPolicy?.maximumBackoff ?? null, 0, 600)
  if (retryPolicy?.minimumBackoff && retryPolicy.maximumBackoff) {
    if (toMs(retryPolicy.minimumBackoff) > toMs(retryPolicy.maximumBackoff)) {
      throw invalidArgument('Invalid retry_policy: minimum_backoff is longer than maximum_backoff.')
    }
  }
  if (deadLetterPolicy && (deadLetterPolicy.maxDeliveryAttempts < 5 || deadLetterPolicy.maxDeliveryAttempts > 100)) {
    throw invalidArgument(
      `Invalid dead_letter_policy.max_delivery_attempts ${deadLetterPolicy.maxDeliveryAttempts}: it must be from 5 to 100.`,
    )
  }
  return settings
}

/** @throws RpcError as {@link completeSettings}, and INVALID_ARGUMENT for what cannot change: topic, filter, ordering */
export function updateSettings(current: Subscription, update: Subscription, mask: FieldMask): Subscription {
  return completeSettings(
    applyMask(current, update, mask, [
      'ackDeadlineSeconds',
      'bigqueryConfig',
      'bigtableConfig',
      'cloudStorageConfig',
      'deadLetterPolicy',
      'enableExactlyOnceDelivery',
      'expirationPolicy',
      'labels',
      'messageRetentionDuration',
      'messageTransforms',
      'pushConfig',
      'retainAckedMessages',
      'retryPolicy',
    ]),
  )
}

/** What the settings mean for the messages. */
export function rulesOf(settings: Subscription, topic: Topic | undefined): DeliveryRules {
  const retentionMs = toMs(settings.messageRetentionDuration ?? DEFAULT_RETENTION)
  const topicRetentionMs = topic?.messageRetentionDuration ? toMs(topic.messageRetentionDuration) : 0
  const { retryPolicy, deadLetterPolicy } = settings
  return {
    isOrdered: settings.enableMessageOrdering,
    retentionMs: Math.max(retentionMs, topicRetentionMs),
    ackedRetentionMs: Math.max(settings.retainAckedMessages ? retentionMs : 0, topicRetentionMs),
    backoff: retryPolicy
      ? {
          minimumMs: toMs(retryPolicy.minimumBackoff ?? DEFAULT_MINIMUM_BACKOFF),
          maximumMs: toMs(retryPolicy.maximumBackoff ?? DEFAULT_MAXIMUM_BACKOFF),
        }
      : undefined,
    maxDeliveryAttempts: deadLetterPolicy?.maxDeliveryAttempts,
  }
}

/** Leases last 10 to 600 seconds. @throws RpcError INVALID_ARGUMENT */
export function checkAckDeadline(ackDeadlineSeconds: number): void {
  if (ackDeadlineSeconds >= 10 && ackDeadlineSeconds <= 600) return
  throw invalidArgument(`Invalid ack deadline given (${ackDeadlineSeconds} s): it must be from 10 to 600 seconds.`)
}

/** Messages are retained for 10 minutes to 31 days. @throws RpcError INVALID_ARGUMENT */
export function checkRetention(duration: Duration | null): void {
  checkRange('message_retention_duration', duration, 10 * MINUTE, 31 * DAY)
}

function checkRange(field: string, duration: Duration | null, leastSeconds: number, mostSeconds: number): void {
  if (!duration) return
  const ms = toMs(duration)
  if (ms >= leastSeconds * 1000 && ms <= mostSeconds * 1000) return
  const range = Number.isFinite(mostSeconds) ? `from ${leastSeconds} to ${mostSeconds} s` : `at least ${leastSeconds} s`
  throw invalidArgument(`Invalid ${field} given (${ms / 1000} s): it must be ${range}.`)
}

function refuseOtherDeliveries(settings: Subscription): void {
  if (settings.pushConfig?.pushEndpoint) throw notEmulated('Push delivery')
  if (settings.bigqueryConfig) throw notEmulated('Delivery to BigQuery')
  if (settings.bigtableConfig) throw notEmulated('Delivery to Bigtable')
  if (settings.cloudStorageConfig) throw notEmulated('Delivery to Cloud Storage')
  if (settings.messageTransforms.length > 0) throw notEmulated('Message transforms')
}
