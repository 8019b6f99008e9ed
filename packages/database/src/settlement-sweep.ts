import { SETTLED } from '@remesa/domain/settlement'
import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** One that was told of and still has no job fails somewhere: once a day is enough. */
const TOLD_AGAIN_MS = 86_400_000

/**
 * Takes settlements that are over and that nobody has told of: the marketplace died between writing one and publishing its
 * message, or the message was lost. The caller tells of them in the same transaction; who looks at them then applies the rules as
 * ever. One that has its job, or breaks a rule, was told of; one that is seen to be over for the first time is given `graceMs` to be
 * told of.
 * @returns `looked`: at how many, `limit` when there may be more; `untold`: ids of those to tell of
 */
export async function claimUntoldSettlements(
  tx: Transaction<Schema>,
  { now, graceMs, limit }: { readonly now: Date; readonly graceMs: number; readonly limit: number },
): Promise<{ readonly looked: number; readonly untold: readonly string[] }> {
  const { rows } = await sql<{ settlement_id: string; is_untold: boolean }>`
    with candidates as (
      select settlement_id, swept_until > '-infinity' as is_due,
        exists (select from payout_jobs j where j.settlement_id = s.settlement_id) as has_job
      from settlements s
      where swept_until <= ${now} and swept_until < 'infinity' and rejected_rule is null and status = any(${SETTLED}::text[])
      order by swept_until, settlement_id limit ${limit} for update skip locked
    )
    update settlements s set swept_until = case when c.has_job then 'infinity'
        when c.is_due then ${new Date(now.getTime() + TOLD_AGAIN_MS)}::timestamptz
        else ${new Date(now.getTime() + graceMs)}::timestamptz end
    from candidates c where s.settlement_id = c.settlement_id
    returning s.settlement_id, c.is_due and not c.has_job as is_untold`.execute(tx)
  return {
    looked: rows.length,
    untold: rows.flatMap(({ settlement_id, is_untold }) => (is_untold ? [settlement_id] : [])).toSorted(),
  }
}
