/**
 * The parts of google.pubsub.v1 that are served, as proto-loader decodes them with defaults on: a missing message is
 * null, a missing list or map is empty. Names and meaning are those of the proto.
 */
export type Duration = { seconds: number; nanos: number }
export type Timestamp = { seconds: number; nanos: number }
export type Labels = Record<string, string>

export type Topic = {
  name: string
  labels: Labels
  messageStoragePolicy: object | null
  kmsKeyName: string
  schemaSettings: object | null
  messageRetentionDuration: Duration | null
  state: string
  ingestionDataSourceSettings: object | null
  messageTransforms: object[]
}

export type PubsubMessage = {
  data: Buffer
  attributes: Record<string, string>
  messageId: string
  publishTime: Timestamp | null
  orderingKey: string
}

export type RetryPolicy = { minimumBackoff: Duration | null; maximumBackoff: Duration | null }
export type DeadLetterPolicy = { deadLetterTopic: string; maxDeliveryAttempts: number }

export type Subscription = {
  name: string
  topic: string
  pushConfig: { pushEndpoint: string } | null
  bigqueryConfig: object | null
  cloudStorageConfig: object | null
  bigtableConfig: object | null
  ackDeadlineSeconds: number
  retainAckedMessages: boolean
  messageRetentionDuration: Duration | null
  labels: Labels
  enableMessageOrdering: boolean
  expirationPolicy: { ttl: Duration | null } | null
  filter: string
  deadLetterPolicy: DeadLetterPolicy | null
  retryPolicy: RetryPolicy | null
  detached: boolean
  enableExactlyOnceDelivery: boolean
  topicMessageRetentionDuration: Duration | null
  state: string
  messageTransforms: object[]
}

export type FieldMask = { paths: string[] } | null
export type Page = { pageSize: number; pageToken: string }

export type PublishRequest = { topic: string; messages: PubsubMessage[] }
export type ReceivedMessage = { ackId: string; message: PubsubMessage; deliveryAttempt: number }
export type PullRequest = { subscription: string; returnImmediately: boolean; maxMessages: number }
export type AcknowledgeRequest = { subscription: string; ackIds: string[] }
export type ModifyAckDeadlineRequest = { subscription: string; ackIds: string[]; ackDeadlineSeconds: number }
export type SeekRequest = { subscription: string; time: Timestamp | null; snapshot: string }

export type StreamingPullRequest = {
  subscription: string
  ackIds: string[]
  modifyDeadlineSeconds: number[]
  modifyDeadlineAckIds: string[]
  streamAckDeadlineSeconds: number
  clientId: string
  maxOutstandingMessages: number
  maxOutstandingBytes: number
  protocolVersion: number
}

export type StreamingPullResponse = {
  receivedMessages?: ReceivedMessage[]
  subscriptionProperties?: { exactlyOnceDeliveryEnabled: boolean; messageOrderingEnabled: boolean }
}

export const toMs = (duration: Duration): number => duration.seconds * 1000 + Math.trunc(duration.nanos / 1e6)

export const toTimestamp = (ms: number): Timestamp => {
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) }
}
