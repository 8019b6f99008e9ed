import { isCurrency } from '@remesa/domain/currency'
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

/** Settlements as somebody brings them, beside what stands here. */
export interface ComparedImport {
  readonly kind: 'comparable'
  /** In the order in which they were brought. */
  readonly imported: ReadonlyMap<string, ImportedAs>
  /** Those that are not unchanged. */
  readonly toWrite: readonly SettlementWithWinners[]
  /** What stands here of those that were asked for, by their ids. */
  readonly before: ReadonlyMap<string, LockedSettlement>
}

/** Some stand here otherwise and do not give way: nothing may be written of any. */
export interface RefusedImport {
  readonly kind: 'different'
  readonly settlements: readonly DifferentSettlement[]
}

/** By whose word settlements are stored. */
export interface ImportedBy extends Omit<Asked, 'now'> {
  /** Null where it took nobody else. */
  readonly approvalId: string | null
}

/**
 * Looks at what would become of settlements that an operator brings: all or none are stored. One that stands here as it is
 * brought is left alone. Locks them, and every other import, until the transaction ends.
 * @param options.replace - one that stands here otherwise and has no payout job gives way; else it is refused
 */
export async function compareImport(
  tx: Transaction<Schema>,
  settlements: readonly SettlementWithWinners[],
  { replace }: { readonly replace: boolean },
): Promise<ComparedImport | RefusedImport> {
  // Two imports of one file at once: the second finds what the first has written, and what its own person has brought.
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
  const toWrite = settlements.filter(({ settlement }) => imported.get(settlement.settlementId) !== 'unchanged')
  return { kind: 'comparable', imported, toWrite, before }
}

/**
 * Stores what was compared in this transaction, whether it can be paid or not (docs/decisions/0014). What is written must be
 * told of in the same transaction.
 * @throws when another writer brought one of them at the same moment: nothing is written, and asked again it is compared
 */
export async function storeImport(
  tx: Transaction<Schema>,
  { toWrite, before }: ComparedImport,
  { actor, reason, approvalId }: ImportedBy,
): Promise<void> {
  await refuseOthers(tx, toWrite, before)
  await insertSettlements(tx, toWrite)
  await recordAudit(
    tx,
    toWrite.map((one) => {
      const known = before.get(one.settlement.settlementId)
      return {
        actor,
        action: known ? 'settlement.replaced' : 'settlement.imported',
        subject: { type: 'settlement', id: one.settlement.settlementId },
        reason,
        ...(known && { before: summaryOf(known) }),
        after: {
          ...summaryOf(one),
          owed: Object.fromEntries(owedByCurrency([one])),
          ...(approvalId !== null && { approvalId }),
        },
      }
    }),
  )
}

/**
 * @returns what winners are owed by settlements as they were brought, minor units by currency; amounts that are not positive,
 *   and what is no payable currency, are paid to nobody and take nothing from the sums
 */
export function owedByCurrency(settlements: readonly SettlementWithWinners[]): ReadonlyMap<string, bigint> {
  const owed = new Map<string, bigint>()
  for (const { amount, currency } of settlements.flatMap(({ winners }) => winners)) {
    if (amount > 0n && isCurrency(currency)) owed.set(currency, (owed.get(currency) ?? 0n) + amount)
  }
  return owed
}

/**
 * What one person has brought without anybody else since then, minor units by currency: in parts it is no less. Ask it after
 * {@link compareImport}, which lets no import beside it.
 */
export async function importedAlone(
  tx: Transaction<Schema>,
  { actor, since }: { readonly actor: string; readonly since: Date },
): Promise<ReadonlyMap<string, bigint>> {
  // The actions stand in the statement, so that the index of imports serves.
  const { rows } = await sql<{ currency: string; amount: string }>`
    select owed.key as currency, sum(owed.value::numeric)::text as amount
    from audit_log, jsonb_each_text(after->'owed') as owed
    where action in ('settlement.imported', 'settlement.replaced') and actor = ${actor} and occurred_at >= ${since}
      and after->>'approvalId' is null
    group by 1`.execute(tx)
  return new Map(rows.map(({ currency, amount }) => [currency, BigInt(amount)]))
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
