import { expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { startStripe } from '@remesa/sandbox/stripe'
import { createStripeRail } from '../src/stripe-rail.ts'
import { apiBaseOf, instruction, running, second } from './rail.ts'

async function startWorld(timeoutMs = 2_000) {
  const stripe = await startStripe()
  const rail = createStripeRail({
    secretKey: stripe.credentials.apiKey,
    apiBase: apiBaseOf(stripe.url),
    timeoutMs,
    rate: { perSecond: 1_000, concurrent: 10 },
  })
  running.push({ close: () => stripe.stop() }, rail)
  const submission = { subject: instruction.payableId, route: 'POST /v1/transfers' }
  return { stripe, rail, submission, paid: () => stripe.books.payments(instruction.destination).length }
}

test('after want of funds the same key never succeeds, however much money there is; the next generation does', async () => {
  const { stripe, rail, paid } = await startWorld()
  stripe.setBalance(money(0n, 'USD'))
  const refused = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: true }
  expect(await rail.pay(instruction)).toMatchObject(refused)
  stripe.topUp(money(10_000_000n, 'USD'))
  for (let tries = 0; tries < 5; tries += 1) expect(await rail.pay(instruction)).toMatchObject(refused)
  expect(paid()).toBe(0)

  expect(await rail.pay(second)).toMatchObject({ kind: 'accepted' })
  expect(paid()).toBe(1)
})

test('after a lost reply the same key pays once, and a new one would pay twice', async () => {
  const { stripe, rail, submission, paid } = await startWorld()
  stripe.faults.script({ kind: 'lost-response', ...submission })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted' })
  expect(paid()).toBe(1)

  // The trap: what the protocol never does before a look-up has proven that nothing was made.
  await rail.pay(second)
  expect(paid()).toBe(2)
  expect(await rail.find(instruction)).toMatchObject({ kind: 'unknown', reason: 'mismatch' })
})

test('after a time-out the work may still be under way: the key says so, and pays once', async () => {
  const { stripe, rail, paid } = await startWorld(60)
  await rail.getAccount(instruction.destination) // so that a connection is there
  stripe.slowWork(instruction.payableId, 200)
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'no_answer' })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'in_progress' })
  let outcome = await rail.pay(instruction)
  while (outcome.kind === 'unknown') outcome = await rail.pay(instruction)
  expect(outcome).toMatchObject({ kind: 'accepted' })
  expect(paid()).toBe(1)
})

test('a day later the key is forgotten: sending it again would pay twice, a look-up finds what was paid', async () => {
  const { stripe, rail, submission, paid } = await startWorld()
  stripe.faults.script({ kind: 'lost-response', ...submission })
  await rail.pay(instruction)
  stripe.forgetKeys()
  expect(await rail.find(instruction)).toMatchObject({ kind: 'accepted', status: { state: 'paid' } })
  expect(paid()).toBe(1)

  await rail.pay(instruction) // the trap, which keyLifetime of the contract keeps the protocol from
  expect(paid()).toBe(2)
})

test.each(['stored-error-before', 'stored-error-after'] as const)(
  'an error that Stripe stored (%s) never heals under its key; a look-up tells whether a new generation is needed',
  async (kind) => {
    const { stripe, rail, submission, paid } = await startWorld()
    stripe.faults.script({ kind, ...submission })
    expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'server_error' })
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await rail.pay(instruction)).toMatchObject({ kind: 'unknown', reason: 'replayed_error' })
    }
    const found = await rail.find(instruction)
    if (found === 'not-found') await rail.pay(second)
    else expect(found).toMatchObject({ kind: 'accepted' })
    expect(found === 'not-found').toBe(kind === 'stored-error-before')
    expect(paid()).toBe(1)
  },
)

test('a transfer that was taken back is told as reversed, by its status, its look-up and its key', async () => {
  const { stripe, rail } = await startWorld()
  const { reference = '' } = (await rail.pay(instruction)) as { reference?: string }
  const url = `${stripe.url}/v1/transfers/${reference}/reversals`
  await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${stripe.credentials.apiKey}` } })
  const status = { state: 'reversed', reason: 'transfer_reversed' }
  expect(await rail.status(reference)).toEqual(status)
  expect(await rail.find(instruction)).toMatchObject({ kind: 'accepted', reference, status })
  expect(await rail.pay(instruction)).toMatchObject({ kind: 'accepted', reference, status })
  expect(await rail.find(second)).toBe('not-found')
})
