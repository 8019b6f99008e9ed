import { type PaymentNews, recordPayments } from '@remesa/database/payments'
import { currency as currencyOf } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import { topics } from '@remesa/messaging/catalogue'
import type { Marketplace, MarketplacePayment } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { chargeIdOf } from './marketplace/charges.ts'
import type { Stack } from './stack/stack.ts'
import { backlogOf, untilDone, type Watch, whatHolds } from './watch.ts'

// What customers paid gets to where it belongs: to Stripe, and from there by webhooks, or not at all, on record.

/** Where the recording of customers' payments stands, for whoever watches. */
export interface PaymentsProgress {
  readonly phase: 'payments'
  readonly payments: number
  /** On record. */
  readonly recorded: number
}

type CustomerPayments = Pick<Marketplace, 'payments' | 'recorded'>

/** In one request to the sandbox, or one transaction. */
const AT_ONCE = 2_000

/**
 * Loads payments into Stripe, which tells of those that are on record just as it has them; waits until they are, and
 * writes down the rest of what is on record. Of many only the first are told of, since a webhook is a request of its own;
 * the others are written down, too.
 * @param most - how many at most are told of by webhooks
 */
export async function recordCustomerPayments(
  stack: Pick<Stack, 'database' | 'databaseIsFresh' | 'pubsub' | 'sandbox' | 'casualties'>,
  payments: CustomerPayments,
  watch: Watch<PaymentsProgress>,
  { most = 2_000 }: { most?: number } = {},
): Promise<void> {
  const { charged, told, written } = planOf(payments, most)
  if (!stack.databaseIsFresh) await forget(stack, [...charged, ...told, ...written])
  const show = (recorded: number) =>
    watch.onProgress({ phase: 'payments', payments: told.length + written.length, recorded })
  const tellOf = new Set(told.map(({ paymentId }) => paymentId))
  for (const [isTold, those] of Map.groupBy(charged, ({ paymentId }) => tellOf.has(paymentId))) {
    for (const some of slices(those)) {
      await stack.sandbox.control('stripe', 'loadPayments', { payments: some, quietly: !isTold })
    }
  }
  let recorded = 0
  for (const some of slices(written)) {
    const news = some.map(newsOf)
    await stack.database.transaction().execute((tx) => recordPayments(tx, { payments: news }))
    recorded += some.length
    show(recorded)
  }
  await untilTold(stack, told, { ...watch, onProgress: (more) => show(written.length + more) })
}

/** A database that was kept has what an earlier Stripe told of payments of these names; this stack's Stripe is a new one. */
async function forget({ database }: Pick<Stack, 'database'>, payments: readonly MarketplacePayment[]): Promise<void> {
  for (const some of slices([...new Set(payments.map(({ paymentId }) => paymentId))])) {
    await sql`
      with disputes as (delete from payment_disputes where payment_id = any(${some}::text[])),
        refunds as (delete from payment_refunds where payment_id = any(${some}::text[]))
      delete from payments where payment_id = any(${some}::text[])`.execute(database)
  }
}

interface ChargeToLoad extends MarketplacePayment {
  readonly chargeId?: string
}

/** Who is told of what: payments that were charged once and are on record as they are at Stripe come by webhooks. */
function planOf({ payments = [], recorded = [] }: CustomerPayments, most: number) {
  const charges = new Map<string, number>()
  const byId = new Map<string, MarketplacePayment>()
  const charged = payments.map((payment): ChargeToLoad => {
    const { paymentId, created } = payment
    const nth = (charges.get(paymentId) ?? 0) + 1
    charges.set(paymentId, nth)
    byId.set(paymentId, payment)
    const chargeId = paymentId.startsWith('pi_') ? { chargeId: chargeIdOf(paymentId, nth) } : {}
    return { ...payment, created: instantOf(created).toISOString(), ...chargeId }
  })
  const told: MarketplacePayment[] = []
  const written: MarketplacePayment[] = []
  for (const payment of recorded) {
    const atStripe = charges.get(payment.paymentId) === 1 ? byId.get(payment.paymentId) : undefined
    const isTold = told.length < most && atStripe !== undefined && areEqual(atStripe, payment)
    ;(isTold ? told : written).push(payment)
  }
  return { charged, told, written }
}

const areEqual = (a: MarketplacePayment, b: MarketplacePayment): boolean =>
  a === b ||
  (a.currency === b.currency &&
    a.description === b.description &&
    instantOf(a.created).getTime() === instantOf(b.created).getTime() &&
    moneyOf(a, a.amount).amount === moneyOf(b, b.amount).amount &&
    moneyOf(a, a.refunded).amount === moneyOf(b, b.refunded).amount)

/** What has another name than Stripe gives was entered by a person. */
function newsOf(payment: MarketplacePayment): PaymentNews {
  const { paymentId, description } = payment
  const created = instantOf(payment.created)
  const isStripes = /^(pi|ch|py)_/.test(paymentId)
  return {
    paymentId,
    chargeId: chargeIdOf(paymentId),
    money: moneyOf(payment, payment.amount),
    refunded: moneyOf(payment, payment.refunded).amount,
    created,
    description,
    disputed: false,
    source: isStripes ? 'webhook' : 'manual',
    asOf: isStripes ? new Date(Math.floor(created.getTime() / 1_000) * 1_000) : null,
  }
}

/** Waits until what Stripe told of is on record, its refunds included. */
async function untilTold(
  stack: Pick<Stack, 'database' | 'pubsub' | 'casualties'>,
  told: readonly MarketplacePayment[],
  { patienceMs, onProgress }: { patienceMs: number; onProgress: (recorded: number) => void },
): Promise<void> {
  if (told.length === 0) return
  const ids = told.map(({ paymentId }) => paymentId)
  const refunded = told.map((payment) => String(moneyOf(payment, payment.refunded).amount))
  await untilDone(stack, { patienceMs }, async () => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from unnest(${ids}::text[], ${refunded}::bigint[]) as t(payment_id, refunded)
      join payments p on p.payment_id = t.payment_id and p.refunded = t.refunded`.execute(stack.database)
    const recorded = rows[0]?.count ?? 0
    onProgress(recorded)
    return {
      done: recorded === told.length,
      moved: String(recorded),
      stuck: async () => [
        `of ${told.length} payments that Stripe told of ${recorded} are on record`,
        `${await backlogOf(stack, [topics.stripeEvent])} events of Stripe wait`,
        ...(await whatHolds(stack)),
      ],
    }
  })
}

const instantOf = (text: string): Date => new Date(text)

function moneyOf({ currency: code }: MarketplacePayment, amount: string): Money {
  const currency = currencyOf(code)
  return { amount: parseMajor(amount, currency), currency }
}

function* slices<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += AT_ONCE) yield rows.slice(at, at + AT_ONCE)
}
