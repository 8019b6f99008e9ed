import { currency } from '@remesa/domain/currency'
import { PATIENCE } from '@remesa/domain/payment-steps'
import type { PaymentOutcome } from '@remesa/domain/rail'
import type { Settlement, SettlementWinner } from '@remesa/domain/settlement'
import { DESTINATION_POLICY, type StripeAccountFacts } from '@remesa/domain/stripe-account'
import { sql } from 'kysely'
import { insertAlerts } from '../src/finance-alerts.ts'
import { ledgerProof } from '../src/ledger.ts'
import type { PayoutTransfer } from '../src/payout-transfers.ts'
import { createPayoutJobs } from '../src/settlement-payouts.ts'
import { insertSettlements } from '../src/settlements.ts'
import type { TestDatabase } from '../src/testing/test-database.ts'
import { type AnsweredTransfer, recordTransfers } from '../src/transfer-answers.ts'
import { claimTransfers, type TransferClaim } from '../src/transfer-claims.ts'
import { upsertStripeAccounts } from '../src/user-stripe-accounts.ts'
import { inTransaction } from './worlds.ts'

export const USD = currency('USD')
export const NOW = new Date('2026-11-21T12:00:00Z')
export const LEASE_MS = 60_000
export const later = (ms: number, from = NOW): Date => new Date(from.getTime() + ms)

export const aWinner = (userId: string, amount = 100n, changes: Partial<SettlementWinner> = {}): SettlementWinner => ({
  userId,
  stripeAccountId: `acct_${userId}`,
  amount,
  currency: 'USD',
  ...changes,
})

/** A closed settlement that adds up. */
export const aSettlement = (
  settlementId: string,
  winners: readonly SettlementWinner[],
  changes: Partial<Settlement> = {},
) => ({
  settlement: {
    settlementId,
    contestId: `contest-of-${settlementId}`,
    currency: 'USD',
    total: winners.reduce((sum, { amount }) => sum + amount, 0n),
    status: 'closed',
    ...changes,
  },
  winners,
})

export const ABLE: StripeAccountFacts = {
  transfersActive: true,
  payoutsEnabled: true,
  detailsSubmitted: true,
  disabledReason: null,
}

export const tellOfAccounts = (
  world: TestDatabase,
  userIds: readonly string[],
  { facts = ABLE, asOf = NOW }: { facts?: StripeAccountFacts; asOf?: Date } = {},
) =>
  inTransaction(world, (tx) =>
    upsertStripeAccounts(
      tx,
      userIds.map((userId) => ({ userId, stripeAccountId: `acct_${userId}`, facts, asOf })),
      { now: asOf, policy: DESTINATION_POLICY },
    ),
  )

export const create = (world: TestDatabase, settlementIds: readonly string[], now = NOW) =>
  inTransaction(world, async (tx) => {
    const { answers, alerts } = await createPayoutJobs(tx, settlementIds, now)
    await insertAlerts(tx, alerts)
    return answers
  })

/** A settlement that is being paid, whose winners can all receive. @returns the job, and the transfers by their users */
export async function aJob(world: TestDatabase, settlementId: string, winners: readonly SettlementWinner[]) {
  await inTransaction(world, (tx) => insertSettlements(tx, [aSettlement(settlementId, winners)]))
  const answer = (await create(world, [settlementId])).get(settlementId)
  if (answer?.kind !== 'created') throw new Error(`settlement ${settlementId} was ${answer?.kind}`)
  await tellOfAccounts(
    world,
    winners.flatMap(({ userId, stripeAccountId }) => (stripeAccountId ? [userId] : [])),
  )
  const { rows } = await sql<{ id: string; user_id: string }>`
    select id, user_id from payout_transfers where job_id = ${answer.jobId}`.execute(world.database)
  const ids = new Map(rows.map(({ id, user_id }) => [user_id, id]))
  return { jobId: answer.jobId, transferIds: answer.transferIds, transferOf: (userId: string) => ids.get(userId) ?? '' }
}

let jobs = 0
/** A job of its own contest and users, so that tests of one database do not meet. */
export async function aJobOfItsOwn(world: TestDatabase, amounts: Readonly<Record<string, bigint>>) {
  jobs += 1
  const name = (user: string) => `${user}-${jobs}`
  const winners = Object.entries(amounts).map(([user, amount]) => aWinner(name(user), amount))
  const made = await aJob(world, `settlement-${jobs}`, winners)
  return { ...made, transferOf: (user: string) => made.transferOf(name(user)), name }
}

