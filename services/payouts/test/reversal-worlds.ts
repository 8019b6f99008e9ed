import { randomUUID } from 'node:crypto'
import { insertReversals } from '@remesa/database/payout-reversals'
import { outstandingReceivable } from '@remesa/database/receivables'
import { aTransferredPayout } from '@remesa/database/testing/transferred-payout'
import { currency } from '@remesa/domain/currency'
import type { World } from '@remesa/local-stack/testing/world'
import { createMetrics } from '@remesa/service-kit/metrics'
import { sql } from 'kysely'
import { queueReversals } from '../src/queue-reversals.ts'
import { createReversalMetrics } from '../src/reversal-metrics.ts'
import { reverseTransfers } from '../src/reverse-transfers.ts'
import { GRACE_MS, LEASE_MS } from './handlers.ts'

const USD = currency('USD')

type ReverseParts = Parameters<typeof reverseTransfers>[0]

/** The handler as `main.ts` makes it, but with waits that do not vary. */
export function reversing(world: World, changes: Partial<Pick<ReverseParts, 'rail' | 'random'>> = {}) {
  const { database, stripe, logger, now, patience } = world
  const { registry } = createMetrics({ service: 'payouts' })
  return {
    registry,
    reverse: reverseTransfers({
      database,
      rail: stripe.reversals,
      patience: { ...patience, maxAttempts: 5 },
      leaseMs: LEASE_MS,
      now,
      random: () => 0.5,
      metrics: createReversalMetrics(registry),
      logger,
      ...changes,
    }),
    queue: () => queueReversals({ database, graceMs: GRACE_MS, logger }, now()),
  }
}

/** A provider's payout that Stripe has really made, to an account of its own. */
export async function aPaidPayout(world: World, amount = 1_000n) {
  const providerId = randomUUID()
  const account = `acct_${providerId.replaceAll('-', '')}`
  const group = randomUUID()
  const made = await world.stripe.pay({
    payableId: group,
    idempotencyKey: `payout:${group}`,
    generation: 1,
    money: { amount, currency: USD },
    destination: account,
    description: 'Booking',
    payeeId: providerId,
  })
  if (made.kind !== 'accepted') throw new Error(`the transfer is ${made.kind}`)
  const { reference } = made
  const payout = await aTransferredPayout(world.database, { providerId, amount, reference, at: world.now() })
  return { ...payout, account, reference }
}

export type PaidPayout = Awaited<ReturnType<typeof aPaidPayout>>

/** Asks for parts of it back. @returns the messages that carry them */
export async function askBack(
  world: World,
  { payoutId, transferId, providerId }: PaidPayout,
  ...amounts: readonly bigint[]
): Promise<readonly { payoutReversalId: string }[]> {
  const { reversalIds } = await world.database.transaction().execute((tx) =>
    insertReversals(
      tx,
      amounts.map((amount) => ({ payoutId, transferId, providerId, money: { amount, currency: USD } })),
      world.now(),
    ),
  )
  return reversalIds.map((payoutReversalId) => ({ payoutReversalId }))
}

/** A payout of 1,000 of which 300 are asked back. */
export async function aReversal(world: World) {
  const payout = await aPaidPayout(world)
  const [message] = await askBack(world, payout, 300n)
  if (!message) throw new Error('a reversal of a test has a message')
  return { payout, message, id: message.payoutReversalId }
}

/** What Stripe's own books say was taken back of a payout's transfer, oldest first. */
export const takenAtStripe = (world: World, { reference }: Pick<PaidPayout, 'reference'>): readonly bigint[] =>
  world.sandbox.stripe
    .reversals()
    .filter(({ transfer }) => transfer === reference)
    .map(({ money }) => money.amount)

export const owedToUs = (world: World, { providerId }: Pick<PaidPayout, 'providerId'>): Promise<bigint> =>
  world.database.transaction().execute((tx) => outstandingReceivable(tx, providerId, USD))

export async function reversalNow(world: World, id: string) {
  const { rows } = await sql<{
    status: string
    attempts: number
    refusals: number
    failure_reason: string | null
    provider_reference: string | null
  }>`select status, attempts, refusals, failure_reason, provider_reference from payout_reversals where id = ${id}`.execute(
    world.database,
  )
  const [row] = rows
  if (!row) throw new Error(`no reversal ${id}`)
  return row
}

/** Takes a part of a transfer back as a person does, without any id of ours. @returns Stripe's id of the reversal */
export function reverseByHand(world: World, { reference }: PaidPayout, amount: bigint): Promise<string> {
  return post(world, `/v1/transfers/${reference}/reversals`, { amount: String(amount) })
}

/** What a person does who knows that a reversal made by hand is the one we ask for. */
export async function giveOurId(world: World, payout: PaidPayout, reversal: string, id: string): Promise<void> {
  await post(world, `/v1/transfers/${payout.reference}/reversals/${reversal}`, { 'metadata[reversal_id]': id })
}

async function post({ sandbox }: World, path: string, form: Record<string, string>): Promise<string> {
  const headers = { authorization: `Bearer ${sandbox.credentials().stripe.apiKey}` }
  const reply = await fetch(sandbox.urls.stripe + path, { method: 'POST', headers, body: new URLSearchParams(form) })
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`)
  return ((await reply.json()) as { id: string }).id
}
