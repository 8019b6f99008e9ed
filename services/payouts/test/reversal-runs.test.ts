import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerFaults } from '@remesa/local-stack/testing/books'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { allTransientFaults, drawn } from '@remesa/sandbox/faults'
import { sql } from 'kysely'
import { GRACE_MS, LEASE_MS } from './handlers.ts'
import { aPaidPayout, askBack, owedToUs, reversing, takenAtStripe } from './reversal-worlds.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const SEED = Number(process.env.REMESA_TEST_SEED ?? Date.now() % 1_000_000)
const PAYOUTS = 25
const AMOUNT = 1_000n

/**
 * Parts of many payouts are asked back while Stripe fails in every way it can, workers die before and after their calls,
 * messages come twice, and some accounts pay out to their banks meanwhile.
 */
test('under every fault at once: each part is taken back once or owed to us, and never more than was transferred', async () => {
  const draw = (text: string): number => drawn(`${SEED} ${text}`)
  const payouts = await Promise.all(Array.from({ length: PAYOUTS }, () => aPaidPayout(world, AMOUNT)))
  const asked = new Map<string, bigint[]>()
  for (const [index, payout] of payouts.entries()) {
    const first = 1n + BigInt(Math.floor(draw(`first ${index}`) * 998))
    const parts = draw(`parts ${index}`) < 0.5 ? [first] : [first, AMOUNT - first]
    asked.set(payout.reference, parts)
    await askBack(world, payout, ...parts)
  }
  world.sandbox.stripe.faults.set({
    ...allTransientFaults(0.25, SEED),
    latencyMs: [0, 5],
    lateMs: 5,
    retryAfterSeconds: 0,
  })
  let calls = 0
  const dying = (when: string): boolean => draw(`${when} ${calls}`) < 0.1
  const { reversals } = world.stripe
  const { reverse, queue } = reversing(world, {
    rail: {
      ...reversals,
      async pay(instruction) {
        calls += 1
        if (dying('before')) throw new Error('the worker is gone')
        const outcome = await reversals.pay(instruction)
        if (dying('after')) throw new Error('the worker is gone')
        return outcome
      },
    },
  })

  let round = 0
  for (; round < 60 && (await open()) > 0; round += 1) {
    if (round === 2) {
      for (const [index, { account }] of payouts.entries())
        if (index % 3 === 0) world.sandbox.stripe.payOutToBank(account)
    }
    const batch = (await world.take(topics.payoutReversal)).map(({ data }) => data)
    await Promise.all([world.deliver(reverse, ...batch), world.deliver(reverse, ...batch.slice(0, 5))])
    world.moveClock(LEASE_MS + GRACE_MS)
    await queue()
  }

  expect({ seed: SEED, open: await open() }).toEqual({ seed: SEED, open: 0 })
  for (const payout of payouts) {
    const parts = asked.get(payout.reference) ?? []
    const taken = takenAtStripe(world, payout)
    const [sum, wanted] = [total(taken), total(parts)]
    expect({ seed: SEED, sum: sum + (await owedToUs(world, payout)) }).toEqual({ seed: SEED, sum: wanted })
    expect(taken.every((amount) => parts.includes(amount))).toBe(true)
    expect(taken.length).toBeLessThanOrEqual(parts.length)
  }
  expect(await booked()).toBe(total(payouts.flatMap((payout) => takenAtStripe(world, payout))))
  expect(await ledgerFaults(world)).toEqual({ disagreements: [], unbalanced: [] })
})

const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n)

async function open(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from payout_reversals where ended_at is null`.execute(world.database)
  return rows[0]?.n ?? 0
}

/** What the ledger says has come back from Stripe. */
async function booked(): Promise<bigint> {
  const { rows } = await sql<{ sum: bigint }>`
    select coalesce(-sum(p.amount), 0)::bigint as sum from ledger_entries e join ledger_postings p on p.entry_id = e.id
    where e.kind = 'payout_reversed' and p.account = 'paid_from:stripe'`.execute(world.database)
  return rows[0]?.sum ?? 0n
}
