import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { FieldMask, Page, PublishRequest, Topic } from './api.ts'
import type { Broker } from './broker.ts'
import { invalidArgument, notEmulated } from './rpc-error.ts'
import { unary } from './unary.ts'

/** google.pubsub.v1.Publisher */
export const publisherService = (broker: Broker): UntypedServiceImplementation => ({
  createTopic: unary((topic: Topic) => broker.createTopic(topic)),
  getTopic: unary(({ topic }: { topic: string }) => broker.getTopic(topic)),
  updateTopic: unary(({ topic, updateMask }: { topic: Topic | null; updateMask: FieldMask }) => {
    if (!topic) throw invalidArgument('The topic in the request must be specified.')
    return broker.updateTopic(topic, updateMask)
  }),
  listTopics: unary(({ project, ...page }: { project: string } & Page) => broker.listTopics(project, page)),
  listTopicSubscriptions: unary(({ topic, ...page }: { topic: string } & Page) =>
    broker.listTopicSubscriptions(topic, page),
  ),
  listTopicSnapshots: unary(() => {
    throw notEmulated('Snapshots')
  }),
  deleteTopic: unary(({ topic }: { topic: string }) => {
    broker.deleteTopic(topic)
    return {}
  }),
  detachSubscription: unary(({ subscription }: { subscription: string }) => {
    broker.detachSubscription(subscription)
    return {}
  }),
  publish: unary((request: PublishRequest) => ({ messageIds: broker.publish(request) })),
})
