import type { ClaimedRow } from './outbox-rows.ts'
import type { OutgoingPubsubMessage, Publisher } from './publisher.ts'

export interface PublishResult {
  /** How many messages of which topic. */
  readonly published: ReadonlyMap<string, number>
  readonly failures: readonly { readonly error: unknown; readonly rows: readonly ClaimedRow[] }[]
}

/**
 * Publishes claimed rows: a request per topic and ordering key, side by side; within a key in sequence, and a key stops
 * at its first failure. When a message is refused for what it is, it is found, so that its neighbours still go out.
 * @param rows - those of one key in their order
 */
export async function publishRows(publisher: Publisher, rows: readonly ClaimedRow[]): Promise<PublishResult> {
  const published = new Map<string, number>()
  const failures: { error: unknown; rows: readonly ClaimedRow[] }[] = []

  async function publishInOrder(chunks: readonly (readonly ClaimedRow[])[]): Promise<void> {
    for (const [index, chunk] of chunks.entries()) {
      const error = await publishChunk(chunk)
      if (error === undefined) continue
      const rest = chunks.slice(index + 1).flat()
      if (chunk[0]?.orderingKey !== null) return void (rest.length > 0 && failures.push({ error, rows: rest }))
    }
  }

  /** @returns the error that keeps a key from going on */
  async function publishChunk(chunk: readonly ClaimedRow[]): Promise<unknown> {
    const topic = chunk[0]?.topic ?? ''
    try {
      await publisher.publish(topic, chunk.map(messageOf))
      published.set(topic, (published.get(topic) ?? 0) + chunk.length)
      return undefined
    } catch (error) {
      if (chunk.length === 1 || codeOf(error) !== INVALID_ARGUMENT) {
        failures.push({ error, rows: chunk })
        return error
      }
      const middle = chunk.length >> 1
      const first = await publishChunk(chunk.slice(0, middle))
      const second = chunk.slice(middle)
      if (first !== undefined && chunk[0]?.orderingKey !== null) {
        failures.push({ error: first, rows: second })
        return first
      }
      return (await publishChunk(second)) ?? first
    }
  }

  await Promise.all(byTopicAndKey(rows).map((group) => publishInOrder(chunksOf(group))))
  return { published, failures }
}

const INVALID_ARGUMENT = 3
const codeOf = (error: unknown) => (error as { code?: unknown }).code

// Pub/Sub takes 1000 messages and 10 MB in a request (facts: pubsub §5); the envelope counts too.
const MAXIMUM_MESSAGES = 1000
const MAXIMUM_CHARACTERS = 2_000_000

const messageOf = ({ data, attributes, orderingKey }: ClaimedRow): OutgoingPubsubMessage => ({
  data: Buffer.from(data),
  attributes,
  orderingKey: orderingKey ?? '',
})

function byTopicAndKey(rows: readonly ClaimedRow[]): readonly ClaimedRow[][] {
  const groups = new Map<string, ClaimedRow[]>()
  for (const row of rows) {
    const name = row.orderingKey === null ? row.topic : `${row.topic} ${row.orderingKey}`
    const group = groups.get(name)
    if (group) group.push(row)
    else groups.set(name, [row])
  }
  return [...groups.values()]
}

function chunksOf(rows: readonly ClaimedRow[]): readonly (readonly ClaimedRow[])[] {
  const chunks: ClaimedRow[][] = []
  let characters = 0
  for (const row of rows) {
    const chunk = chunks.at(-1)
    characters += row.data.length
    if (chunk && chunk.length < MAXIMUM_MESSAGES && characters <= MAXIMUM_CHARACTERS) {
      chunk.push(row)
    } else {
      chunks.push([row])
      characters = row.data.length
    }
  }
  return chunks
}
