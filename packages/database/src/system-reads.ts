import type { RailName } from '@remesa/domain/rail'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** What is in hand, what waits, and what does not come through. */
export interface SystemState {
  readonly outbox: {
    readonly waiting: number
    /** Of those: the time to send them has come. */
    readonly due: number
    /** For how long the longest of those has been due; null when none is. */
    readonly oldestSeconds: number | null
    /** The same for each topic that has some. */
    readonly topics: readonly {
      readonly topic: string
      readonly waiting: number
      readonly due: number
      readonly oldestSeconds: number | null
    }[]
  }
  /** Those that nobody has replayed. */
  readonly deadLetters: number
  /** The same for each subscription that has some. */
  readonly deadLettersOf: readonly { readonly subscription: string; readonly count: number }[]
  readonly rails: readonly {
    readonly name: RailName
    /** While it rests, for it refuses our credentials. */
    readonly pausedUntil: Date | null
    readonly reason: string | null
  }[]
  readonly attempts: readonly {
    readonly rail: RailName
    /** With a worker, or left by one that died. */
    readonly claimed: number
    /** Of those: called more than once, since no answer came. They may be paid. */
    readonly unknown: number
    readonly lastHour: {
      readonly accepted: number
      readonly declined: number
      /** From the first call to the rail's word, milliseconds; null when nothing was accepted. */
      readonly p50Ms: number | null
      readonly p95Ms: number | null
    }
  }[]
}

export async function readSystem(database: Database, now: Date): Promise<SystemState> {
  const [topics, deadLettersOf] = await Promise.all([readOutbox(database), readDeadLetters(database)])
  const { rows: rails } = await sql<{ name: RailName; pausedUntil: Date | null; reason: string | null }>`
    select name, paused_until as "pausedUntil", paused_reason as reason from rails order by name`.execute(database)
  const hourAgo = new Date(now.getTime() - 3_600_000)
  const { rows: attempts } = await sql<{
    rail: RailName
    claimed: number
    unknown: number
    accepted: number
    declined: number
    took: readonly [number, number] | null
  }>`
    select r.name as rail, coalesce(h.claimed, 0) as claimed, coalesce(h.unknown, 0) as unknown,
      coalesce(l.accepted, 0) as accepted, coalesce(l.declined, 0) as declined, l.took
    from rails r
    left join (
      select rail, count(*)::int as claimed, count(*) filter (where calls > 1)::int as unknown
      from payment_attempts where state = 'claimed' group by rail
    ) h on h.rail = r.name
    left join lateral (
      select count(*) filter (where a.accepted_at >= ${hourAgo})::int as accepted,
        count(*) filter (where a.state = 'declined')::int as declined,
        percentile_cont(array[0.5, 0.95]) within group (order by ${TOOK_MS}) filter (where a.accepted_at >= ${hourAgo}) as took
      from payment_attempts a where a.rail = r.name and coalesce(a.accepted_at, a.first_called_at) >= ${hourAgo}
    ) l on true
    order by r.name`.execute(database)
  const ages = topics.flatMap(({ oldestSeconds }) => (oldestSeconds === null ? [] : [oldestSeconds]))
  return {
    outbox: {
      waiting: topics.reduce((sum, { waiting }) => sum + waiting, 0),
      due: topics.reduce((sum, { due }) => sum + due, 0),
      oldestSeconds: ages.length === 0 ? null : Math.max(...ages),
      topics,
    },
    deadLetters: deadLettersOf.reduce((sum, { count }) => sum + count, 0),
    deadLettersOf,
    rails: rails.map(({ name, pausedUntil, reason }) => {
      const isPaused = pausedUntil !== null && pausedUntil > now
      return { name, pausedUntil: isPaused ? pausedUntil : null, reason: isPaused ? reason : null }
    }),
    attempts: attempts.map(({ rail, claimed, unknown, took, ...ended }) => {
      const [p50Ms = null, p95Ms = null] = took?.map(Math.round) ?? []
      return { rail, claimed, unknown, lastHour: { ...ended, p50Ms, p95Ms } }
    }),
  }
}

const TOOK_MS = sql`extract(epoch from a.accepted_at - a.first_called_at) * 1000`

async function readOutbox(database: Database): Promise<SystemState['outbox']['topics']> {
  const { rows } = await sql<SystemState['outbox']['topics'][number]>`
    select topic, count(*)::int as waiting, count(*) filter (where deliver_at <= now())::int as due,
      extract(epoch from now() - min(deliver_at) filter (where deliver_at <= now()))::int as "oldestSeconds"
    from outbox group by topic order by topic`.execute(database)
  return rows
}

async function readDeadLetters(database: Database): Promise<SystemState['deadLettersOf']> {
  const { rows } = await sql<SystemState['deadLettersOf'][number]>`
    select subscription, count(*)::int as count from dead_letters where replayed_at is null
    group by subscription order by subscription`.execute(database)
  return rows
}
