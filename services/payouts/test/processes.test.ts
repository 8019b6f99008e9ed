import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerFaults } from '@remesa/local-stack/testing/books'
import { chanceFrom } from '@remesa/local-stack/testing/courier'
import { aSettlement } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { allTransientFaults } from '@remesa/sandbox/faults'
import { sql } from 'kysely'
import { anAccountEvent, payoutHandlers } from './handlers.ts'
import { startWorkers } from './workers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { STRIPE_TIMEOUT_MS: '1500', STRIPE_MAX_WAIT_MS: '1500' } })
})
afterAll(() => world.stop())

const SETTLEMENTS = 20
const WINNERS = 100
/** One each time that another share of the transfers has been made. */
const SIGKILLS = 6
const SHORT_WAITS = {
  PAYMENT_LEASE_MS: '6000',
  PAYOUT_RETRY_FIRST_MS: '10',
  PAYOUT_FUNDS_RETRY_FIRST_MS: '10',
  PAYOUT_RAIL_PAUSE_MS: '100',
}
/** What Stripe makes of a payee, by the first word of its account; any other is paid. */
const REFUSED: Readonly<Record<string, string>> = { closed: 'account_closed', notallowed: 'transfers_not_allowed' }

function accountOf(settlement: number, winner: number, chance: number): string {
  const kinds = ['closed', 'notallowed', 'nofunds', 'nocap']
  const kind = chance < 0.08 ? kinds[Math.floor((chance / 0.08) * kinds.length)] : 'usual'
  return `acct_${kind}_${settlement}_${winner}`
}

