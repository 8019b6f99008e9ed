import { randomUUID } from 'node:crypto'
import { currency } from '@remesa/domain/currency'
import { PATIENCE } from '@remesa/domain/payment-steps'
import type { PaymentOutcome } from '@remesa/domain/rail'
import { sql } from 'kysely'
import { insertAlerts } from '../src/finance-alerts.ts'
import { insertReversals } from '../src/payout-reversals.ts'
import { type AnsweredReversal, recordReversals } from '../src/reversal-answers.ts'
import { claimReversals, type ReversalClaim } from '../src/reversal-claims.ts'
import type { TestDatabase } from '../src/testing/test-database.ts'
import { aTransferredPayout, type TransferredPayout } from '../src/testing/transferred-payout.ts'
import { later, NOW } from './payout-worlds.ts'
import { inTransaction } from './worlds.ts'

export const USD = currency('USD')
export const LEASE_MS = 60_000

/** A payout that went to a provider whom no other test knows. */
export const aPayout = (
  world: TestDatabase,
  options: { amount: bigint; setOff?: bigint; providerId?: string; reference?: string },
): Promise<TransferredPayout> =>
  aTransferredPayout(world.database, { providerId: `provider-${randomUUID()}`, at: NOW, ...options })

export const ask = (
  world: TestDatabase,
  { payoutId, transferId, providerId }: TransferredPayout,
  ...amounts: readonly bigint[]
) =>
  inTransaction(world, async (tx) => {
    const { reversalIds } = await insertReversals(
      tx,
      amounts.map((amount) => ({ payoutId, transferId, providerId, money: { amount, currency: USD } })),
      NOW,
    )
    return reversalIds
  })

/** One reversal of part of a payout. */
export async function aReversal(world: TestDatabase, payout: TransferredPayout, amount: bigint): Promise<string> {
  const [id] = await ask(world, payout, amount)
  if (id === undefined) throw new Error('nothing is taken back')
  return id
}

export const claim = (world: TestDatabase, ids: readonly string[], now = NOW) =>
  inTransaction(world, (tx) => claimReversals(tx, ids, { now, expiresAt: later(LEASE_MS, now) }))

/** Claims one. @throws when it cannot be claimed now */
export async function claimed(world: TestDatabase, id: string, now = NOW): Promise<ReversalClaim> {
  const answer = (await claim(world, [id], now)).get(id)
  if (answer?.kind !== 'claimed') throw new Error(`reversal ${id} is ${JSON.stringify(answer)}`)
  return answer.claim
}

export const record = (world: TestDatabase, results: readonly AnsweredReversal[], now = NOW) =>
  inTransaction(world, async (tx) => {
    const answer = await recordReversals(tx, results, { now, patience: PATIENCE, random: () => 0.5 })
    await insertAlerts(tx, answer.alerts)
    return answer
  })

export const made = (reference = `trr_${randomUUID()}`): PaymentOutcome => ({
  kind: 'accepted',
  reference,
  status: { state: 'paid', paidAt: NOW },
  facts: { status: 200 },
})

export async function reversalNow(world: TestDatabase, id: string) {
  const { rows } = await sql<{
    status: string
    attempts: number
    refusals: number
    failure_reason: string | null
    provider_reference: string | null
    next_try_at: Date | null
    due_at: Date | null
  }>`select status, attempts, refusals, failure_reason, provider_reference, next_try_at, due_at
     from payout_reversals where id = ${id}`.execute(world.database)
  const [row] = rows
  if (!row) throw new Error(`no reversal ${id}`)
  return row
}

/** What a provider's payouts and reversals did to the books, by account. */
export async function booksOf(world: TestDatabase, { payoutId }: TransferredPayout): Promise<Record<string, bigint>> {
  const { rows } = await sql<{ account: string; sum: bigint }>`
    select split_part(account, ':', 1) as account, sum(p.amount)::bigint as sum
    from ledger_entries e join ledger_postings p on p.entry_id = e.id
    where e.idempotency_key = ${`owed:${payoutId}`}
      or e.payable_id in (select id from payout_reversals where payout_id = ${payoutId})
    group by 1 having sum(p.amount) <> 0`.execute(world.database)
  return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]))
}
