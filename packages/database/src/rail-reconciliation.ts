import { currency as currencyOf } from '@remesa/domain/currency'
import type { AttemptState } from '@remesa/domain/payment-steps'
import { judge, type ProviderPayment, type Reading } from '@remesa/domain/rail-reconciliation'
import {
  createRailTally,
  differenceOf,
  failedRailResult,
  type RailFinding,
  type RailReconciliationResult,
  type RailTotal,
  type RecordedSide,
} from '@remesa/domain/rail-reconciliation-result'
import type { ReconciliationSeverity } from '@remesa/domain/reconciliation-result'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import { type RecordedQuery, recordedPayments, type Span } from './rail-records.ts'
import type { Schema } from './schema.ts'

/** What of a page of the other side's payments is compared, and what was read only to match. */
const isIn = ({ at }: ProviderPayment, { from, to }: Span): boolean => at >= from && at < to

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Adds a page to what was read. A payment that comes twice, as pages may shift, is what it was the last time.
 * @returns how many of them had not been read before
 */
export async function stagePayments(
  database: Database,
  readingId: string,
  payments: readonly ProviderPayment[],
  window: Span,
): Promise<number> {
  if (payments.length === 0) return 0
  const byReference = new Map(payments.map((payment) => [payment.reference, payment]))
  const rows = [...byReference.values()].map((payment) => ({
    reference: payment.reference,
    key: payment.key,
    payable_id: payment.payableId !== undefined && UUID.test(payment.payableId) ? payment.payableId : undefined,
    mentions: payment.mentions,
    currency: payment.money?.currency,
    amount: payment.money?.amount.toString(),
    taken_back: payment.takenBack.toString(),
    state: payment.state,
    at: payment.at,
    changed_at: payment.changedAt,
    in_window: isIn(payment, window),
  }))
  const { rows: staged } = await sql<{ isNew: boolean }>`
    insert into rail_staged_payments (reading_id, reference, key, payable_id, mentions, currency, amount, taken_back,
      state, at, changed_at, in_window)
    select ${readingId}, reference, key, payable_id, mentions, currency, amount, taken_back, state, at, changed_at, in_window
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(reference text, key text, payable_id uuid,
      mentions text, currency text, amount bigint, taken_back bigint, state text, at timestamptz, changed_at timestamptz,
      in_window boolean)
    on conflict (reading_id, reference) do update set currency = excluded.currency, amount = excluded.amount,
      taken_back = excluded.taken_back, state = excluded.state, changed_at = excluded.changed_at
    returning xmax = 0 as "isNew"`.execute(database)
  return staged.filter(({ isNew }) => isNew).length
}

/** Forgets what was read, and what runs that died a day ago and more left behind. */
export async function dropReading(database: Database, readingId: string): Promise<void> {
  await sql`
    delete from rail_staged_payments
    where reading_id = ${readingId} or staged_at < now() - interval '1 day'`.execute(database)
}

export interface RailComparison extends RecordedQuery, Reading {
  readonly reportId: string
  readonly readingId: string
  /** How many payments were read, so that none is missed that was lost since. */
  readonly staged: number
  readonly window: Span
  /** What was read of the other side: the window and what may belong to it. */
  readonly read: Span
}

/** Rows that are judged at once: memory does not grow with their number. */
const CHUNK = 1_000

/**
 * Holds what was read against our records, in one snapshot: pairs them, lets the rules judge whatever does not agree to
 * the last digit, and stores each finding.
 * @throws Error when less is there than was read: staging does not outlive a crash of PostgreSQL
 */
export async function compareRail(
  tx: Transaction<Schema>,
  comparison: RailComparison,
): Promise<{ readonly result: RailReconciliationResult; readonly severity: ReconciliationSeverity }> {
  const { rows: present } = await sql<{ count: bigint }>`
    select count(*) as count from rail_staged_payments where reading_id = ${comparison.readingId}`.execute(tx)
  if (present[0]?.count !== BigInt(comparison.staged)) {
    throw new Error(`${comparison.staged} payments were read, and ${present[0]?.count} are left of them`)
  }
  const tally = createRailTally()
  await sql`declare unlike no scroll cursor for ${unlikePairs(comparison)}`.execute(tx)
  for (;;) {
    const { rows } = await sql<PairRow>`fetch ${sql.lit(CHUNK)} from unlike`.execute(tx)
    const findings = rows.flatMap((row) => findingOf(row, comparison) ?? [])
    for (const finding of findings) tally.add(finding)
    await insertFindings(tx, comparison.reportId, findings)
    if (rows.length < CHUNK) break
  }
  await sql`close unlike`.execute(tx)
  const totals = await totalsOf(tx, comparison.readingId)
  return tally.resultOf({ ...comparison, totals })
}

/**
 * Pairs what was read with our records and leaves out what agrees. A payment of theirs is ours by its reference, by our
 * key, or as the newest of what it pays. Beside another one that the payable has, it is a second payment, unless that
 * other one should have been read and was not: then this is it under another name.
 */
