import { currency } from '@remesa/domain/currency'
import {
  comparePayment,
  compareRefund,
  type DatabaseSide,
  type Finding,
  type PaymentPair,
  type RefundPair,
  type RefundSide,
  type StripeSide,
} from '@remesa/domain/reconciliation'
import type { CurrencyTotal } from '@remesa/domain/reconciliation-figures'
import { BUCKETS } from '@remesa/domain/reconciliation-recommendations'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import {
  type Compared,
  type PairRow,
  type RefundRow,
  selectDifferingPayments,
  selectDifferingRefunds,
  sumRecorded,
  sumStaged,
  sumStagedRefunds,
} from './reconciliation-differences.ts'
import { deleteFindings, insertFindings } from './reconciliation-findings.ts'
import { isHeld, type Run } from './reconciliation-runs.ts'
import { analyzeStaging, isWhole } from './reconciliation-staging.ts'
import type { Schema } from './schema.ts'

/** What a comparison brought besides its findings. */
export interface Comparison {
  readonly stripeTotals: readonly CurrencyTotal[]
  /** By bucket of the window; see the domain's `bucketOf`. */
  readonly stripePayments: ReadonlyMap<number, number>
}

/**
 * Compares what was read of Stripe with what is on record, in one snapshot, and stores the findings of the report.
 * However many payments there are, only those that differ pass through here, some thousand at a time.
 * @param onFinding - told of each, in the order of time; of payments first, then of refunds of earlier payments
 * @throws Error when the run is in other hands, when the reading is not whole, or when what agrees does not add up to the
 *   same on both sides: nothing is stored
 */
export async function compareReading(
  database: Database,
  { reportId, leaseToken, ...compared }: Compared & Pick<Run, 'reportId' | 'leaseToken'>,
  onFinding: (finding: Finding) => void,
): Promise<Comparison> {
  // What was staged a moment ago has no statistics yet, and the planner would take it for a few rows.
  await analyzeStaging(database)
  return alone(database, reportId, (connection) =>
    connection
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        // Larger joins go by way of the disk, in parts: memory does not grow with the number of payments.
        await sql`set local work_mem = '6MB'`.execute(tx)
        await sql`set local jit = off`.execute(tx)
        if (!(await isHeld(tx, { reportId, leaseToken }))) throw new Error('the run was taken over by another worker')
        if (!(await isWhole(tx, compared))) throw new Error('what was read of Stripe is not whole')
        await deleteFindings(tx, reportId)
        const store = async (findings: readonly (Finding | undefined)[]): Promise<void> => {
          const found = findings.filter((finding) => finding !== undefined)
          await insertFindings(tx, reportId, found)
          found.forEach(onFinding)
        }
        const differing: Sums = new Map()
        for await (const rows of selectDifferingPayments(tx, compared)) {
          const pairs = rows.map(pairOf)
          for (const pair of pairs) addPair(differing, pair)
          await store(pairs.map(comparePayment))
        }
        if (compared.includeRefunds) {
          for await (const rows of selectDifferingRefunds(tx, compared)) {
            await store(rows.map((row) => compareRefund(refundPairOf(row))))
          }
        }
        const parts = await sumStaged(tx, compared, BUCKETS)
        const staged = totalsOf(parts)
        await checkTheRest(tx, { compared, staged, differing })
        const refunds = new Map((await sumStagedRefunds(tx, compared)).map((sum) => [sum.currency, sum.amount]))
        const stripePayments = new Map<number, number>()
        for (const { part, payments } of parts)
          stripePayments.set(part, (stripePayments.get(part) ?? 0) + Number(payments))
        return {
          stripeTotals: Array.from(new Set([...staged.keys(), ...refunds.keys()]), (code) => {
            const { amount, payments } = staged.get(code) ?? { amount: 0n, payments: 0n }
            return { currency: currency(code), total: amount - (refunds.get(code) ?? 0n), payments: Number(payments) }
          }),
          stripePayments,
        }
      }),
  )
}

/**
 * One comparison of a report after the other. The lock is taken before the transaction, so that its snapshot shows what
 * the one before it stored: two would each delete nothing, and store everything. A lock of the report's row would keep its
 * lease from being renewed. It ends with its connection, however that ends.
 */
