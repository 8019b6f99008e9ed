import { minorUnitsOf } from '@remesa/csv/values'
import { type SettlementProgress, settlementProgress } from '@remesa/database/settlement-progress'
import { insertSettlements, type SettlementWithWinners } from '@remesa/database/settlements'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import type { Stack } from './stack/stack.ts'
import { backlogOf, untilDone, type Watch, whatHolds } from './watch.ts'

/** Where the payment of settlements stands, for whoever watches. */
export interface SettlementsProgress {
  readonly phase: 'settlements'
  readonly settlements: number
  readonly progress: SettlementProgress
}

/**
 * Closes the marketplace's contests and waits until every settlement is paid or rejected, and every transfer has ended or
 * waits for a person.
 */
export async function paySettlements(
  stack: Stack,
  marketplace: Marketplace,
  watch: Watch<SettlementsProgress>,
): Promise<void> {
  await closeSettlements(stack, marketplace)
  await untilSettled(stack, settlementIdsOf(marketplace), watch)
}

export const settlementIdsOf = ({ settlements = [] }: Marketplace): readonly string[] =>
  settlements.map(({ settlementId }) => settlementId)

/** In one statement of the marketplace's. */
const SETTLEMENTS_AT_ONCE = 500

/** Writes settlements and winners into the database, and tells of them, as the marketplace would. */
export async function closeSettlements({ database }: Pick<Stack, 'database'>, marketplace: Marketplace): Promise<void> {
  const all = settlementsOf(marketplace)
  for (let at = 0; at < all.length; at += SETTLEMENTS_AT_ONCE) {
    const some = all.slice(at, at + SETTLEMENTS_AT_ONCE)
    await database.transaction().execute(async (tx) => {
      await insertSettlements(tx, some)
      await enqueue(
        tx,
        topics.settlementCompleted,
        some.map(({ settlement: { settlementId } }) => ({ data: { settlementId } })),
      )
    })
  }
}

/** Settlements in minor units, with their winners in the order of the files. */
export function settlementsOf({ settlements = [], winners = [] }: Marketplace): readonly SettlementWithWinners[] {
  const winnersOf = Map.groupBy(winners, ({ settlementId }) => settlementId)
  return settlements.map(({ settlementId, contestId, currency, total, status }) => ({
    settlement: { settlementId, contestId, currency, total: minorUnitsOf(total, currency), status },
    winners: (winnersOf.get(settlementId) ?? []).map((winner) => {
      const own = winner.currency ?? currency
      const { userId, stripeAccountId } = winner
      return { userId, stripeAccountId, amount: minorUnitsOf(winner.amount, own), currency: own }
    }),
  }))
}

/** How often the clock asks for what was left behind, instead of every five minutes. */
const SCHEDULER_EVERY_MS = 2_000

/** Waits until every settlement was looked at, and nothing more happens to a transfer of one by itself. */
export async function untilSettled(
  stack: Stack,
  settlementIds: readonly string[],
  watch: Watch<SettlementsProgress>,
): Promise<void> {
  let askedAt = performance.now()
  await untilDone(stack, watch, async () => {
    const progress = await settlementProgress(stack.database, settlementIds)
    watch.onProgress({ phase: 'settlements', settlements: settlementIds.length, progress })
    if (performance.now() - askedAt > SCHEDULER_EVERY_MS) {
      askedAt = performance.now()
      await stack.database.transaction().execute((tx) => enqueue(tx, topics.payoutScheduler, [{ data: {} }]))
    }
    const { jobs, rejected, transfers, unverified } = progress
    const unseen = settlementIds.length - jobs - rejected
    const moving = transfers.pending + transfers.processing + transfers.retryable + unverified
    const done = unseen === 0 && moving === 0 && (await backlogOf(stack, [topics.settlementCompleted])) === 0
    return { done, moved: JSON.stringify(progress), stuck: () => whatIsStuck(stack, settlementIds, unseen) }
  })
}

async function whatIsStuck(stack: Stack, settlementIds: readonly string[], unseen: number): Promise<readonly string[]> {
  const { rows } = await sql<{ status: string; count: number; example: string; reason: string | null }>`
    select t.status, count(*)::int as count, min(t.id::text) as example, min(coalesce(t.failure_reason, t.held_reason)) as reason
    from payout_transfers t join payout_jobs j on j.id = t.job_id
    where j.settlement_id = any(${settlementIds}::text[]) and t.status not in ('completed', 'failed_terminal')
    group by t.status order by t.status`.execute(stack.database)
  return [
    ...(unseen > 0 ? [`${unseen} settlements became neither a payout job nor were rejected`] : []),
    ...rows.map(({ status, count, example, reason }) =>
      [`${count} transfers are ${status}`, `e.g. ${example}`, reason && `last: ${reason}`].filter(Boolean).join(', '),
    ),
    ...(await whatHolds(stack)),
  ]
}
