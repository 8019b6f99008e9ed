import { SETTLED } from '@remesa/domain/settlement'
import { sql, type Transaction } from 'kysely'
import type { NewAlert } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

/**
 * Notes of settlements that are over, since when they are seen to be; those that have their job are not looked for any more. What
 * is not over, or was rejected, waits for the marketplace, and is not written to.
 * @returns how many were noted; `limit` when there may be more
 */
export async function noteSettlementsOver(
  tx: Transaction<Schema>,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<number> {
  const { numAffectedRows } = await sql`
    with news as (
      select settlement_id, exists (select from payout_jobs j where j.settlement_id = s.settlement_id) as has_job
      from settlements s
      where over_since is not null and rejected_rule is null and status = any(${SETTLED}::text[])
        and (over_since = '-infinity' or exists (select from payout_jobs j where j.settlement_id = s.settlement_id))
      order by settlement_id limit ${limit} for update skip locked
    )
    update settlements s set over_since = case when not n.has_job then ${now}::timestamptz end
    from news n where s.settlement_id = n.settlement_id`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

/** A settlement that is over, and that nobody told of. */
export interface UntoldSettlement {
  readonly settlementId: string
  readonly contestId: string
  /** As the marketplace wrote it. */
  readonly currency: string
  /** Minor units of `currency`. */
  readonly total: bigint
  readonly winners: number
  /** When it was first seen to be over. */
  readonly since: Date
}

/**
 * Takes settlements that were seen to be over before `overBefore` and that nobody told of: the marketplace died between writing one
 * and publishing its message, the message was lost, or somebody loaded history. Each is taken once, so the caller tells people
 * in the same transaction.
 * @returns by id, at most `limit`; what is beyond that waits for the next time
 */
export async function claimUntoldSettlements(
  tx: Transaction<Schema>,
  { overBefore, limit }: { readonly overBefore: Date; readonly limit: number },
): Promise<readonly UntoldSettlement[]> {
  const { rows: due } = await sql<{ id: string; since: Date }>`
    select settlement_id as id, over_since as since from settlements
    where over_since > '-infinity' and over_since <= ${overBefore} and rejected_rule is null and status = any(${SETTLED}::text[])
    order by over_since, settlement_id limit ${limit} for update skip locked`.execute(tx)
  const since = new Map(due.map((row) => [row.id, row.since]))
  // A statement of its own: the one that took the rows looks at other tables as they were before, and would miss a job.
  const { rows } = await sql<{ id: string; contest: string; currency: string; total: bigint; winners: number }>`
    with looked as (
      update settlements set over_since = null where settlement_id = any(${[...since.keys()]}::text[]) returning *
    )
    select settlement_id as id, contest_id as contest, currency, total,
      (select count(*)::int from settlement_winners w where w.settlement_id = s.settlement_id) as winners
    from looked s
    where not exists (select from payout_jobs j where j.settlement_id = s.settlement_id) order by settlement_id`.execute(
    tx,
  )
  return rows.flatMap(({ id, contest, currency, total, winners }): UntoldSettlement[] => {
    const seen = since.get(id)
    return seen ? [{ settlementId: id, contestId: contest, currency, total, winners, since: seen }] : []
  })
}

/** Names the matter of one settlement; it is over once the settlement has its job, or is rejected. */
export const untoldKey = (settlementId: string): string => `settlement_untold:${settlementId}`

export const untoldAlert = ({ settlementId, since, ...settlement }: UntoldSettlement): NewAlert => ({
  kind: 'settlement_untold',
  dedupKey: untoldKey(settlementId),
  subject: { type: 'settlement', id: settlementId },
  businessDate: null,
  details: { ...settlement, total: settlement.total.toString(), since: since.toISOString() },
})

/** One for all of them, told of by the first. People close it: what is decided is decided of each. */
export function manyUntoldAlert(settlements: readonly [UntoldSettlement, ...UntoldSettlement[]]): NewAlert {
  const [first] = settlements
  const totals = new Map<string, bigint>()
  for (const { currency, total } of settlements) totals.set(currency, (totals.get(currency) ?? 0n) + total)
  return {
    kind: 'settlements_untold',
    dedupKey: `settlements_untold:${first.settlementId}`,
    subject: { type: 'settlement', id: first.settlementId },
    businessDate: null,
    details: {
      settlements: settlements.length,
      winners: settlements.reduce((sum, { winners }) => sum + winners, 0),
      totals: Object.fromEntries([...totals].toSorted().map(([currency, total]) => [currency, total.toString()])),
      since: new Date(Math.min(...settlements.map(({ since }) => since.getTime()))).toISOString(),
    },
  }
}
