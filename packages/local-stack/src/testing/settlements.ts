import { randomUUID } from 'node:crypto'
import { findBySettlementId, type PayoutJob } from '@remesa/database/payout-jobs'
import { findByJobId, type PayoutTransfer } from '@remesa/database/payout-transfers'
import { insertSettlements } from '@remesa/database/settlements'
import { upsertStripeAccounts } from '@remesa/database/user-stripe-accounts'
import type { Settlement, SettlementWinner } from '@remesa/domain/settlement'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import type { World } from './world.ts'

export interface WinnerFacts {
  readonly userId?: string
  /** Null when there is none yet. Default: one of its own, which Stripe pays. */
  readonly account?: string | null
  /** Minor units. Default 1,250. */
  readonly amount?: bigint
  /** Default: the settlement's. */
  readonly currency?: string
}

export interface SettlementFacts {
  /** How many, or each. Default 1. */
  readonly winners?: number | readonly WinnerFacts[]
  /** What the marketplace wrote beside them. Default: closed, in USD, and the sum of its winners. */
  readonly changes?: Partial<Settlement>
  /** Whether Stripe has told us of the winners' accounts. Default true. */
  readonly accountsAreKnown?: boolean
}

export interface TestSettlement {
  readonly settlement: Settlement
  readonly settlementId: string
  readonly winners: readonly SettlementWinner[]
}

/** A settlement as the marketplace leaves it. Nobody has been told of it. */
export async function aSettlement(world: World, facts: SettlementFacts = {}): Promise<TestSettlement> {
  const { winners: asked = 1, changes = {}, accountsAreKnown = true } = facts
  const name = randomUUID().slice(0, 8)
  const currency = changes.currency ?? 'USD'
  const all: readonly WinnerFacts[] = typeof asked === 'number' ? Array.from({ length: asked }, () => ({})) : asked
  const winners = all.map((winner, index): SettlementWinner => {
    const { userId = `user-${name}-${index}`, account = `acct_${name}_${index}`, amount = 1_250n } = winner
    return { userId, stripeAccountId: account, amount, currency: winner.currency ?? currency }
  })
  const settlement: Settlement = {
    settlementId: `ST-${name}`,
    contestId: `CT-${name}`,
    currency,
    total: winners.reduce((sum, { amount }) => sum + amount, 0n),
    status: 'closed',
    ...changes,
  }
  await world.database.transaction().execute((tx) => insertSettlements(tx, [{ settlement, winners }]))
  if (accountsAreKnown) await tellOfAccounts(world, winners)
  return { settlement, settlementId: settlement.settlementId, winners }
}

/** Has these accounts known as Stripe shows them now. What waits for them stays: nobody is sent on their way. */
export async function tellOfAccounts(
  world: World,
  winners: readonly Pick<SettlementWinner, 'userId' | 'stripeAccountId'>[],
): Promise<void> {
  const asOf = new Date(Math.floor(world.now().getTime() / 1_000) * 1_000 - 1_000)
  const news = winners.flatMap(({ userId, stripeAccountId }) => {
    const account = stripeAccountId === null ? undefined : world.sandbox.stripe.account(stripeAccountId)
    if (!account) return []
    const facts = {
      transfersActive: account.capabilities.transfers === 'active',
      payoutsEnabled: account.payouts_enabled,
      detailsSubmitted: account.details_submitted,
      disabledReason: account.requirements.disabled_reason,
    }
    return [{ userId, stripeAccountId: account.id, facts, asOf }]
  })
  await world.database
    .transaction()
    .execute((tx) => upsertStripeAccounts(tx, news, { now: world.now(), policy: DESTINATION_POLICY }))
}

/** @throws when the settlement has none */
export async function jobOf(world: World, settlementId: string): Promise<PayoutJob> {
  const job = await findBySettlementId(world.database, settlementId)
  if (!job) throw new Error(`settlement ${settlementId} has no job`)
  return job
}

/** In the order of their users. */
export async function transfersOf(world: World, settlementId: string): Promise<readonly PayoutTransfer[]> {
  return findByJobId(world.database, (await jobOf(world, settlementId)).jobId)
}

/** @throws when there is none of this id */
export async function transferNow(world: World, transferId: string): Promise<PayoutTransfer> {
  const { rows } = await sql<{ job_id: string }>`
    select job_id from payout_transfers where id = ${transferId}`.execute(world.database)
  const ofJob = rows[0] ? await findByJobId(world.database, rows[0].job_id) : []
  const transfer = ofJob.find((one) => one.transferId === transferId)
  if (!transfer) throw new Error(`no payout transfer ${transferId}`)
  return transfer
}

/** What Stripe's books have for a transfer of ours: minor units and account of each that was made. */
export const madeAtStripe = (world: World, transferId: string) =>
  world.sandbox.stripe.transfersOf(transferId).map(({ money: { amount }, destination }) => ({ amount, destination }))

/** The keys of the ledger's entries about a payable, in their order, with `<id>` for its id. */
export async function ledgerKeys(world: World, payableId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    select idempotency_key as key from ledger_entries where payable_id = ${payableId} order by id`.execute(
    world.database,
  )
  return rows.map(({ key }) => key.replace(payableId, '<id>'))
}
