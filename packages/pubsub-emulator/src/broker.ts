import { randomUUID } from 'node:crypto'
import type { FieldMask, Page, PublishRequest, PubsubMessage, Subscription, Topic } from './api.ts'
import { toTimestamp } from './api.ts'
import { Backlog } from './backlog.ts'
import type { Clock } from './clock.ts'
import type { StoredMessage } from './delivery.ts'
import type { Counters } from './delivery-rules.ts'
import type { Filter } from './filter.ts'
import { parseFilter } from './filter.ts'
import type { Mischief } from './knobs.ts'
import { checkName, checkProject, DELETED_TOPIC, idOf, projectOf } from './names.ts'
import { pageOf } from './pages.ts'
import { checkPublish, sizeOf } from './publish-rules.ts'
import { alreadyExists, failedPrecondition, notEmulated, notFound, unavailable } from './rpc-error.ts'
import { checkRetention, completeSettings, rulesOf, updateSettings } from './subscription-settings.ts'
import { applyMask } from './update-mask.ts'

type TopicEntry = { settings: Topic; readonly subscriptions: Set<SubscriptionEntry> }

/** A subscription, its messages, and the topic it is attached to, if it still is. */
export type SubscriptionEntry = {
  settings: Subscription
  readonly filter: Filter | undefined
  readonly backlog: Backlog
  topic: TopicEntry | undefined
}

/** Topics, subscriptions and what flows between them; knows nothing of gRPC but its status codes. */
export class Broker {
  readonly counters: Counters = { published: 0, delivered: 0, redelivered: 0, deadLettered: 0 }
  readonly #clock: Clock
  readonly #mischief: Mischief
  readonly #topics = new Map<string, TopicEntry>()
  readonly #subscriptions = new Map<string, SubscriptionEntry>()
  #lastMessageId: number
  #subscriptionsMade = 0

  constructor({ clock, mischief }: { clock: Clock; mischief: Mischief }) {
    this.#clock = clock
    this.#mischief = mischief
    this.#lastMessageId = Date.now() * 1000 // so that a restarted emulator does not give the ids of the last one again
  }

