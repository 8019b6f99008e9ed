import { recordPayments } from '@remesa/database/payments'
import { type Currency, currency } from '@remesa/domain/currency'
import { money } from '@remesa/domain/money'
import type { World } from '@remesa/local-stack/testing/world'
import { createStripeReads, type StripeReads } from '@remesa/stripe-client/stripe-reads'
import { type BillingReconciliationParts, createBillingReconciliationService } from '../src/billing-reconciliation.ts'

/** A day that is over. */
export const DAY = '2026-11-12'
const FROM = new Date(`${DAY}T00:00:00Z`).getTime()

/** A moment of the day. */
export const at = (seconds: number): Date => new Date(FROM + seconds * 1_000)

export interface Customer {
  readonly id: string
  readonly seconds: number
  readonly amount?: bigint
  readonly currency?: string
  readonly refunded?: bigint
}

/** Payments in Stripe, of which nobody is told. */
export function chargeQuietly(world: World, customers: readonly Customer[]): void {
  for (const { id, seconds, amount = 10_000n, currency: code = 'USD', refunded = 0n } of customers) {
    world.sandbox.stripe.payments.load(
      { paymentId: `pi_${id}`, chargeId: `ch_${id}`, created: at(seconds), money: money(amount, code), refunded },
      'quietly',
    )
  }
}

/** Payments on record, as webhooks would have put them there. */
export async function recordThem(
  world: World,
  customers: readonly Customer[],
  source: 'webhook' | 'manual' = 'webhook',
): Promise<void> {
  const asOf = source === 'manual' ? null : world.now()
  const payments = customers.map(({ id, seconds, amount = 10_000n, currency: code = 'USD', refunded = 0n }) => ({
    ...{ paymentId: `pi_${id}`, chargeId: `ch_${id}`, money: money(amount, code), refunded, created: at(seconds) },
    ...{ description: null, disputed: false, source, asOf },
  }))
  await world.database.transaction().execute((tx) => recordPayments(tx, { payments }))
}

/** So many payments spread over the day, the same on both sides. */
export const customersOf = (count: number, prefix = 'c'): readonly Customer[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${prefix}${index}`,
    seconds: Math.floor((86_400 * index) / count),
    refunded: index % 7 === 0 ? 500n : 0n,
  }))

export interface Line {
  readonly level: string
  readonly text: string
  readonly fields: object
}

/** The service over the sandbox's Stripe, with what it logs. */
export function aService(
  world: World,
  {
    wrap = (reads) => reads,
    ...changes
  }: Partial<BillingReconciliationParts> & { wrap?: (reads: StripeReads) => StripeReads } = {},
) {
  const { sandbox, database, now } = world
  const { hostname: host, port } = new URL(sandbox.stripe.url)
  const stripe = createStripeReads({
    secretKey: sandbox.stripe.credentials.apiKey,
    apiBase: { host, port: Number(port), protocol: 'http' },
    timeoutMs: 2_000,
    rate: { perSecond: 10_000, accountPerSecond: 10_000, concurrent: 10 },
  })
  world.stopWith(() => stripe.close())
  const lines: Line[] = []
  const write = (level: string) => (fields: object, text?: string) =>
    void lines.push({ level, text: text ?? '', fields })
  const logger = {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  } as BillingReconciliationParts['logger']
  const service = createBillingReconciliationService({
    database,
    stripe: wrap(stripe),
    tolerancePercentage: 1,
    includeRefunds: true,
    reportingCurrency: currency('USD') as Currency,
    slicesAtOnce: 6,
    retryFirstMs: 1,
    graceMs: 7_200_000,
    leaseMs: 60_000,
    nudge: () => undefined,
    now,
    logger,
    ...changes,
  })
  world.stopWith(() => service.stop())
  return { ...service, lines }
}
