import { randomUUID } from 'node:crypto'
import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { sql } from 'kysely'
import { bigintAsString } from '../src/audit.ts'
import type { Database } from '../src/connection.ts'
import { startRun } from '../src/reconciliation-runs.ts'
import { planSlices, type StagedCharge, type StagedRefund, storePage } from '../src/reconciliation-staging.ts'

export const DAY: ReconciliationWindow = {
  from: new Date('2026-11-20T00:00:00Z'),
  to: new Date('2026-11-21T00:00:00Z'),
}

/** A row of `payments`. */
export interface Recorded {
  readonly paymentId: string
  readonly chargeId: string
  readonly currency: string
  readonly amount: bigint
  readonly refunded: bigint
  readonly created: Date
  readonly source: 'webhook' | 'manual'
}

/** A row of `payment_refunds`. */
export interface RecordedRefund extends StagedRefund {
  /** Default: it succeeded. */
  readonly status?: 'pending' | 'failed'
}

/** Everything that Stripe has, and everything that the database has, of all times. */
export interface Books {
  readonly charges: StagedCharge[]
  readonly refunds: StagedRefund[]
  readonly recorded: Recorded[]
  readonly recordedRefunds: RecordedRefund[]
}

export const emptyBooks = (): Books => ({ charges: [], refunds: [], recorded: [], recordedRefunds: [] })

const json = (rows: readonly object[]): string => JSON.stringify(rows, bigintAsString)

/** Puts the database's side in the place of whatever was there. */
export async function record(database: Database, { recorded, recordedRefunds }: Books): Promise<void> {
  await sql`delete from payments`.execute(database)
  await sql`delete from payment_refunds`.execute(database)
  await sql`
    insert into payments (payment_id, charge_id, currency, amount, refunded, created, source, last_event_at)
    select "paymentId", "chargeId", currency, amount, refunded, created, source, now()
    from jsonb_to_recordset(${json(recorded)}::jsonb) as p("paymentId" text, "chargeId" text, currency text,
      amount bigint, refunded bigint, created timestamptz, source text)`.execute(database)
  await sql`
    insert into payment_refunds (refund_id, payment_id, currency, amount, status, created, last_event_at)
    select "refundId", "paymentId", currency, amount, coalesce(status, 'succeeded'), created, now()
    from jsonb_to_recordset(${json(recordedRefunds)}::jsonb) as r("refundId" text, "paymentId" text, currency text,
      amount bigint, status text, created timestamptz)`.execute(database)
}

export const isIn = ({ from, to }: ReconciliationWindow, { created }: { created: Date }): boolean =>
  created >= from && created < to

/** A run whose reading is done: what Stripe has in the window, and what it knows of the others that were asked for. */
export async function stage(
  database: Database,
  books: Books,
  { window = DAY, includeRefunds = true }: { window?: ReconciliationWindow; includeRefunds?: boolean } = {},
) {
  const request = { kind: randomUUID(), window, includeRefunds, tolerancePercentage: 1, reportingCurrency: 'USD' }
  const run = await database.transaction().execute((tx) => startRun(tx, request, { leaseMs: 60_000 }))
  const { readingId } = run
  const kinds = ['charges', ...(includeRefunds ? ['refunds' as const] : []), 'look_ups'] as const
  const slices = kinds.map((kind) => ({ kind, number: 0, ...window }))
  const ofRefunds = includeRefunds ? [{ kind: 'look_ups' as const, number: 1, ...window }] : []
  await planSlices(database, readingId, [...slices, ...ofRefunds])
  const inWindow = books.charges.filter((charge) => isIn(window, charge))
  const read = new Set(inWindow.map(({ paymentId }) => paymentId))
  const unread = new Set(
    books.recorded.filter((one) => isIn(window, one) && !read.has(one.paymentId)).map(({ paymentId }) => paymentId),
  )
  const page = { readingId, from: null, to: 'the end', isLast: true }
  await storePage(database, { ...page, slice: { kind: 'charges', number: 0 }, charges: inWindow })
  const refunds = books.refunds.filter((refund) => isIn(window, refund))
  if (includeRefunds) await storePage(database, { ...page, slice: { kind: 'refunds', number: 0 }, refunds })
  const known = books.charges.filter(({ paymentId }) => unread.has(paymentId))
  const ours = new Set(books.recordedRefunds.filter((one) => isIn(window, one)).map(({ refundId }) => refundId))
  const knownRefunds = books.refunds.filter((refund) => ours.has(refund.refundId) && !isIn(window, refund))
  await storePage(database, { ...page, slice: { kind: 'look_ups', number: 0 }, charges: known })
  if (includeRefunds)
    await storePage(database, { ...page, slice: { kind: 'look_ups', number: 1 }, refunds: knownRefunds })
  return run
}