  createTopic(topic: Topic): Topic {
    checkName(topic.name, 'topics')
    checkTopic(topic)
    if (this.#topics.has(topic.name)) throw alreadyExists(topic.name)
    const settings = { ...topic, state: 'ACTIVE' }
    this.#topics.set(topic.name, { settings, subscriptions: new Set() })
    return settings
  }

  getTopic(name: string): Topic {
    return this.#topic(name).settings
  }

  updateTopic(update: Topic, mask: FieldMask): Topic {
    const entry = this.#topic(update.name)
    const settings = applyMask(entry.settings, update, mask, [
      'ingestionDataSourceSettings',
      'kmsKeyName',
      'labels',
      'messageRetentionDuration',
      'messageStoragePolicy',
      'messageTransforms',
      'schemaSettings',
    ])
    checkTopic(settings)
    entry.settings = settings
    for (const { settings, backlog } of entry.subscriptions) backlog.rules = rulesOf(settings, entry.settings)
    return settings
  }

  listTopics(project: string, page: Page): { topics: Topic[]; nextPageToken: string } {
    checkProject(project)
    const { names, nextPageToken } = pageOf(within(this.#topics.keys(), project), page)
    return { topics: names.map((name) => this.getTopic(name)), nextPageToken }
  }

  listTopicSubscriptions(name: string, page: Page): { subscriptions: string[]; nextPageToken: string } {
    const attached = [...this.#topic(name).subscriptions].map(({ settings }) => settings.name)
    const { names, nextPageToken } = pageOf(attached, page)
    return { subscriptions: names, nextPageToken }
  }

  /** Its subscriptions stay, with the messages they have; a new topic of the same name does not get them back. */
  deleteTopic(name: string): void {
    for (const subscription of this.#topic(name).subscriptions) {
      subscription.topic = undefined
      subscription.settings = { ...subscription.settings, topic: DELETED_TOPIC }
      subscription.backlog.rules = rulesOf(subscription.settings, undefined)
    }
    this.#topics.delete(name)
  }

  /** @returns the ids of the messages, in their order */
  publish(request: PublishRequest): string[] {
    const topic = this.#topic(request.topic)
    checkPublish(request)
    const { knobs } = this.#mischief
    if (this.#mischief.happens(knobs.failPublishRate)) throw unavailable('Told to fail by failPublishRate.')
    this.counters.published += request.messages.length
    const messageIds = request.messages.map((message) => this.#send(topic, message))
    if (this.#mischief.happens(knobs.losePublishResponseRate)) {
      throw unavailable('Stored, but told to lose the response by losePublishResponseRate.')
    }
    return messageIds
  }

  createSubscription(given: Subscription): Subscription {
    checkName(given.topic, 'topics')
    const name = given.name || `projects/${projectOf(given.topic)}/subscriptions/generated-${randomUUID()}`
    checkName(name, 'subscriptions')
    const settings = completeSettings({ ...given, name })
    const filter = settings.filter === '' ? undefined : parseFilter(settings.filter)
    if (this.#subscriptions.has(name)) throw alreadyExists(name)
    const topic = this.#topic(settings.topic)
    this.#checkDeadLetterTopic(settings)

    const entry: SubscriptionEntry = {
      settings,
      filter,
      topic,
      backlog: new Backlog({
        clock: this.#clock,
        mischief: this.#mischief,
        counters: this.counters,
        ackIdPrefix: `${(++this.#subscriptionsMade).toString(36)}-`,
        rules: rulesOf(settings, topic.settings),
        forward: (message, attempts) => this.#deadLetter(entry, message, attempts),
      }),
    }
    this.#subscriptions.set(name, entry)
    topic.subscriptions.add(entry)
    return described(entry)
  }

  /** @throws RpcError NOT_FOUND */
  subscription(name: string): SubscriptionEntry {
    const entry = this.#subscriptions.get(name)
    if (!entry) {
      checkName(name, 'subscriptions')
      throw notFound(name)
    }
    return entry
  }

  /** @throws RpcError NOT_FOUND, or FAILED_PRECONDITION when it is detached */
  attachedSubscription(name: string): SubscriptionEntry {
    const entry = this.subscription(name)
    if (entry.settings.detached) throw detached(name)
    return entry
  }

  getSubscription(name: string): Subscription {
    return described(this.subscription(name))
  }

  updateSubscription(update: Subscription, mask: FieldMask): Subscription {
    const entry = this.subscription(update.name)
    const { detached, topic } = entry.settings
    const settings = { ...updateSettings(entry.settings, update, mask), detached, topic }
    this.#checkDeadLetterTopic(settings)
    entry.settings = settings
    entry.backlog.rules = rulesOf(settings, entry.topic?.settings)
    return described(entry)
  }

  listSubscriptions(project: string, page: Page): { subscriptions: Subscription[]; nextPageToken: string } {
    checkProject(project)
    const { names, nextPageToken } = pageOf(within(this.#subscriptions.keys(), project), page)
    return { subscriptions: names.map((name) => this.getSubscription(name)), nextPageToken }
  }

  deleteSubscription(name: string): void {
    const entry = this.subscription(name)
    this.#subscriptions.delete(name)
    entry.topic?.subscriptions.delete(entry)
    entry.backlog.end(notFound(name))
  }

  detachSubscription(name: string): void {
    const entry = this.subscription(name)
    entry.topic?.subscriptions.delete(entry)
    entry.topic = undefined
    entry.settings = { ...entry.settings, detached: true }
    entry.backlog.end(detached(name))
  }

  seek(name: string, time: number): void {
    this.attachedSubscription(name).backlog.seek(time)
  }

  /** Per subscription, by its full name: messages not acknowledged yet, and how many of them consumers hold. */
  backlogs(): Record<string, { backlog: number; outstanding: number }> {
    return Object.fromEntries([...this.#subscriptions].map(([name, { backlog }]) => [name, backlog.figures]))
  }

  stop(): void {
    for (const { backlog } of this.#subscriptions.values()) backlog.end(unavailable('Server shutdownNow invoked'))
  }

  #topic(name: string): TopicEntry {
    const entry = this.#topics.get(name)
    if (!entry) {
      checkName(name, 'topics')
      throw notFound(name)
    }
    return entry
  }

  #checkDeadLetterTopic({ deadLetterPolicy }: Subscription): void {
    if (deadLetterPolicy) this.#topic(deadLetterPolicy.deadLetterTopic)
  }

  #send(topic: TopicEntry, { data, attributes, orderingKey }: PubsubMessage): string {
    const publishedAt = this.#clock.now()
    const messageId = String(++this.#lastMessageId)
    const content = {
      data: Buffer.from(data),
      attributes,
      orderingKey,
      messageId,
      publishTime: toTimestamp(publishedAt),
    }
    const message: StoredMessage = { content, publishedAt, bytes: sizeOf(content) }
    for (const { filter, backlog } of topic.subscriptions) if (!filter || filter(attributes)) backlog.add(message)
    return messageId
  }

  #deadLetter({ settings }: SubscriptionEntry, { content, publishedAt }: StoredMessage, attempts: number): boolean {
    const topic = this.#topics.get(settings.deadLetterPolicy?.deadLetterTopic ?? '')
    if (!topic) return false
    this.counters.deadLettered++
    this.#send(topic, {
      ...content,
      attributes: {
        ...content.attributes,
        CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
        CloudPubSubDeadLetterSourceSubscription: idOf(settings.name),
        CloudPubSubDeadLetterSourceSubscriptionProject: projectOf(settings.name),
        CloudPubSubDeadLetterSourceTopicPublishTime: new Date(publishedAt).toISOString().replace('Z', '+00:00'),
      },
    })
    return true
  }
}

const detached = (name: string) => failedPrecondition(`Subscription ${idOf(name)} is detached.`)

const described = ({ settings, topic }: SubscriptionEntry): Subscription => ({
  ...settings,
  topicMessageRetentionDuration: topic?.settings.messageRetentionDuration ?? null,
})

function* within(names: Iterable<string>, project: string): Generator<string> {
  for (const name of names) if (name.startsWith(`${project}/`)) yield name
}

function checkTopic(topic: Topic): void {
  if (topic.schemaSettings) throw notEmulated('Schemas')
  if (topic.ingestionDataSourceSettings) throw notEmulated('Ingestion from other sources')
  if (topic.messageTransforms.length > 0) throw notEmulated('Message transforms')
  checkRetention(topic.messageRetentionDuration)
}