test('four workers and two schedulers, with faults of every kind and SIGKILLs: each payee is paid once, or refused with a reason', async () => {
  const seed = Number(process.env.REMESA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
  try {
    await payEverybody(seed)
    await judge()
  } catch (error) {
    throw new Error(`with REMESA_TEST_SEED=${seed}: ${(error as Error).message}`, { cause: error })
  }
}, 200_000)

/** The seed decides payees, amounts, faults and kills; how the processes interleave it cannot decide. */
async function payEverybody(seed: number): Promise<void> {
  const chance = chanceFrom(seed)
  world.sandbox.stripe.setFaults({ ...allTransientFaults(0.05, seed), latencyMs: [1, 20] })
  const settlements = []
  for (let index = 0; index < SETTLEMENTS; index += 1) {
    const winners = Array.from({ length: WINNERS }, (_, winner) => ({
      account: accountOf(index, winner, chance()),
      amount: 1n + BigInt(Math.floor(chance() * 1e6)),
    }))
    // Of half of them Stripe has told us before; the others' accounts are read meanwhile.
    settlements.push(await aSettlement(world, { winners, accountsAreKnown: index % 2 === 0 }))
  }
  const workers = await startWorkers(world, 4, SHORT_WAITS)
  const told = settlements.map(({ settlementId }) => ({ data: { settlementId } }))
  await world.database.transaction().execute((tx) => enqueue(tx, topics.settlementCompleted, [...told, ...told]))

  let isOver = false
  const schedulers = [0, 1].map(async () => {
    const { schedule } = payoutHandlers(world, { graceMs: 1_000 })
    while (!isOver) {
      await schedule()
      // Accounts that could not be read are asked for by the service's own scheduler.
      await world.database.transaction().execute((tx) => enqueue(tx, topics.payoutScheduler, [{ data: {} }]))
      await pause(300)
    }
  })
  const killer = (async () => {
    while (!isOver) {
      await pause(50)
      const made = world.sandbox.stripe.books.payments().length
      if (workers.killed >= SIGKILLS || made < (workers.killed * SETTLEMENTS * WINNERS) / (SIGKILLS + 1)) continue
      await workers.killOne(chance())
      if (chance() < 0.5) world.sandbox.stripe.refuseApiKey(1 + Math.floor(chance() * 3))
    }
  })()
  await enableAccounts(chance)

  try {
    await untilAllJobsAreComplete()
  } finally {
    isOver = true
    await Promise.all([...schedulers, killer])
  }
  expect(await workers.stop()).toEqual([0, 0, 0, 0])
  expect(workers.killed).toBe(SIGKILLS)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Accounts that cannot receive become able while their transfers wait, or are about to. */
async function enableAccounts(chance: () => number): Promise<void> {
  const { rows } = await sql<{ account: string }>`
    select distinct stripe_account_id as account from settlement_winners where stripe_account_id like 'acct_nocap%'`.execute(
    world.database,
  )
  for (const { account } of rows) {
    world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
    const deliverAt = new Date(Date.now() + chance() * 4_000)
    await world.database
      .transaction()
      .execute((tx) => enqueue(tx, topics.stripeEvent, [{ data: anAccountEvent(world, account), deliverAt }]))
  }
}

async function untilAllJobsAreComplete(): Promise<void> {
  const deadline = performance.now() + 150_000
  for (;;) {
    const { rows } = await sql<{ complete: number }>`
      select count(*)::int as complete from payout_jobs where status = 'complete'`.execute(world.database)
    if (rows[0]?.complete === SETTLEMENTS) return
    if (performance.now() > deadline) {
      const { rows: open } = await sql`
        select status, held_reason, failure_reason, count(*)::int, min(due_at) as due, max(attempts) as tries
        from payout_transfers where status not in ('completed', 'failed_terminal') group by 1, 2, 3`.execute(
        world.database,
      )
      throw new Error(`waited in vain: all jobs are complete; open are ${JSON.stringify(open)}`)
    }
    await pause(100)
  }
}

interface EndedTransfer {
  readonly id: string
  readonly status: string
  readonly amount: bigint
  readonly destination: string
  readonly failure_reason: string | null
  readonly provider_reference: string | null
  readonly attempts: number
  readonly turned_away: number
  readonly tries_booked: number
  readonly tries_audited: number
  readonly accepted_attempts: number
}

/** By Stripe's books, the ledger and the audit log. */
async function judge(): Promise<void> {
  const { rows: transfers } = await sql<EndedTransfer>`
    with booked as (
      select payable_id as id, count(*)::int as tries from ledger_entries
      where idempotency_key ~ '^ledger:payout:[^:]+:[0-9]+$' group by 1
    ), audited as (
      select subject_id as id, count(distinct after->>'try')::int as tries from audit_log where after ? 'try' group by 1
    ), accepted as (
      select payable_id as id, count(*)::int as attempts from payment_attempts where state = 'paid' group by 1
    )
    select t.id, t.status, t.amount, t.destination, t.failure_reason, t.provider_reference, t.attempts, t.turned_away,
      coalesce(booked.tries, 0) as tries_booked, coalesce(audited.tries, 0) as tries_audited,
      coalesce(accepted.attempts, 0) as accepted_attempts
    from payout_transfers t left join booked on booked.id = t.id left join audited on audited.id = t.id::text
    left join accepted on accepted.id = t.id`.execute(world.database)
  expect(transfers).toHaveLength(SETTLEMENTS * WINNERS)
  const wrong = transfers.filter((transfer) => !isRight(transfer))
  expect(wrong).toEqual([])
  const madeByStripe = world.sandbox.stripe.books.payments()
  expect(madeByStripe).toHaveLength(transfers.filter(({ status }) => status === 'completed').length)
  const { rows: jobs } = await sql`
    select status, transfers_total, transfers_completed + transfers_failed as ended, count(*)::int as jobs
    from payout_jobs group by 1, 2, 3`.execute(world.database)
  expect(jobs).toEqual([{ status: 'complete', transfers_total: WINNERS, ended: WINNERS, jobs: SETTLEMENTS }])
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
}

function isRight(transfer: EndedTransfer): boolean {
  const made = world.sandbox.stripe.transfersOf(transfer.id)
  // What our own limiter turned away was reserved and given back, too, and is no try.
  if (transfer.tries_booked !== transfer.attempts + transfer.turned_away) return false
  if (transfer.tries_audited !== transfer.attempts) return false
  const refusal = REFUSED[transfer.destination.split('_')[1] ?? '']
  if (refusal) return transfer.status === 'failed_terminal' && transfer.failure_reason === refusal && made.length === 0
  const [one, ...others] = made
  return (
    transfer.status === 'completed' &&
    others.length === 0 &&
    one?.id === transfer.provider_reference &&
    one?.money.amount === transfer.amount &&
    one.destination === transfer.destination &&
    transfer.accepted_attempts === 1
  )
}
