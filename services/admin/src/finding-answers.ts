import type { Database } from '@remesa/database/connection'
import {
  decideRailFinding,
  type FindingSide,
  listRailFindings,
  type StoredRailFinding,
} from '@remesa/database/rail-findings'
import { decideFinding, listFindings, type StoredFinding } from '@remesa/database/reconciliation-findings'
import type { Schema } from '@remesa/database/schema'
import type { RailFindingCategory } from '@remesa/domain/rail-reconciliation'
import type { FindingCategory, SideFacts } from '@remesa/domain/reconciliation'
import type { Transaction } from 'kysely'
import type { FindingAnswer } from './reconciliation-schemas.ts'
import { toWire } from './wire.ts'

// Findings of billing and of rails are kept in tables of their own; operators see one kind.

export interface FindingsWanted {
  readonly reportId: string
  readonly books: string
  readonly category?: string | undefined
  readonly status?: FindingAnswer['status'] | undefined
  /** The `next` of the page before. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/** @returns one page, and the cursor of the next one */
export async function findingsOf(
  database: Database,
  { reportId, books, category, status, cursor, limit }: FindingsWanted,
): Promise<{ readonly findings: readonly FindingAnswer[]; readonly next: string | null }> {
  const page = {
    ...{ reportId, limit: limit + 1 }, // one more tells whether there is a next page
    ...(status && { status }),
    ...(cursor !== undefined && { after: BigInt(cursor) }),
  }
  // A category that a kind does not have is had by none of its findings.
  const rows =
    books === 'billing'
      ? await listFindings(database, { ...page, ...(category && { category: category as FindingCategory }) })
      : await listRailFindings(database, { ...page, ...(category && { category: category as RailFindingCategory }) })
  return {
    findings: rows.slice(0, limit).map(answerOf),
    next: rows.length > limit ? (rows[limit - 1]?.id.toString() ?? null) : null,
  }
}

export interface Decision {
  /** As answers name it: `billing-17`, `rail-17`. */
  readonly findingId: string
  readonly actor: string
  readonly note: string
  /** Who is to settle it; null: it is settled. */
  readonly assignee: string | null
  readonly now: Date
}

/** @returns `not-found`; `resolved` when it is settled already, and nothing changes */
export async function decideAbout(
  tx: Transaction<Schema>,
  { findingId, actor, note, assignee, now }: Decision,
): Promise<FindingAnswer | 'not-found' | 'resolved'> {
  const [, kind, digits] = /^(billing|rail)-(\d{1,18})$/.exec(findingId) ?? []
  if (digits === undefined) return 'not-found'
  const id = BigInt(digits)
  if (kind === 'billing') {
    const decided = await decideFinding(tx, { id, actor, note, assignee })
    return decided ? answerOf(decided) : 'not-found'
  }
  const decision =
    assignee === null ? ({ kind: 'resolve', note } as const) : ({ kind: 'assign', assignee, note } as const)
  const decided = await decideRailFinding(tx, id, { decision, actor, now })
  return typeof decided === 'string' ? decided : answerOf(decided)
}

function answerOf(finding: StoredFinding | StoredRailFinding): FindingAnswer {
  const { reportId, category, over, under, status, assignee, note, decidedAt } = finding
  const common = { ...{ reportId, category, over, under, status, assignee, note, decidedAt } }
  if ('paymentId' in finding) {
    const { id, paymentId, refundId, stripe, database } = finding
    return toWire({
      ...common,
      ...{ id: `billing-${id}`, urgent: false, about: paymentId },
      theirs: stripe && billingSide(stripe, refundId ?? paymentId),
      ours: database && billingSide(database, refundId ?? paymentId),
    })
  }
  const { id, urgent, payableId, provider, recorded } = finding
  return toWire({
    ...common,
    ...{ id: `rail-${id}`, urgent, about: payableId },
    theirs: provider && (provider satisfies FindingSide<string>),
    ours: recorded && (recorded satisfies FindingSide<string>),
  })
}

const billingSide = ({ currency, amount, refunded, created }: SideFacts, reference: string) => ({
  ...{ reference, state: null, currency, amount, takenBack: refunded, at: created },
})
