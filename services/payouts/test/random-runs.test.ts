import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { Rail } from '@remesa/domain/rail'
import { alertsAbout, ledgerFaults, postedFor } from '@remesa/local-stack/testing/books'
import { carry, chanceFrom, type Parcel, routeOf } from '@remesa/local-stack/testing/courier'
import { aSettlement, jobOf, ledgerKeys, madeAtStripe, transfersOf } from '@remesa/local-stack/testing/settlements'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { FaultKind } from '@remesa/sandbox/faults'
import fc from 'fast-check'
import { sql } from 'kysely'
import { anAccountEvent, type PayoutHandlers, payoutHandlers } from './handlers.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const HOUR_MS = 3_600_000

/** What Stripe makes of a payee in the end, whatever else goes wrong on the way. */
const ENDS = {
  usual: 'completed',
  nofunds: 'completed',
  closed: 'failed_terminal',
  forbidden: 'failed_terminal',
  /** It becomes able while its transfer waits, or before. */
  nocap: 'completed',
  /** Nobody ever opens it. */
  none: 'awaiting_destination',
} as const satisfies Record<string, TransferStatus>

const FAULTS: readonly FaultKind[] = [
  ...(['error-before', 'error-after', 'lost-response', 'garbage-before', 'garbage-after'] as const),
  ...(['rate-limited', 'lock-timeout', 'insufficient-funds', 'stored-error-before', 'stored-error-after'] as const),
]

interface Payee {
  readonly kind: keyof typeof ENDS
  readonly amount: bigint
  readonly isKnown: boolean
  /** What goes wrong with its transfer, each once. Fewer than the refusals that end one. */
  readonly faults: readonly FaultKind[]
  readonly deaths: readonly ('before the call' | 'before it is recorded')[]
}

const payee: fc.Arbitrary<Payee> = fc.record({
  kind: fc.constantFrom(...(Object.keys(ENDS) as Payee['kind'][])),
  amount: fc.bigInt(1n, 10n ** 9n),
  isKnown: fc.boolean(),
  faults: fc.array(fc.constantFrom(...FAULTS), { maxLength: 4 }),
  deaths: fc.array(fc.constantFrom('before the call' as const, 'before it is recorded' as const), { maxLength: 2 }),
})

/** Stripe as a worker has it that is gone now and then: before the call, or before it can record the answer. */
function dying(deaths: ReadonlyMap<string, string[]>): Rail {
  const dieOf = (payableId: string, when: string): void => {
    const left = deaths.get(payableId)
    if (left?.[0] !== when) return
    left.shift()
    throw new Error(`the worker is gone ${when}`)
  }
  return {
    ...world.stripe,
    async pay(instruction) {
      dieOf(instruction.payableId, 'before the call')
      const outcome = await world.stripe.pay(instruction)
      dieOf(instruction.payableId, 'before it is recorded')
      return outcome
    },
  }
}

test('whatever faults, deaths, lost and repeated messages, each payee is paid once, or for a known reason not at all', async () => {
  const settlement = fc.array(payee, { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.array(settlement, { minLength: 1, maxLength: 3 }), fc.integer(), async (settlements, seed) => {
      await run(settlements, chanceFrom(seed))
    }),
    { numRuns: 8, endOnFailure: true },
  )
}, 90_000)

interface Played {
  readonly settlementId: string
  /** By user. */
  readonly payees: ReadonlyMap<string, Payee>
}

async function run(settlements: readonly (readonly Payee[])[], chance: () => number): Promise<void> {
  world.sandbox.stripe.setFaults({ rates: {} })
  const deaths = new Map<string, string[]>()
  const handlers = payoutHandlers(world, { rail: dying(deaths), random: chance })
  const played = await Promise.all(settlements.map(settle))
  const ids = played.map(({ settlementId }) => ({ settlementId }))
  await world.deliver(handlers.create, ...ids)
  for (const { settlementId, payees } of played) {
    for (const { transferId, userId } of await transfersOf(world, settlementId)) {
      const { faults = [], deaths: ends = [] } = payees.get(userId) ?? {}
      for (const kind of faults) world.sandbox.stripe.faults.script({ kind, subject: transferId })
      deaths.set(transferId, [...ends])
    }
  }
  await playUntilAllHasEnded(handlers, played, chance)
  for (const one of played) await judge(one)
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
}

async function settle(payees: readonly Payee[]): Promise<Played> {
  const name = `${Math.random()}`.slice(2)
  const { settlementId, winners } = await aSettlement(world, {
    winners: payees.map(({ kind, amount }, index) => ({
      account: kind === 'none' ? null : `acct_${kind}_${name}_${index}`,
      amount,
    })),
    accountsAreKnown: false,
  })
  const byUser = new Map(winners.map(({ userId }, index) => [userId, payees[index] as Payee]))
  return { settlementId, payees: byUser }
}

