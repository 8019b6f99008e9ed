import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { SliceKind } from './reconciliation-tables.ts'
import type { Schema } from './schema.ts'

/** A part of the window that is read on its own, in pages. */
export interface Slice extends ReconciliationWindow {
  readonly kind: SliceKind
  readonly number: number
  /** The last object that is stored; null before the first page. */
  readonly after: string | null
  readonly done: boolean
}

/** A counted charge, as it was read. */
export interface StagedCharge {
  readonly chargeId: string
  readonly paymentId: string
  readonly currency: string
  readonly amount: bigint
  readonly refunded: bigint
  readonly created: Date
}

/** A refund that has not failed, as it was read. */
export interface StagedRefund {
  readonly refundId: string
  readonly paymentId: string
  readonly currency: string
  readonly amount: bigint
  readonly created: Date
  /** Stripe has not ended it yet. Default: it succeeded. */
  readonly isPending?: boolean
}

/**
 * Adds slices to a reading. Kinds that are planned already, and how far they have come, stay as they are: another number
 * of slices would cover other times.
 * @returns all the slices of the kinds that are named
 */
export async function planSlices(
  database: Database,
  readingId: string,
  slices: readonly Pick<Slice, 'kind' | 'number' | 'from' | 'to'>[],
): Promise<readonly Slice[]> {
  await sql`
    insert into reconciliation_slices (reading_id, kind, number, slice_from, slice_to)
    select ${readingId}, kind, number, "from", "to"
    from jsonb_to_recordset(${JSON.stringify(slices)}::jsonb)
      as s(kind text, number int, "from" timestamptz, "to" timestamptz)
    where not exists (
      select from reconciliation_slices t where t.reading_id = ${readingId} and t.kind = s.kind)`.execute(database)
  return findSlices(database, readingId, [...new Set(slices.map(({ kind }) => kind))])
}

/** The slices of these kinds that are planned, and how far they have come. */
export async function findSlices(
  database: Database,
  readingId: string,
  kinds: readonly SliceKind[],
): Promise<readonly Slice[]> {
  const { rows } = await sql<Slice>`
    select kind, number, slice_from as "from", slice_to as "to", after, done from reconciliation_slices
    where reading_id = ${readingId} and kind = any(${kinds}::text[]) order by kind, number`.execute(database)
  return rows
}

/** What one page, or a few in a row, brought of a slice. */
export interface StagedPage {
  readonly readingId: string
  readonly slice: Pick<Slice, 'kind' | 'number'>
  /** Where the page began and where it ended; one that is stored already does not fit. */
  readonly from: string | null
  readonly to: string | null
  /** Nothing comes after it. */
  readonly isLast: boolean
  readonly charges?: readonly StagedCharge[]
  readonly refunds?: readonly StagedRefund[]
}

/**
 * Stores what was read, and how far, in one statement. What was read beyond the window, or looked up, only tells that
 * Stripe knows a payment: it is no charge of the window, and adds to none.
 * @throws Error when the slice stands elsewhere: somebody else reads it, or the database has lost what was read
 */
