import type { Settlement, SettlementWinner } from '@remesa/domain/settlement'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { insertSettlements, type LockedSettlement, lockSettlements, type SettlementWithWinners } from './settlements.ts'

/** What became of a settlement that an operator brought. */
export type ImportedAs = 'new' | 'replaced' | 'unchanged'

/** A settlement that stands here otherwise than it was brought. */
export interface DifferentSettlement {
  readonly settlementId: string
  /** It is being paid, or is paid: nothing changes it any more. */
  readonly hasJob: boolean
  /** Names of the fields that differ; `winners` for any of theirs. */
  readonly differs: readonly string[]
}

export type ImportAnswer =
  /** In the order in which they were brought; those that are not unchanged must be told of in the same transaction. */
  | { readonly kind: 'done'; readonly imported: ReadonlyMap<string, ImportedAs> }
  /** Nothing was written of any. */
  | { readonly kind: 'different'; readonly settlements: readonly DifferentSettlement[] }

/**
 * Stores settlements that an operator brings, whether they can be paid or not (docs/decisions/0014): all or none. One that
 * stands here as it is brought is left alone.
 * @param options.replace - one that stands here otherwise and has no payout job gives way; else it is refused
 * @throws when another writer brought one of them at the same moment: nothing is written, and asked again it is compared
 */
export async function importSettlements(
  tx: Transaction<Schema>,
  settlements: readonly SettlementWithWinners[],
  { replace, actor, reason }: { readonly replace: boolean } & Omit<Asked, 'now'>,
): Promise<ImportAnswer> {
  // Two imports of one file at once: the second finds what the first has written.
  await sql`select pg_advisory_xact_lock(hashtextextended('settlement_import', 0))`.execute(tx)
  const ids = settlements.map(({ settlement }) => settlement.settlementId)
  const before = new Map((await lockSettlements(tx, ids)).map((one) => [one.settlement.settlementId, one]))
  const imported = new Map<string, ImportedAs>()
  const different: DifferentSettlement[] = []
  for (const one of settlements) {
    const { settlementId } = one.settlement
    const known = before.get(settlementId)
    const differs = known ? differencesOf(known, one) : []
    if (known && differs.length > 0 && (known.jobId !== null || !replace)) {
      different.push({ settlementId, hasJob: known.jobId !== null, differs })
    }
    imported.set(settlementId, !known ? 'new' : differs.length > 0 ? 'replaced' : 'unchanged')
  }
  if (different.length > 0) return { kind: 'different', settlements: different }

  const written = settlements.filter(({ settlement }) => imported.get(settlement.settlementId) !== 'unchanged')
  await refuseOthers(tx, written, before)
  await insertSettlements(tx, written)
  await recordAudit(
    tx,
    written.map((one) => {
      const known = before.get(one.settlement.settlementId)
      return {
        actor,
        action: known ? 'settlement.replaced' : 'settlement.imported',
        subject: { type: 'settlement', id: one.settlement.settlementId },
        reason,
        ...(known && { before: summaryOf(known) }),
        after: summaryOf(one),
      }
    }),
  )
  return { kind: 'done', imported }
}

/** A row that was not there when we looked, and is now, was never compared. */
async function refuseOthers(
  tx: Transaction<Schema>,
  written: readonly SettlementWithWinners[],
  before: ReadonlyMap<string, LockedSettlement>,
): Promise<void> {
  const fresh = written.filter(({ settlement }) => !before.has(settlement.settlementId))
  const heads = fresh.map(({ settlement }) => ({ ...settlement, total: settlement.total.toString() }))
  const { numAffectedRows } = await sql`
    insert into settlements (settlement_id, contest_id, currency, total, status)
    select "settlementId", "contestId", currency, total, status
    from jsonb_to_recordset(${JSON.stringify(heads)}::jsonb)
      as t("settlementId" text, "contestId" text, currency text, total bigint, status text)
    order by 1 on conflict (settlement_id) do nothing`.execute(tx)
  if (Number(numAffectedRows ?? 0n) !== fresh.length) throw new Error('a settlement came by another way meanwhile')
}

function differencesOf(known: SettlementWithWinners, brought: SettlementWithWinners): readonly string[] {
  const fields = (['contestId', 'currency', 'total', 'status'] as const satisfies readonly (keyof Settlement)[]).filter(
    (field) => known.settlement[field] !== brought.settlement[field],
  )
  return textOf(known.winners) === textOf(brought.winners) ? fields : [...fields, 'winners']
}

/** Winners have no order. */
const textOf = (winners: readonly SettlementWinner[]): string =>
  winners
    .map(({ userId, stripeAccountId, amount, currency }) =>
      JSON.stringify([userId, stripeAccountId, amount.toString(), currency]),
    )
    .toSorted()
    .join('\n')

const summaryOf = ({ settlement, winners }: SettlementWithWinners) => ({
  contestId: settlement.contestId,
  currency: settlement.currency,
  total: settlement.total,
  status: settlement.status,
  winners: winners.length,
})