async function alone<Result>(
  database: Database,
  reportId: string,
  work: (connection: Database) => Promise<Result>,
): Promise<Result> {
  const key = sql`hashtextextended(${`comparison of ${reportId}`}, 0)`
  return database.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${key})`.execute(connection)
    try {
      return await work(connection)
    } finally {
      await sql`select pg_advisory_unlock(${key})`.execute(connection)
    }
  })
}

type Totals = ReadonlyMap<string, { readonly amount: bigint; readonly payments: bigint }>

function totalsOf(parts: Awaited<ReturnType<typeof sumStaged>>): Totals {
  const totals = new Map<string, { amount: bigint; payments: bigint }>()
  for (const { currency: code, amount, payments } of parts) {
    const known = totals.get(code) ?? { amount: 0n, payments: 0n }
    totals.set(code, { amount: known.amount + amount, payments: known.payments + payments })
  }
  return totals
}

/** Of the payments that differ, in the window: amounts and numbers on either side. */
type Sums = Map<string, { stripe: bigint; database: bigint; stripePayments: bigint; databasePayments: bigint }>

function addPair(sums: Sums, { stripe, database }: PaymentPair): void {
  const of = (code: string) => {
    const sum = sums.get(code) ?? { stripe: 0n, database: 0n, stripePayments: 0n, databasePayments: 0n }
    sums.set(code, sum)
    return sum
  }
  if (stripe?.isInWindow) {
    of(stripe.currency).stripe += stripe.amount
    of(stripe.currency).stripePayments += 1n
  }
  if (database?.isInWindow) {
    of(database.currency).database += database.amount
    of(database.currency).databasePayments += 1n
  }
}

/** What is not among the differing payments was found equal one by one; then its sums are equal, too. */
async function checkTheRest(
  tx: Transaction<Schema>,
  { compared, staged, differing }: { compared: Compared; staged: Totals; differing: Sums },
): Promise<void> {
  const recorded = new Map((await sumRecorded(tx, compared)).map((sum) => [sum.currency, sum]))
  for (const code of new Set([...recorded.keys(), ...staged.keys()])) {
    const apart = differing.get(code)
    const amounts = [
      (staged.get(code)?.amount ?? 0n) - (apart?.stripe ?? 0n),
      (recorded.get(code)?.amount ?? 0n) - (apart?.database ?? 0n),
    ]
    const payments = [
      (staged.get(code)?.payments ?? 0n) - (apart?.stripePayments ?? 0n),
      (recorded.get(code)?.payments ?? 0n) - (apart?.databasePayments ?? 0n),
    ]
    if (amounts[0] !== amounts[1] || payments[0] !== payments[1]) {
      throw new Error(`payments in ${code} were found equal, but their sums are not`)
    }
  }
}

function pairOf(row: PairRow): PaymentPair {
  return { paymentId: row.payment_id, stripe: stripeSide(row), database: databaseSide(row) }
}

function stripeSide(row: PairRow): StripeSide | null {
  if (row.s_currency === null) return null
  return {
    currency: currency(row.s_currency),
    amount: row.s_amount,
    refunded: row.s_refunded,
    refundedInWindow: row.s_refunded_in_window,
    refundedUnknown: row.s_refunded_unknown,
    refundedPending: row.s_refunded_pending,
    created: row.s_created,
    isInWindow: row.s_in_window,
    charges: row.s_charges,
    chargeId: row.s_charge_id,
  }
}

function databaseSide(row: PairRow): DatabaseSide | null {
  if (row.d_currency === null) return null
  return {
    currency: currency(row.d_currency),
    amount: row.d_amount,
    refunded: row.d_refunded,
    refundedShared: row.d_refunded_shared,
    refundedAlone: row.d_refunded_alone,
    refundedNotLookedUp: row.d_refunded_not_looked_up,
    refundedPendingAlone: row.d_refunded_pending_alone,
    refundedElsewhere: row.d_refunded_elsewhere,
    created: row.d_created,
    isInWindow: row.d_in_window,
    source: row.d_source,
    duplicateOf: row.duplicate_of,
    recordedAs: row.recorded_as,
    isLookedUp: row.looked_up,
    chargeId: row.d_charge_id,
  }
}

function refundPairOf(row: RefundRow): RefundPair {
  const side = (code: string | null, amount: bigint, created: Date, isInWindow: boolean): RefundSide | null =>
    code === null ? null : { currency: currency(code), amount, created, isInWindow }
  return {
    refundId: row.refund_id,
    paymentId: row.payment_id,
    stripe: side(row.s_currency, row.s_amount, row.s_created, row.s_in_window),
    isPending: row.s_pending,
    isLookedUp: row.looked_up,
    database: side(row.d_currency, row.d_amount, row.d_created, row.d_in_window),
    unnamed: row.unnamed,
  }
}
