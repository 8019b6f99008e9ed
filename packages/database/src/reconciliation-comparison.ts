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
  countStagedIn,
  type PairRow,
  type RefundRow,
  selectDifferingPayments,
  selectDifferingRefunds,
  sumRecorded,
  sumStaged,
  sumStagedRefunds,
} from './reconciliation-differences.ts'
import { deleteFindings, insertFindings } from './reconciliation-findings.ts'
import { isWhole } from './reconciliation-staging.ts'
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
 * @throws Error when the reading is not whole, or when what agrees does not add up to the same on both sides: nothing is stored
 */
export function compareReading(
  database: Database,
  { reportId, ...compared }: Compared & { readonly reportId: string },
  onFinding: (finding: Finding) => void,
): Promise<Comparison> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      await sql`set local work_mem = '64MB'`.execute(tx)
      await sql`set local jit = off`.execute(tx)
      if (!(await isWhole(tx, compared.readingId))) throw new Error('what was read of Stripe is not whole')
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
      const staged = await sumStaged(tx, compared)
      await checkTheRest(tx, { compared, staged, differing })
      const refunds = new Map((await sumStagedRefunds(tx, compared)).map((sum) => [sum.currency, sum.amount]))
      const currencies = new Set([...staged.map((sum) => sum.currency), ...refunds.keys()])
      return {
        stripeTotals: Array.from(currencies, (code) => {
          const sum = staged.find((one) => one.currency === code)
          const total = (sum?.amount ?? 0n) - (refunds.get(code) ?? 0n)
          return { currency: currency(code), total, payments: Number(sum?.payments ?? 0n) }
        }),
        stripePayments: await countStagedIn(tx, compared, BUCKETS),
      }
    })
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
  {
    compared,
    staged,
    differing,
  }: { compared: Compared; staged: Awaited<ReturnType<typeof sumStaged>>; differing: Sums },
): Promise<void> {
  const recorded = new Map((await sumRecorded(tx, compared)).map((sum) => [sum.currency, sum]))
  const stripe = new Map(staged.map((sum) => [sum.currency, sum]))
  for (const code of new Set([...recorded.keys(), ...stripe.keys()])) {
    const apart = differing.get(code)
    const amounts = [
      (stripe.get(code)?.amount ?? 0n) - (apart?.stripe ?? 0n),
      (recorded.get(code)?.amount ?? 0n) - (apart?.database ?? 0n),
    ]
    const payments = [
      (stripe.get(code)?.payments ?? 0n) - (apart?.stripePayments ?? 0n),
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
    created: row.s_created,
    isInWindow: row.s_in_window,
    charges: row.s_charges,
  }
}

function databaseSide(row: PairRow): DatabaseSide | null {
  if (row.d_currency === null) return null
  return {
    currency: currency(row.d_currency),
    amount: row.d_amount,
    refunded: row.d_refunded,
    refundedAfter: row.d_refunded_after,
    created: row.d_created,
    isInWindow: row.d_in_window,
    source: row.d_source,
    duplicateOf: row.duplicate_of,
  }
}

function refundPairOf(row: RefundRow): RefundPair {
  const side = (code: string | null, amount: bigint, created: Date, isInWindow: boolean): RefundSide | null =>
    code === null ? null : { currency: currency(code), amount, created, isInWindow }
  return {
    refundId: row.refund_id,
    paymentId: row.payment_id,
    stripe: side(row.s_currency, row.s_amount, row.s_created, true),
    database: side(row.d_currency, row.d_amount, row.d_created, row.d_in_window),
    unnamed: row.unnamed,
  }
}
