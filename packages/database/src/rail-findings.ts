import type { AttemptState } from '@remesa/domain/payment-steps'
import type { ProviderPayment, RailFindingCategory } from '@remesa/domain/rail-reconciliation'
import type { Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { FindingStatus } from './reconciliation-tables.ts'
import type { Schema } from './schema.ts'

/** One side of a stored finding; amounts in minor units, null where they could not be read. */
export interface FindingSide<State> {
  readonly reference: string | null
  readonly state: State
  readonly currency: string | null
  readonly amount: bigint | null
  readonly takenBack: bigint
  readonly at: Date
}

/** A finding as it is stored, and what people decided about it. */
export interface StoredRailFinding {
  /** Ascending within a report. */
  readonly id: bigint
  readonly reportId: string
  readonly category: RailFindingCategory
  readonly urgent: boolean
  readonly payableType: string | null
  readonly payableId: string | null
  readonly provider: FindingSide<ProviderPayment['state']> | null
  readonly recorded: FindingSide<AttemptState> | null
  /** What the other side has more, and what we have more: minor units, above zero. */
  readonly over: { readonly amount: bigint; readonly currency: string } | null
  readonly under: { readonly amount: bigint; readonly currency: string } | null
  readonly status: FindingStatus
  readonly assignee: string | null
  readonly note: string | null
  readonly decidedAt: Date | null
}

export interface FindingPage {
  readonly reportId: string
  readonly category?: RailFindingCategory | undefined
  readonly status?: FindingStatus | undefined
  readonly urgent?: boolean | undefined
  /** The last finding of the page before. */
  readonly after?: bigint | undefined
  readonly limit: number
}

/** Findings of a report, in the order of their ids. */
export async function listRailFindings(database: Database, page: FindingPage): Promise<readonly StoredRailFinding[]> {
  const { reportId, category, status, urgent, after, limit } = page
  let query = database
    .selectFrom('rail_reconciliation_findings')
    .selectAll()
    .where('report_id', '=', reportId)
    .orderBy('id')
    .limit(limit)
  if (category !== undefined) query = query.where('category', '=', category)
  if (status !== undefined) query = query.where('status', '=', status)
  if (urgent !== undefined) query = query.where('urgent', '=', urgent)
  if (after !== undefined) query = query.where('id', '>', after)
  return (await query.execute()).map(findingOf)
}

/** What a person decides about a finding; every decision says why. */
export type FindingDecision =
  | { readonly kind: 'assign'; readonly assignee: string; readonly note: string }
  | { readonly kind: 'resolve'; readonly note: string }

/**
 * Records a decision, with its audit row.
 * @param decided.actor - who decides, e.g. `operator:ana@example.com`
 * @returns the finding as it stands then; `not-found`; or `resolved` when it is settled already, and nothing changes
 */
export async function decideRailFinding(
  tx: Transaction<Schema>,
  id: bigint,
  decided: { readonly decision: FindingDecision; readonly actor: string; readonly now: Date },
): Promise<StoredRailFinding | 'not-found' | 'resolved'> {
  const { decision, actor, now } = decided
  const before = await tx
    .selectFrom('rail_reconciliation_findings')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!before) return 'not-found'
  if (before.status === 'resolved') return 'resolved'
  const status = decision.kind === 'assign' ? 'assigned' : 'resolved'
  const assignee = decision.kind === 'assign' ? decision.assignee : before.assignee
  const after = await tx
    .updateTable('rail_reconciliation_findings')
    .set({ status, assignee, note: decision.note, decided_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await recordAudit(tx, [
    {
      actor,
      action: `rail_finding.${status}`,
      subject: { type: 'rail_reconciliation_finding', id: id.toString() },
      reason: decision.note,
      before: { status: before.status, assignee: before.assignee },
      after: { status, assignee, reportId: before.report_id },
    },
  ])
  return findingOf(after)
}

interface FindingRow {
  id: bigint
  report_id: string
  category: RailFindingCategory
  urgent: boolean
  payable_type: string | null
  payable_id: string | null
  provider_reference: string | null
  provider_state: ProviderPayment['state'] | null
  provider_currency: string | null
  provider_amount: bigint | null
  provider_taken_back: bigint | null
  provider_at: Date | null
  recorded_reference: string | null
  recorded_state: AttemptState | null
  recorded_currency: string | null
  recorded_amount: bigint | null
  recorded_taken_back: bigint | null
  recorded_at: Date | null
  over_currency: string | null
  over_amount: bigint | null
  under_currency: string | null
  under_amount: bigint | null
  status: FindingStatus
  assignee: string | null
  note: string | null
  decided_at: Date | null
}

const findingOf = (row: FindingRow): StoredRailFinding => ({
  ...{ id: row.id, reportId: row.report_id, category: row.category, urgent: row.urgent },
  ...{ payableType: row.payable_type, payableId: row.payable_id },
  provider: sideOf({
    ...{ reference: row.provider_reference, state: row.provider_state, currency: row.provider_currency },
    ...{ amount: row.provider_amount, takenBack: row.provider_taken_back, at: row.provider_at },
  }),
  recorded: sideOf({
    ...{ reference: row.recorded_reference, state: row.recorded_state, currency: row.recorded_currency },
    ...{ amount: row.recorded_amount, takenBack: row.recorded_taken_back, at: row.recorded_at },
  }),
  over: amountOf(row.over_amount, row.over_currency),
  under: amountOf(row.under_amount, row.under_currency),
  ...{ status: row.status, assignee: row.assignee, note: row.note, decidedAt: row.decided_at },
})

/** @returns null when that side has no such payment */
function sideOf<State extends string>(
  side: Omit<FindingSide<State>, 'state' | 'takenBack' | 'at'> & {
    readonly state: State | null
    readonly takenBack: bigint | null
    readonly at: Date | null
  },
): FindingSide<State> | null {
  const { state, takenBack, at } = side
  return state === null || takenBack === null || at === null ? null : { ...side, state, takenBack, at }
}

const amountOf = (amount: bigint | null, currency: string | null) =>
  amount === null || currency === null ? null : { amount, currency }
