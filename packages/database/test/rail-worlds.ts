import { randomUUID } from 'node:crypto'
import { money } from '@remesa/domain/money'
import type { AttemptState } from '@remesa/domain/payment-steps'
import type { RailName } from '@remesa/domain/rail'
import { type ProviderPayment, RAIL_GRACE_MS, type ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { sql } from 'kysely'
import { compareRail, dropReading, insertRailReport, stagePayments } from '../src/rail-reconciliation.ts'
import type { Span } from '../src/rail-records.ts'
import type { TestDatabase } from '../src/testing/test-database.ts'
import { inTransaction } from './worlds.ts'

export const WINDOW: Span = { from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-21T00:00:00Z') }
export const READ: Span = { from: new Date('2026-11-19T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z') }
export const READ_AT = new Date('2026-11-21T10:00:00Z')
export const NOON = new Date('2026-11-20T12:00:00Z')

/** A payment of ours as a test wants it on record. */
export interface Attempt {
  readonly id: string
  readonly payableId: string
  readonly generation: number
  readonly key: string
  readonly reference: string | null
  readonly state: AttemptState
  readonly amount: bigint
  readonly currency: string
  readonly at: Date
  readonly changedAt: Date
}

export const anAttempt = (change: Partial<Attempt> = {}): Attempt => {
  const { payableId = randomUUID(), generation = 1, state = 'paid' } = change
  const key = `seller-balance:${payableId}${generation === 1 ? '' : `:g${generation}`}`
  const isAccepted = ['accepted', 'paid', 'reversed'].includes(state)
  return {
    ...{ id: randomUUID(), payableId, generation, key, state, reference: isAccepted ? `ref-${key}` : null },
    ...{ amount: 1_000n, currency: 'USD', at: NOON, changedAt: NOON },
    ...change,
  }
}

/** The same payment as the other side has it. */
export const theirsOf = (attempt: Attempt, change: Partial<ProviderPayment> = {}): ProviderPayment => ({
  reference: attempt.reference ?? `ref-${attempt.key}`,
  key: attempt.key,
  payableId: attempt.payableId,
  money: money(attempt.amount, attempt.currency),
  takenBack: attempt.state === 'reversed' ? attempt.amount : 0n,
  state: attempt.state === 'accepted' ? 'pending' : attempt.state === 'declined' ? 'rejected' : 'paid',
  at: attempt.at,
  ...change,
})

export async function insertAttempts(
  world: TestDatabase,
  rail: RailName,
  attempts: readonly Attempt[],
  payableType: 'seller_balance' | 'payout_transfer' = 'seller_balance',
): Promise<void> {
  const rows = attempts.map(({ payableId, amount, at, changedAt, state, reference, ...rest }) => ({
    ...{ ...rest, state, reference, payable_id: payableId, amount: amount.toString(), begun: at, changed: changedAt },
    accepted: ['accepted', 'paid', 'reversed'].includes(state) ? at : null,
    settled: ['paid', 'reversed'].includes(state) ? at : null,
  }))
  await sql`
    insert into payment_attempts (id, payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
      destination, instruction, state, lease_token, lease_expires_at, provider_reference, first_called_at, accepted_at,
      settled_at, updated_at)
    select id, ${payableType}, payable_id, ${rail}, generation, key, amount, currency, 'FP-1', '{}', state,
      case when state = 'claimed' then id end, case when state = 'claimed' then begun end, reference, begun, accepted,
      settled, changed
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, payable_id uuid, generation int, key text,
      amount bigint, currency text, state text, reference text, begun timestamptz, changed timestamptz,
      accepted timestamptz, settled timestamptz)`.execute(world.database)
}

export interface Compared {
  readonly books?: ReconciledBooks
  readonly window?: Span
  readonly read?: Span
}

/** Reads these payments of theirs and holds them against what is on record. */
export async function compare(world: TestDatabase, theirs: readonly ProviderPayment[], compared: Compared = {}) {
  const { books = 'fpay', window = WINDOW, read = READ } = compared
  const [reportId, readingId] = [randomUUID(), randomUUID()]
  const staged = await stagePayments(world.database, readingId, theirs, window)
  const { result, severity } = await inTransaction(world, async (tx) => {
    const reading = { readAt: READ_AT, graceMs: RAIL_GRACE_MS, readingId, reportId, staged }
    const found = await compareRail(tx, { books, timeZone: 'America/Santiago', window, read, ...reading })
    await insertRailReport(tx, { ...found, window, startedAt: READ_AT, finishedAt: READ_AT })
    return found
  })
  await dropReading(world.database, readingId)
  const found = await world.database
    .selectFrom('rail_reconciliation_findings')
    .selectAll()
    .where('report_id', '=', reportId)
    .orderBy('id')
    .execute()
  return { result, severity, found, reportId }
}

/** What was found, a line each: category, the other side's reference, and our record. */
type Found = Awaited<ReturnType<typeof compare>>['found']
export const told = (found: Found) =>
  found
    .map(({ category, provider_reference, recorded_id }) => `${category} ${provider_reference} ${recorded_id}`)
    .sort()
