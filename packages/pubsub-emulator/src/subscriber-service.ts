import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type {
  AcknowledgeRequest,
  FieldMask,
  ModifyAckDeadlineRequest,
  Page,
  PullRequest,
  SeekRequest,
  Subscription,
} from './api.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './clock.ts'
import { acknowledge, modifyAckDeadline } from './leases.ts'
import { pull } from './pull.ts'
import { invalidArgument, notEmulated } from './rpc-error.ts'
import { streamingPull } from './streaming-pull.ts'
import { unary } from './unary.ts'

const snapshots = unary(() => {
  throw notEmulated('Snapshots')
})

/** google.pubsub.v1.Subscriber */
export const subscriberService = (broker: Broker, clock: Clock): UntypedServiceImplementation => ({
  createSubscription: unary((subscription: Subscription) => broker.createSubscription(subscription)),
  getSubscription: unary(({ subscription }: { subscription: string }) => broker.getSubscription(subscription)),
  updateSubscription: unary(
    ({ subscription, updateMask }: { subscription: Subscription | null; updateMask: FieldMask }) => {
      if (!subscription) throw invalidArgument('The subscription in the request must be specified.')
      return broker.updateSubscription(subscription, updateMask)
    },
  ),
  listSubscriptions: unary(({ project, ...page }: { project: string } & Page) =>
    broker.listSubscriptions(project, page),
  ),
  deleteSubscription: unary(({ subscription }: { subscription: string }) => {
    broker.deleteSubscription(subscription)
    return {}
  }),
  acknowledge: unary(({ subscription, ackIds }: AcknowledgeRequest) => {
    acknowledge(broker.subscription(subscription), ackIds)
    return {}
  }),
  modifyAckDeadline: unary(({ subscription, ackIds, ackDeadlineSeconds }: ModifyAckDeadlineRequest) => {
    modifyAckDeadline(broker.subscription(subscription), ackIds, ackDeadlineSeconds)
    return {}
  }),
  pull: unary((request: PullRequest, call) => pull({ broker, clock }, request, call)),
  streamingPull: (call: Parameters<typeof streamingPull>[1]) => streamingPull(broker, call),
  modifyPushConfig: unary(
    ({ subscription, pushConfig }: { subscription: string; pushConfig: Subscription['pushConfig'] }) => {
      broker.subscription(subscription)
      if (pushConfig?.pushEndpoint) throw notEmulated('Push delivery')
      return {} // no endpoint means pull, which it is already
    },
  ),
  seek: unary(({ subscription, time, snapshot }: SeekRequest) => {
    if (snapshot) throw notEmulated('Snapshots')
    if (!time) throw invalidArgument('The request must name a time or a snapshot to seek to.')
    broker.seek(subscription, time.seconds * 1000 + time.nanos / 1e6)
    return {}
  }),
  getSnapshot: snapshots,
  listSnapshots: snapshots,
  createSnapshot: snapshots,
  updateSnapshot: snapshots,
  deleteSnapshot: snapshots,
})