const unlikePairs = (comparison: RailComparison) => sql`
  with recorded as not materialized (${recordedPayments(comparison)}),
  staged as (
    select s.*, coalesce(s.payable_id, m.payable_id) as about
    from rail_staged_payments s
    left join payment_attempts m on s.payable_id is null and m.payable_type = 'seller_balance'
      and m.rail in ('fpay', 'payoneer', 'stripe') and m.provider_reference = s.mentions
    where s.reading_id = ${comparison.readingId}
  ), matched as (
    select s.*, own.id is not null as by_reference, coalesce(own.id, keyed.id, newest.id) as recorded_id,
      coalesce(own.payable_id, keyed.payable_id, newest.payable_id) as payable
    from staged s
    left join recorded own on own.reference = s.reference
    left join recorded keyed on own.id is null and keyed.key = s.key
    left join lateral (
      select r.id, r.payable_id from recorded r
      where own.id is null and keyed.id is null and r.payable_id = s.about order by r.generation desc limit 1
    ) newest on true
  ), ranked as (
    select m.*, live.reference as live_reference,
      live.reference <> m.reference and (live.at < ${comparison.read.from} or live.at >= ${comparison.read.to}
        or exists (select from staged s where s.reference = live.reference)) as beside_live,
      row_number() over (partition by m.recorded_id order by m.by_reference desc,
        (m.state <> 'rejected' and m.amount is distinct from m.taken_back) desc, m.at, m.reference) as place
    from matched m
    left join lateral (
      select r.reference, r.at from recorded r
      where r.payable_id = m.payable and r.state in ('accepted', 'paid') and r.amount > r.taken_back
        and r.reference is not null limit 1
    ) live on true
  ), pairs as (
    select *, recorded_id is not null and (place > 1 or coalesce(beside_live, false)) as is_second from ranked
  )
  select p.reference as provider_reference, p.key as provider_key, p.payable_id as provider_payable,
    p.state as provider_state, p.currency as provider_currency, p.amount as provider_amount,
    p.taken_back as provider_taken_back, p.at as provider_at, p.changed_at as provider_changed_at, p.is_second,
    false as begun_too_early, ${RECORDED_COLUMNS}
  from pairs p left join recorded r on r.id = p.recorded_id
  where p.in_window and (p.is_second or r.id is null or r.currency is distinct from p.currency
    or r.amount is distinct from p.amount or r.taken_back <> p.taken_back
    or (p.state, r.state) not in (('paid', 'paid'), ('pending', 'accepted'), ('rejected', 'declined')))
  union all
  select null, null, null, null, null, null, null, null, null, false, r.begun_at < ${comparison.read.from},
    ${RECORDED_COLUMNS}
  from recorded r
  where r.at >= ${comparison.window.from} and r.at < ${comparison.window.to}
    and r.state in ('claimed', 'accepted', 'paid')
    and not exists (select from pairs p where p.recorded_id = r.id and not p.is_second)`

const RECORDED_COLUMNS = sql`r.id as recorded_id, r.payable_type, r.payable_id, r.reference as recorded_reference,
    r.state as recorded_state, r.currency as recorded_currency, r.amount as recorded_amount,
    r.taken_back as recorded_taken_back, r.begun_at as recorded_begun_at, r.changed_at as recorded_changed_at,
    r.at as recorded_at`

interface PairRow {
  provider_reference: string | null
  provider_key: string | null
  provider_payable: string | null
  provider_state: ProviderPayment['state']
  provider_currency: string | null
  provider_amount: bigint | null
  provider_taken_back: bigint
  provider_at: Date
  provider_changed_at: Date | null
  is_second: boolean
  /** It was begun so long before its window that what it made may not have been read. */
  begun_too_early: boolean
  recorded_id: string | null
  payable_type: string
  payable_id: string
  recorded_reference: string | null
  recorded_state: AttemptState
  recorded_currency: string
  recorded_amount: bigint
  recorded_taken_back: bigint
  recorded_begun_at: Date
  recorded_changed_at: Date
  recorded_at: Date
}

function findingOf(row: PairRow, reading: Reading): RailFinding | undefined {
  const [provider, recorded] = [providerSide(row), recordedSide(row)]
  const verdict = row.begun_too_early
    ? ({ category: 'timing', urgent: false } as const)
    : judge({ provider, recorded, isSecond: row.is_second }, reading)
  return verdict && { ...verdict, provider, recorded, ...differenceOf({ provider, recorded }, verdict.category) }
}

function providerSide(row: PairRow): ProviderPayment | undefined {
  if (row.provider_reference === null) return undefined
  const { provider_amount: amount, provider_currency: code } = row
  return {
    reference: row.provider_reference,
    key: row.provider_key ?? undefined,
    payableId: row.provider_payable ?? undefined,
    money: amount === null || code === null ? undefined : { amount, currency: currencyOf(code) },
    takenBack: row.provider_taken_back,
    state: row.provider_state,
    at: row.provider_at,
    changedAt: row.provider_changed_at ?? undefined,
  }
}