export async function storePage(database: Database, page: StagedPage): Promise<void> {
  const { charges = [], refunds = [] } = page
  const isListed = page.slice.kind === 'charges' || page.slice.kind === 'refunds'
  const payments = paymentsOf(charges, isListed ? 1 : 0)
  const { rows } = await sql<{ moved: boolean }>`
    with moved as (
      update reconciliation_slices set after = ${page.to}, pages = pages + 1, done = ${page.isLast},
        staged = staged + ${(isListed ? charges.length : 0) + refunds.length}
      where reading_id = ${page.readingId} and kind = ${page.slice.kind} and number = ${page.slice.number}
        and after is not distinct from ${page.from} and not done
      returning true as moved
    ), payments as (
      insert into reconciliation_staged_payments as s (reading_id, payment_id, charge_id, currency, amount, refunded,
        created, charges)
      select ${page.readingId}, c.*
      from moved, unnest(${column(payments, 'paymentId')}::text[], ${column(payments, 'chargeId')}::text[],
        ${column(payments, 'currency')}::text[], ${column(payments, 'amount')}::bigint[],
        ${column(payments, 'refunded')}::bigint[], ${column(payments, 'created')}::timestamptz[],
        ${column(payments, 'charges')}::int[]) as c
      on conflict (reading_id, payment_id) do update set charge_id = least(s.charge_id, excluded.charge_id),
        amount = s.amount + excluded.amount, refunded = s.refunded + excluded.refunded,
        created = least(s.created, excluded.created), charges = s.charges + excluded.charges
      where ${isListed}
    ), refunds as (
      insert into reconciliation_staged_refunds (reading_id, refund_id, payment_id, currency, amount, created,
        pending)
      select ${page.readingId}, r.*
      from moved, unnest(${column(refunds, 'refundId')}::text[], ${column(refunds, 'paymentId')}::text[],
        ${column(refunds, 'currency')}::text[], ${column(refunds, 'amount')}::bigint[],
        ${column(refunds, 'created')}::timestamptz[], ${refunds.map(({ isPending = false }) => isPending)}::boolean[]) as r
    )
    select moved from moved`.execute(database)
  const { kind, number } = page.slice
  if (rows.length === 0) throw new Error(`slice ${number} of ${kind} is not where its reader left it`)
}

interface StagedPayment extends StagedCharge {
  readonly charges: number
}

/** Charges of one payment are one row, named and dated by the first: a statement cannot add to a row twice. */
function paymentsOf(charges: readonly StagedCharge[], each: 0 | 1): readonly StagedPayment[] {
  const payments = new Map<string, StagedPayment>()
  for (const charge of charges.toSorted((a, b) => a.created.getTime() - b.created.getTime())) {
    const known = payments.get(charge.paymentId)
    payments.set(
      charge.paymentId,
      known
        ? {
            ...known,
            amount: known.amount + charge.amount,
            refunded: known.refunded + charge.refunded,
            charges: known.charges + each,
          }
        : { ...charge, charges: each },
    )
  }
  return [...payments.values()]
}

/** Arrays cost the server a fraction of what JSON does, and a million rows are staged by them. */
function column<Row extends object>(rows: readonly Row[], name: keyof Row & string): readonly string[] {
  return rows.map((row) => {
    const value = row[name]
    return value instanceof Date ? value.toISOString() : String(value)
  })
}

interface Unread {
  readonly readingId: string
  readonly window: ReconciliationWindow
  /** Those before it were looked up. */
  readonly after: string | null
  readonly limit: number
}

/**
 * Payments that the database has in the window under a name of Stripe's, and that were not read of Stripe. What people
 * enter by hand has names of their own, which Stripe need not be asked about.
 * @returns at most `limit`, the first by id
 */
export async function findUnread(
  database: Database,
  { readingId, window: { from, to }, after, limit }: Unread,
): Promise<readonly string[]> {
  const { rows } = await sql<{ paymentId: string }>`
    select payment_id as "paymentId" from payments p
    where created >= ${from} and created < ${to} and payment_id > ${after ?? ''} and payment_id ~ ${STRIPE_PAYMENT}
      and not exists (
        select from reconciliation_staged_payments s where s.reading_id = ${readingId} and s.payment_id = p.payment_id)
    order by payment_id limit ${limit}`.execute(database)
  return rows.map(({ paymentId }) => paymentId)
}

/** What Stripe calls a payment, and a refund. */
export const STRIPE_PAYMENT = '^(pi|ch|py)_'
const STRIPE_REFUND = '^(re|pyr)_'

/**
 * Refunds that the database alone has in the window, with the payment whose refunds Stripe is to be asked for: by its
 * own id, which covers all its charges, or by its charge's, where it goes by a name that is not Stripe's.
 * @returns at most `limit`, the first by id
 */
