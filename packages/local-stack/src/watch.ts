import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Stack } from './stack/stack.ts'

export interface Watch<Progress> {
  readonly onProgress: (progress: Progress) => void
  /** Without any movement for so long, something is stuck. */
  readonly patienceMs: number
}

/** Nothing has moved for too long, or a part of the stack is gone. Its message says what is stuck, a line each. */
export class StuckError extends Error {
  override readonly name = 'StuckError'
}

const LOOK_EVERY_MS = 200
/** Looks must not slow down what they look at: on a busy machine there are fewer of them. */
const SHARE_OF_TIME_LOOKING = 0.05

export interface Look {
  readonly done: boolean
  /** Changes whenever something has moved. */
  readonly moved: string
  readonly stuck: () => Promise<readonly string[]>
}

/** Looks until it is done. @throws StuckError when nothing moves any more */
export async function untilDone(
  stack: Pick<Stack, 'casualties'>,
  { patienceMs }: Pick<Watch<never>, 'patienceMs'>,
  look: () => Promise<Look>,
): Promise<void> {
  let last = ''
  let movedAt = Date.now()
  for (;;) {
    const casualties = await stack.casualties()
    if (casualties.length > 0) throw new StuckError(casualties.join('\n'))
    const began = performance.now()
    const { done, moved, stuck } = await look()
    const tookMs = performance.now() - began
    if (done) return
    if (moved !== last) movedAt = Date.now()
    last = moved
    if (Date.now() - movedAt > patienceMs) {
      throw new StuckError([`nothing has moved for ${patienceMs / 1000} s`, ...(await stuck())].join('\n'))
    }
    await sleep(Math.min(1_000, Math.max(LOOK_EVERY_MS, tookMs / SHARE_OF_TIME_LOOKING)))
  }
}

/** Messages of these topics that nobody has finished with. */
export async function backlogOf(
  stack: Pick<Stack, 'database' | 'pubsub'>,
  of: readonly { subscriptions: readonly { name: string }[]; name: string }[],
) {
  const backlogs = await stack.pubsub.backlogs()
  const inPubSub = of.flatMap(({ subscriptions }) => subscriptions.map(({ name }) => backlogs?.get(name) ?? 0))
  const inOutbox = await Promise.all(of.map(({ name }) => outboxOf(stack, name)))
  return [...inPubSub, ...inOutbox].reduce((sum, count) => sum + count, 0)
}

/** Messages of a topic that were not published yet, those for later included. */
export async function outboxOf(stack: Pick<Stack, 'database'>, topic: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from outbox where topic = ${topic}`.execute(stack.database)
  return rows[0]?.count ?? 0
}

/** Messages of a topic that are to be published now and were not yet. */
export async function dueOutboxOf(stack: Pick<Stack, 'database'>, topic: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from outbox where topic = ${topic} and deliver_at <= now()`.execute(stack.database)
  return rows[0]?.count ?? 0
}

/** What keeps every kind of payment: dead letters and paused rails, a line each. */
export async function whatHolds(stack: Pick<Stack, 'database'>): Promise<readonly string[]> {
  const { rows: letters } = await sql<{ topic: string; count: number; reason: string }>`
    select topic, count(*)::int as count, min(reason) as reason from dead_letters where replayed_at is null
    group by topic order by topic`.execute(stack.database)
  const { rows: rails } = await sql<{ name: string; reason: string }>`
    select name, paused_reason as reason from rails where paused_until > now()`.execute(stack.database)
  return [
    ...letters.map(({ topic, count, reason }) => `${count} dead letters of ${topic}, e.g. ${reason}`),
    ...rails.map(({ name, reason }) => `the rail ${name} is paused: ${reason}`),
  ]
}