/** Carries messages until none is left, and where some were lost, lets the scheduler look. */
async function playUntilAllHasEnded(
  handlers: PayoutHandlers,
  played: readonly Played[],
  chance: () => number,
): Promise<void> {
  const create = routeOf(topics.settlementCompleted, handlers.create)
  const pay = routeOf(topics.payoutTransfer, handlers.pay)
  const apply = routeOf(topics.stripeEvent, handlers.apply)
  const news = await newsOfAccounts(played, chance)
  for (let look = 0; look < 40; look += 1) {
    await carry(world, [create, pay, apply], {
      chance,
      async between() {
        await handlers.verifier.idle()
        await misfortune(chance)
        if (chance() < 0.2) await handlers.schedule()
        const told: Parcel[] = []
        if (chance() < 0.3) told.push(create.parcel({ settlementId: played[0]?.settlementId }))
        while (news.length > 0 && chance() < 0.5) told.push(apply.parcel(news.shift() ?? {}))
        return told
      },
    })
    if (news.length === 0 && (await isOver(played))) return
    world.moveClock(HOUR_MS)
    await world.deliver(handlers.scheduled, {})
    await handlers.verifier.idle()
  }
  throw new Error('not all has ended')
}

/** What befalls everybody at once. */
async function misfortune(chance: () => number): Promise<void> {
  if (chance() < 0.05) world.sandbox.stripe.refuseApiKey(1 + Math.floor(chance() * 3))
  if (chance() < 0.05) world.moveClock((chance() < 0.5 ? 13 : 25) * HOUR_MS) // keys grow old, or are forgotten
  if (chance() < 0.1) {
    await sql`delete from outbox where topic = ${topics.payoutTransfer.name} and id % 2 = 0`.execute(world.database)
  }
}

/** Events of accounts, true and outdated, in no order. */
async function newsOfAccounts(played: readonly Played[], chance: () => number): Promise<object[]> {
  const { rows } = await sql<{ user_id: string; account: string }>`
    select user_id, stripe_account_id as account from settlement_winners where stripe_account_id is not null
      and settlement_id = any(${played.map(({ settlementId }) => settlementId)}::text[])`.execute(world.database)
  const news = rows.flatMap(({ user_id, account }) => {
    const { kind, isKnown } = played.flatMap(({ payees }) => payees.get(user_id) ?? [])[0] ?? {}
    if (kind !== 'nocap' && !isKnown) return []
    world.sandbox.stripe.updateAccount(account, { payouts_enabled: true, capabilities: { transfers: 'active' } })
    const before = new Date(world.now().getTime() - Math.floor(chance() * 3) * 1_000)
    return [anAccountEvent(world, account), anAccountEvent(world, account, { transfersActive: false, created: before })]
  })
  return news
    .map((event) => ({ event, at: chance() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ event }) => event)
}

async function isOver(played: readonly Played[]): Promise<boolean> {
  const transfers = await Promise.all(played.map(({ settlementId }) => transfersOf(world, settlementId)))
  return transfers.flat().every(({ status, heldReason }) => {
    return status === 'completed' || status === 'failed_terminal' || heldReason === 'no_account'
  })
}

async function judge({ settlementId, payees }: Played): Promise<void> {
  const ends = { completed: 0, failed: 0 }
  for (const transfer of await transfersOf(world, settlementId)) {
    const { transferId, userId, status, money, destination, attempts } = transfer
    const { kind = 'usual' } = payees.get(userId) ?? {}
    expect({ kind, ...transfer }).toMatchObject({ kind, status: ENDS[kind] })
    const isPaid = status === 'completed'
    expect(madeAtStripe(world, transferId)).toEqual(isPaid ? [{ amount: money.amount, destination }] : [])
    if (isPaid) ends.completed += 1
    if (status === 'failed_terminal') {
      ends.failed += 1
      expect(transfer.failureReason).toBe(kind === 'closed' ? 'account_closed' : 'account_invalid')
    }
    expect(await postedFor(world, transferId)).toEqual(
      isPaid
        ? { owed_from: -money.amount, paid_from: money.amount }
        : { owed_from: -money.amount, payee: money.amount },
    )
    // Each try has its two entries, whatever came of it.
    expect(await ledgerKeys(world, transferId)).toHaveLength(1 + 2 * attempts)
    expect(await alertsAbout(world, transferId)).not.toHaveProperty('payment_mismatch')
  }
  const { status, counts } = await jobOf(world, settlementId)
  expect(counts).toEqual({ total: payees.size, ...ends })
  const isOver = ends.completed + ends.failed === payees.size
  expect(status === 'complete').toBe(isOver)
}