export async function findUnreadRefunds(
  database: Database,
  { readingId, window: { from, to }, after, limit }: Unread,
): Promise<readonly { readonly refundId: string; readonly askedOf: string }[]> {
  const { rows } = await sql<{ refundId: string; askedOf: string }>`
    select g.refund_id as "refundId", a.asked_of as "askedOf"
    from payment_refunds g left join payments p on p.payment_id = g.payment_id
    cross join lateral (
      select case when g.payment_id ~ ${STRIPE_PAYMENT} then g.payment_id else p.charge_id end as asked_of) a
    where g.created >= ${from} and g.created < ${to} and g.status = 'succeeded' and g.refund_id > ${after ?? ''}
      and g.refund_id ~ ${STRIPE_REFUND} and a.asked_of ~ ${STRIPE_PAYMENT} and not exists (
        select from reconciliation_staged_refunds s where s.reading_id = ${readingId} and s.refund_id = g.refund_id)
    order by g.refund_id limit ${limit}`.execute(database)
  return rows
}

/**
 * Whether a refund that only the database has was looked up, or goes by names that Stripe cannot be asked about. Without
 * parameters, which not every statement takes.
 * @param refund - an alias of rows with `refund_id` and `payment_id`
 */
export const isRefundLookedUp = (readingId: string, refund: string) => {
  const [id, paymentId] = [sql.ref(`${refund}.refund_id`), sql.ref(`${refund}.payment_id`)]
  const [payment, named] = [sql.lit(STRIPE_PAYMENT), sql.lit(STRIPE_REFUND)]
  return sql`(${id} !~ ${named} or (${paymentId} !~ ${payment} and not exists (
      select from payments asked where asked.payment_id = ${paymentId} and asked.charge_id ~ ${payment}))
    or coalesce(${id} <= (
      select after from reconciliation_slices where reading_id = ${sql.lit(readingId)} and kind = 'look_ups' and number = 1
    ), false))`
}

/**
 * Whether the whole window was read, and all of it is still there. That slices are done is not enough: a database that
 * crashed has lost them, and those that were planned since cover only a part.
 */
export async function isWhole(
  tx: Transaction<Schema>,
  {
    readingId,
    window: { from, to },
    includeRefunds,
  }: { readingId: string; window: ReconciliationWindow; includeRefunds: boolean },
): Promise<boolean> {
  const { rows } = await sql<{ whole: boolean }>`
    with slices as (select * from reconciliation_slices where reading_id = ${readingId}),
    covered as (
      select kind, sum(slice_to - slice_from) = ${to}::timestamptz - ${from}::timestamptz as whole
      from slices where kind in ('charges', 'refunds') group by kind
    )
    select (select count(*) from covered where whole) = ${includeRefunds ? 2 : 1}
      and not exists (select from slices where not done)
      and (select sum(staged) from slices)
        = (select coalesce(sum(charges), 0) from reconciliation_staged_payments where reading_id = ${readingId})
        + (select count(*) from reconciliation_staged_refunds where reading_id = ${readingId}) as whole`.execute(tx)
  return rows[0]?.whole ?? false
}

/** Tells the planner how much there is. Not within a transaction, which would keep others from doing the same. */
export async function analyzeStaging(database: Database): Promise<void> {
  for (const table of STAGING) await sql`analyze ${sql.table(table)}`.execute(database)
}

/** Forgets what was read. */
export async function discardReadings(tx: Transaction<Schema>, readingIds: readonly string[]): Promise<void> {
  if (readingIds.length === 0) return
  for (const table of STAGING) {
    await sql`delete from ${sql.table(table)} where reading_id = any(${readingIds}::uuid[])`.execute(tx)
  }
}

const STAGING = [
  'reconciliation_slices',
  'reconciliation_staged_payments',
  'reconciliation_staged_refunds',
] as const satisfies readonly (keyof Schema)[]
