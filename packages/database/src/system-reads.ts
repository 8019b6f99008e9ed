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
  }
  /** Those that nobody has replayed. */
  readonly deadLetters: number
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
    readonly lastHour: { readonly accepted: number; readonly declined: number }
  }[]
}

export async function readSystem(database: Database, now: Date): Promise<SystemState> {
  const { rows } = await sql<{ waiting: number; due: number; oldest: number | null; dead: number }>`
    select count(*)::int as waiting, count(*) filter (where deliver_at <= now())::int as due,
      extract(epoch from now() - min(deliver_at) filter (where deliver_at <= now()))::int as oldest,
      (select count(*)::int from dead_letters where replayed_at is null) as dead
    from outbox`.execute(database)
  const { rows: rails } = await sql<{ name: RailName; pausedUntil: Date | null; reason: string | null }>`
    select name, paused_until as "pausedUntil", paused_reason as reason from rails order by name`.execute(database)
  const hourAgo = new Date(now.getTime() - 3_600_000)
  const { rows: attempts } = await sql<{
    rail: RailName
    claimed: number
    unknown: number
    accepted: number
    declined: number
  }>`
    select r.name as rail, coalesce(h.claimed, 0) as claimed, coalesce(h.unknown, 0) as unknown,
      coalesce(l.accepted, 0) as accepted, coalesce(l.declined, 0) as declined
    from rails r
    left join (
      select rail, count(*)::int as claimed, count(*) filter (where calls > 1)::int as unknown
      from payment_attempts where state = 'claimed' group by rail
    ) h on h.rail = r.name
    left join lateral (
      select count(*) filter (where a.accepted_at >= ${hourAgo})::int as accepted,
        count(*) filter (where a.state = 'declined')::int as declined
      from payment_attempts a where a.rail = r.name and coalesce(a.accepted_at, a.first_called_at) >= ${hourAgo}
    ) l on true
    order by r.name`.execute(database)
  const { waiting = 0, due = 0, oldest = null, dead = 0 } = rows[0] ?? {}
  return {
    outbox: { waiting, due, oldestSeconds: oldest },
    deadLetters: dead,
    rails: rails.map(({ name, pausedUntil, reason }) => {
      const isPaused = pausedUntil !== null && pausedUntil > now
      return { name, pausedUntil: isPaused ? pausedUntil : null, reason: isPaused ? reason : null }
    }),
    attempts: attempts.map(({ rail, claimed, unknown, accepted, declined }) => {
      return { rail, claimed, unknown, lastHour: { accepted, declined } }
    }),
  }
}
