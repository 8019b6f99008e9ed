import type { BatchHandler, Message, Verdict } from '@remesa/messaging/handler'
import type { Topic } from '@remesa/messaging/topic'
import { sql } from 'kysely'
import { aMessage, type World } from './world.ts'

/** A handler and the topic it reads, for {@link carry}. */
export interface Route {
  /** Hands over what is due, and what it is given again. */
  bringDue(world: World): Promise<readonly Parcel[]>
  /** @param data - a callback or another message that is in no outbox */
  parcel(data: object): Parcel
}

/** One delivery to be made. */
export interface Parcel {
  readonly at: Date
  readonly throws: number
  readonly route: object
  /** Delivers it with others of its route, as one batch. */
  deliver(others: readonly Parcel[]): Promise<readonly Outcome[]>
  later(at: Date, why: 'retried' | 'threw' | 'repeated'): Parcel
}

interface Outcome {
  readonly parcel: Parcel
  readonly verdict: Verdict
}

export function routeOf<Data extends object>(topic: Topic<Data>, handle: BatchHandler<Data>): Route {
  const route = {}
  const messages = new WeakMap<Parcel, Message<Data>>()
  function parcelOf(message: Message<Data>, at: Date, throws = 0): Parcel {
    const parcel: Parcel = {
      at,
      throws,
      route,
      async deliver(parcels) {
        const batch = parcels.flatMap((one) => messages.get(one) ?? [])
        const verdicts = await handle(batch).catch((error: unknown) =>
          batch.map((): Verdict => ({ kind: 'threw', error })),
        )
        return parcels.map((one, index) => ({
          parcel: one,
          verdict: verdicts[index] ?? { kind: 'threw', error: 'no verdict' },
        }))
      },
      later: (then, why) =>
        parcelOf(
          why === 'retried' ? { ...message, retries: message.retries + 1 } : message,
          then,
          why === 'threw' ? throws + 1 : throws,
        ),
    }
    messages.set(parcel, message)
    return parcel
  }
  return {
    async bringDue(world) {
      const due = await world.take(topic, { due: true })
      return due.map(({ data, deliverAt }) => parcelOf(aMessage(data), deliverAt))
    },
    parcel: (data) => parcelOf(aMessage(topic.schema.parse(data)), new Date(0)),
  }
}

const MOST_THROWS = 10
const MOST_ROUNDS = 2_000

/**
 * Carries what the outbox holds to handlers by the world's clock, which it moves to whatever is due next, as Pub/Sub
 * may: in any order, in batches of any size, side by side, some of it twice.
 * @param options.chance - in [0, 1), decides order, batches and repetitions
 * @param options.between - what the world outside does between two rounds; answers with deliveries from there
 * @returns the reasons of what was rejected, once nothing is left to carry
 * @throws what a handler threw, when one message makes it throw too often, and when there is no end in sight
 */
export async function carry(
  world: World,
  routes: readonly Route[],
  options: { chance: () => number; between?: () => Promise<readonly Parcel[]> | readonly Parcel[] },
): Promise<readonly string[]> {
  const { chance } = options
  const rejected: string[] = []
  let held: Parcel[] = []
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    held.push(...((await options.between?.()) ?? []))
    const now = world.now()
    const due = (await Promise.all(routes.map((route) => route.bringDue(world)))).flat()
    due.push(...held.filter(({ at }) => at <= now))
    held = held.filter(({ at }) => at > now)
    if (due.length === 0) {
      const next = await nextDue(world, held)
      if (!next) return rejected
      // A little too late, as timers are: what is due at about the same time meets.
      world.moveClock(Math.max(0, next.getTime() - world.now().getTime()) + Math.floor(chance() * 5_000))
      continue
    }
    // Pub/Sub delivers at least once: at the same time, or long after it was acknowledged.
    for (const parcel of due.slice()) {
      if (chance() < 0.15) due.push(parcel)
      if (chance() < 0.1) held.push(parcel.later(new Date(now.getTime() + chance() * 600_000), 'repeated'))
    }
    for (const { parcel, verdict } of await deliverAll(due, chance)) {
      const at = world.now().getTime()
      if (verdict.kind === 'retry') held.push(parcel.later(new Date(at + verdict.afterMs), 'retried'))
      if (verdict.kind === 'reject') rejected.push(verdict.reason)
      if (verdict.kind !== 'threw') continue
      if (parcel.throws >= MOST_THROWS) throw verdict.error
      held.push(parcel.later(new Date(at + 1_000), 'threw'))
    }
  }
  throw new Error(`nothing came to rest in ${MOST_ROUNDS} rounds`)
}

async function deliverAll(due: readonly Parcel[], chance: () => number): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let batches = [...Map.groupBy(due, ({ route }) => route).values()].flatMap((ofRoute) => inBatches(ofRoute, chance))
  batches = shuffled(batches, chance)
  while (batches.length > 0) {
    const sideBySide = batches.splice(0, 1 + Math.floor(chance() * 4))
    for (const answered of await Promise.all(sideBySide.map((batch) => batch[0]?.deliver(batch) ?? []))) {
      outcomes.push(...answered)
    }
  }
  return outcomes
}

function inBatches(parcels: readonly Parcel[], chance: () => number): Parcel[][] {
  const batches: Parcel[][] = []
  for (const left = shuffled(parcels, chance); left.length > 0; )
    batches.push(left.splice(0, 1 + Math.floor(chance() * 8)))
  return batches
}

function shuffled<Item>(items: readonly Item[], chance: () => number): Item[] {
  const order = [...items]
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(chance() * (index + 1))
    const [a, b] = [order[index] as Item, order[other] as Item]
    order[index] = b
    order[other] = a
  }
  return order
}

/** Alerts are for people: nobody reads them here. */
async function nextDue(world: World, held: readonly Parcel[]): Promise<Date | undefined> {
  const { rows } = await sql<{ next: Date | null }>`
    select min(deliver_at) as next from outbox where topic <> 'finance_alert_topic'`.execute(world.database)
  const times = [...held.map(({ at }) => at), ...(rows[0]?.next ? [rows[0].next] : [])]
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0]
}

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
export function chanceFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