export const claim = (world: TestDatabase, ids: readonly string[], now = NOW) =>
  inTransaction(world, async (tx) => {
    const lease = { now, expiresAt: later(LEASE_MS, now) }
    const { answers, alerts } = await claimTransfers(tx, ids, { lease, policy: DESTINATION_POLICY })
    await insertAlerts(tx, alerts)
    return answers
  })

/** Claims one transfer. @throws when it cannot be claimed now */
export async function claimed(world: TestDatabase, id: string, now = NOW): Promise<TransferClaim> {
  const answer = (await claim(world, [id], now)).get(id)
  if (answer?.kind !== 'claimed') throw new Error(`transfer ${id} is ${JSON.stringify(answer)}`)
  return answer.claim
}

export const record = (world: TestDatabase, results: readonly AnsweredTransfer[], now = NOW) =>
  inTransaction(world, async (tx) => {
    const answer = await recordTransfers(tx, results, { now, patience: PATIENCE, random: () => 0.5 })
    await insertAlerts(tx, answer.alerts)
    return answer
  })

const facts = { status: 400 }
let references = 0
export const paid = (reference = `tr_${++references}`): PaymentOutcome => ({
  kind: 'accepted',
  reference,
  status: { state: 'paid', paidAt: NOW },
  facts: { status: 200 },
})
export const lackOfFunds: PaymentOutcome = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true, facts }
export const haste: PaymentOutcome = {
  kind: 'declined_may_change',
  reason: 'rate_limited',
  keyIsSpent: false,
  facts: { status: 429 },
}
export const unavailable: PaymentOutcome = {
  kind: 'declined_may_change',
  reason: 'rail_unavailable',
  keyIsSpent: true,
  facts,
}
export const silence: PaymentOutcome = { kind: 'unknown', reason: 'no_answer', facts: { status: 0 } }
export const ourKey: PaymentOutcome = { kind: 'unknown', reason: 'credentials', facts: { status: 401 } }
export const refused: PaymentOutcome = {
  kind: 'declined_for_good',
  reason: 'account_closed',
  category: 'beneficiary',
  facts,
}

/** The answer of a look-up that found nothing of an attempt that was given up. */
export const SUPERSEDED: PaymentOutcome = {
  kind: 'declined_may_change',
  reason: 'superseded',
  keyIsSpent: true,
  facts: { status: 404 },
}

/** Sums by account; what the payees are owed is under `payees`. */
export async function books(world: TestDatabase): Promise<Record<string, bigint>> {
  const { rows } = await sql<{ account: string; amount: bigint }>`
    select case when account like 'payee:%' then 'payees' else account end as account, sum(amount)::bigint as amount
    from ledger_postings group by 1 having sum(amount) <> 0`.execute(world.database)
  return Object.fromEntries(rows.map(({ account, amount }) => [account, amount]))
}

/** The keys of the ledger's entries about a transfer, in their order. */
export async function entriesOf(world: TestDatabase, transferId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    select idempotency_key as key from ledger_entries where payable_id = ${transferId} order by id`.execute(
    world.database,
  )
  return rows.map(({ key }) => key.replace(transferId, '<id>'))
}

export async function auditOf(world: TestDatabase, subjectId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_log where subject_id = ${subjectId} order by id`.execute(world.database)
  return rows.map(({ action }) => action)
}

export async function alertKinds(world: TestDatabase): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string }>`
    select kind from finance_alerts where status <> 'resolved' order by kind`.execute(world.database)
  return rows.map(({ kind }) => kind)
}

export async function transferNow(world: TestDatabase, id: string) {
  const { rows } = await sql<{
    status: PayoutTransfer['status']
    attempts: number
    refusals: number
    funds_refusals: number
    failure_reason: string | null
    held_reason: string | null
    next_try_at: Date | null
    due_at: Date | null
  }>`select status, attempts, refusals, funds_refusals, failure_reason, held_reason, next_try_at, due_at
     from payout_transfers where id = ${id}`.execute(world.database)
  const [row] = rows
  if (!row) throw new Error(`no transfer ${id}`)
  return row
}

/** @returns what is wrong with the books; nothing must be */
export async function faultsOfBooks(world: TestDatabase): Promise<readonly unknown[]> {
  const { currencies, disagreements } = await ledgerProof(world.database)
  return [...disagreements, ...currencies.filter(({ sum }) => sum !== 0n)]
}

export async function count(world: TestDatabase, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(world.database)
  return rows[0]?.n ?? 0
}

/** Resolves once a statement of this database waits for a lock. */
export async function untilSomebodyWaits(world: TestDatabase): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ waits: boolean }>`
      select exists (select from pg_locks where not granted and database =
        (select oid from pg_database where datname = current_database())
        or not granted and locktype = 'transactionid') as waits`.execute(world.database)
    if (rows[0]?.waits) return
  }
}