function recordedSide(row: PairRow): RecordedSide | undefined {
  if (row.recorded_id === null) return undefined
  return {
    id: row.recorded_id,
    payableType: row.payable_type,
    payableId: row.payable_id,
    reference: row.recorded_reference,
    state: row.recorded_state,
    money: { amount: row.recorded_amount, currency: currencyOf(row.recorded_currency) },
    takenBack: row.recorded_taken_back,
    begunAt: row.recorded_begun_at,
    changedAt: row.recorded_changed_at,
    at: row.recorded_at,
  }
}

async function insertFindings(
  tx: Transaction<Schema>,
  reportId: string,
  findings: readonly RailFinding[],
): Promise<void> {
  if (findings.length === 0) return
  const rows = findings.map(({ category, urgent, provider, recorded, over, under }) => ({
    ...{
      category,
      urgent,
      payable_type: recorded?.payableType,
      payable_id: recorded?.payableId ?? provider?.payableId,
    },
    ...{ provider_reference: provider?.reference, provider_key: provider?.key, provider_state: provider?.state },
    provider_currency: provider?.money?.currency,
    provider_amount: provider?.money?.amount.toString(),
    provider_taken_back: provider?.takenBack.toString(),
    provider_at: provider?.at,
    ...{ recorded_id: recorded?.id, recorded_reference: recorded?.reference, recorded_state: recorded?.state },
    recorded_currency: recorded?.money.currency,
    recorded_amount: recorded?.money.amount.toString(),
    recorded_taken_back: recorded?.takenBack.toString(),
    recorded_at: recorded?.at,
    ...{ over_currency: over?.currency, over_amount: over?.amount.toString() },
    ...{ under_currency: under?.currency, under_amount: under?.amount.toString() },
  }))
  await sql`
    insert into rail_reconciliation_findings (report_id, ${FINDING_COLUMNS})
    select ${reportId}, ${FINDING_COLUMNS}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(category text, urgent boolean, payable_type text,
      payable_id uuid, provider_reference text, provider_key text, provider_state text, provider_currency text,
      provider_amount bigint, provider_taken_back bigint, provider_at timestamptz, recorded_id uuid,
      recorded_reference text, recorded_state text, recorded_currency text, recorded_amount bigint,
      recorded_taken_back bigint, recorded_at timestamptz, over_currency text, over_amount bigint, under_currency text,
      under_amount bigint)`.execute(tx)
}

const FINDING_COLUMNS = sql.raw(
  'category, urgent, payable_type, payable_id, provider_reference, provider_key, provider_state, provider_currency, ' +
    'provider_amount, provider_taken_back, provider_at, recorded_id, recorded_reference, recorded_state, ' +
    'recorded_currency, recorded_amount, recorded_taken_back, recorded_at, over_currency, over_amount, ' +
    'under_currency, under_amount',
)

async function totalsOf(tx: Transaction<Schema>, readingId: string): Promise<readonly RailTotal[]> {
  const { rows } = await sql<{ currency: string; total: bigint; payments: bigint }>`
    select currency, count(*) as payments,
      coalesce(sum(amount - taken_back) filter (where state <> 'rejected'), 0)::bigint as total
    from rail_staged_payments where reading_id = ${readingId} and in_window and currency is not null
    group by currency`.execute(tx)
  return rows.map(({ currency, total, payments }) => ({
    currency: currencyOf(currency),
    total,
    payments: Number(payments),
  }))
}

export interface RailReport {
  readonly result: RailReconciliationResult
  readonly severity: ReconciliationSeverity | null
  readonly window: Span
  readonly startedAt: Date
  readonly finishedAt: Date
  /** Why it could not be finished. */
  readonly error?: string
}

/** Stores a report beside its findings. Its columns about refunds, tolerance and reporting currency are billing's. */
export async function insertRailReport(tx: Transaction<Schema>, report: RailReport): Promise<void> {
  const { result, severity, window, startedAt, finishedAt, error } = report
  await tx
    .insertInto('reconciliation_reports')
    .values({
      ...{ id: result.reportId, kind: result.books, window_from: window.from, window_to: window.to },
      ...{ include_refunds: false, tolerance_percentage: '0', reporting_currency: 'USD' },
      ...{ status: result.status, severity, result: JSON.stringify(result), error: error ?? null },
      ...{ started_at: startedAt, finished_at: finishedAt },
      duration_ms: finishedAt.getTime() - startedAt.getTime(),
    })
    .execute()
}

/** Stores that a run could not read everything: it says so, and has no findings. */
export async function insertFailedRailReport(
  tx: Transaction<Schema>,
  failed: Pick<RailReport, 'window' | 'startedAt' | 'finishedAt'> &
    Parameters<typeof failedRailResult>[0] & { readonly error: string },
): Promise<RailReconciliationResult> {
  const result = failedRailResult(failed)
  await insertRailReport(tx, { ...failed, result, severity: null })
  return result
}
