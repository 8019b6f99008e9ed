import { afterEach, expect, test } from '@jest/globals'
import { openAlerts } from '@remesa/database/finance-alerts'
import { money } from '@remesa/domain/money'
import type { PaymentInstruction } from '@remesa/domain/rail'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { reconcileRailsOnRequest } from '../src/reconcile-rails-on-request.ts'
import { anInstruction, aRailWorld, utcDay } from './rail-world.ts'

let stop: (() => Promise<void>) | undefined
afterEach(async () => {
  await stop?.()
  stop = undefined
})

async function start(...options: Parameters<typeof aRailWorld>) {
  const made = await aRailWorld(...options)
  stop = made.world.stop
  const expected: string[] = []
  return {
    ...made,
    expected,
    /** Says what must be found of a payment. */
    expects(category: string, reference: string | null, { payableId }: PaymentInstruction) {
      expected.push(`${category} ${reference} ${payableId}`)
      expected.sort()
    },
  }
}

const times = (count: number, make: (n: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)))

test('FPay: whatever differs is found, each once, and nothing else', async () => {
  const { world, pay, record, reconcile, expects, expected } = await start()
  const { fpay } = world.sandbox
  const asked = (change: Partial<PaymentInstruction> = {}) =>
    anInstruction('seller-balance', 'FP-000123', { money: money(1_000n, 'CLP'), ...change })
  const settled = async (instruction: PaymentInstruction) => {
    const reference = await pay('fpay', instruction)
    fpay.settle(reference)
    return reference
  }

  await times(120, async () => {
    const fine = asked()
    await record('fpay', fine, { state: 'paid', reference: await settled(fine) })
  })
  const pending = asked()
  await record('fpay', pending, { state: 'accepted', reference: await pay('fpay', pending) })
  const cancelled = asked()
  fpay.cancel(await pay('fpay', cancelled))
  await record('fpay', cancelled, { state: 'declined' })

  const stranger = asked()
  expects('paid_not_recorded', await settled(stranger), stranger)
  const refused = asked()
  expects('paid_not_recorded', await settled(refused), refused)
  await record('fpay', refused, { state: 'declined' })
  const gone = asked()
  await record('fpay', gone, { state: 'paid', reference: 'fpo_never' })
  expects('recorded_not_paid', null, gone)
  const returned = asked()
  const back = await settled(returned)
  fpay.reverse(back)
  await record('fpay', returned, { state: 'paid', reference: back })
  expects('recorded_not_paid', back, returned)
  const more = asked()
  const tooMuch = await settled(more)
  await record('fpay', more, { state: 'paid', reference: tooMuch, money: money(999n, 'CLP') })
  expects('amount', tooMuch, more)
  const soles = asked()
  const inPesos = await settled(soles)
  await record('fpay', soles, { state: 'paid', reference: inPesos, money: money(1_000n, 'PEN') })
  expects('currency', inPesos, soles)
  const twice = asked()
  const once = await settled(twice)
  await record('fpay', twice, { state: 'paid', reference: once })
  expects('duplicate', fpay.makeAgain(once), twice)
  const underWay = asked()
  await record('fpay', underWay, { state: 'claimed' })
  expects('timing', null, underWay)

  const { told, result, severity } = await reconcile('fpay')
  expect(told).toEqual(expected)
  expect([result.status, severity]).toEqual(['discrepancy_found', 'critical'])
  expect(result.findings).toEqual({
    ...{ paid_not_recorded: 2, recorded_not_paid: 2, amount: 1, currency: 1, duplicate: 1, timing: 1 },
  })
})

test('Stripe: whatever differs is found, each once, and nothing else', async () => {
  const { world, pay, record, reconcile, expects, expected } = await start()
  const asked = (change: Partial<PaymentInstruction> = {}) => anInstruction('payout', 'acct_winner', change)
  const stripe = (instruction: PaymentInstruction) => pay('stripe-transfers', instruction)

  await times(120, async () => {
    const fine = asked()
    await record('stripe-transfers', fine, { state: 'paid', reference: await stripe(fine) })
  })
  const stranger = asked()
  expects('paid_not_recorded', await stripe(stranger), stranger)
  const refused = asked()
  expects('paid_not_recorded', await stripe(refused), refused)
  await record('stripe-transfers', refused, { state: 'declined' })
  const gone = asked()
  await record('stripe-transfers', gone, { state: 'paid', reference: 'tr_never' })
  expects('recorded_not_paid', null, gone)
  const takenBack = asked()
  const back = await stripe(takenBack)
  await record('stripe-transfers', takenBack, { state: 'paid', reference: back })
  await world.stripe.reversals.pay(asked({ destination: back }))
  expects('recorded_not_paid', back, takenBack)
  const partly = asked()
  const part = await stripe(partly)
  await record('stripe-transfers', partly, { state: 'paid', reference: part })
  await world.stripe.reversals.pay(asked({ destination: part, money: money(300n, 'USD') }))
  expects('amount', part, partly)
  const more = asked()
  const tooMuch = await stripe(more)
  await record('stripe-transfers', more, { state: 'paid', reference: tooMuch, money: money(999n, 'USD') })
  expects('amount', tooMuch, more)
  const euros = asked()
  const inDollars = await stripe(euros)
  await record('stripe-transfers', euros, { state: 'paid', reference: inDollars, money: money(1_000n, 'EUR') })
  expects('currency', inDollars, euros)
  const first = asked()
  const second = asked({ payableId: first.payableId, generation: 2 })
  expects('duplicate', await stripe(first), first)
  await record('stripe-transfers', first, { state: 'declined' })
  await record('stripe-transfers', second, { state: 'paid', reference: await stripe(second) })
  const underWay = asked()
  await record('stripe-transfers', underWay, { state: 'claimed' })
  expects('timing', null, underWay)

  const { told, severity } = await reconcile('stripe-transfers')
  expect(told).toEqual(expected)
  expect(severity).toBe('critical')
})

test('Payoneer: whatever differs of what we asked for is found, each once, and nothing else', async () => {
  const { world, pay, record, reconcile, expects, expected } = await start()
  const { payoneer } = world.sandbox
  const asked = (change: Partial<PaymentInstruction> = {}) => anInstruction('seller-balance', 'PY-0001', change)
  const settled = async (instruction: PaymentInstruction) => {
    const reference = await pay('payoneer', instruction)
    payoneer.settle(reference)
    return reference
  }

  await times(30, async () => {
    const fine = asked()
    await record('payoneer', fine, { state: 'paid', reference: await settled(fine) })
  })
  const pending = asked()
  await record('payoneer', pending, { state: 'accepted', reference: await pay('payoneer', pending) })

  const refused = asked()
  expects('paid_not_recorded', await settled(refused), refused)
  await record('payoneer', refused, { state: 'declined' })
  const gone = asked()
  await record('payoneer', gone, { state: 'paid', reference: gone.idempotencyKey })
  expects('recorded_not_paid', null, gone)
  const more = asked()
  const tooMuch = await settled(more)
  await record('payoneer', more, { state: 'paid', reference: tooMuch, money: money(999n, 'USD') })
  expects('amount', tooMuch, more)
  const pesos = asked()
  const inDollars = await settled(pesos)
  await record('payoneer', pesos, { state: 'paid', reference: inDollars, money: money(1_000n, 'CLP') })
  expects('currency', inDollars, pesos)
  const first = asked()
  const second = asked({ payableId: first.payableId, generation: 2 })
  expects('duplicate', await settled(first), first)
  await record('payoneer', first, { state: 'declined' })
  await record('payoneer', second, { state: 'paid', reference: await settled(second) })
  const underWay = asked()
  await record('payoneer', underWay, { state: 'claimed' })
  expects('timing', null, underWay)

  const { told } = await reconcile('payoneer')
  expect(told).toEqual(expected)
})

test('NetSuite: whatever differs is found, each once, and nothing else', async () => {
  const { world, aPaidBalance, book, reconcile } = await start()
  const expected: string[] = []
  for (let n = 0; n < 10; n += 1) {
    const fine = await aPaidBalance()
    await fine.tell(await book(fine, 1_000n))
  }
  const unheardOf = await aPaidBalance()
  expected.push(`paid_not_recorded ${await book(unheardOf, 1_000n)} ${unheardOf.id}`)
  const failed = await aPaidBalance('failed')
  expected.push(`paid_not_recorded ${await book(failed, 1_000n)} ${failed.id}`)
  const cameBack = await aPaidBalance('returned')
  const standing = await book(cameBack, 1_000n)
  await cameBack.tell(standing)
  expected.push(`paid_not_recorded ${standing} ${cameBack.id}`)
  const neverTold = await aPaidBalance()
  expected.push(`recorded_not_paid null ${neverTold.id}`)
  const deleted = await aPaidBalance()
  await deleted.tell('999999')
  expected.push(`recorded_not_paid null ${deleted.id}`)
  const less = await aPaidBalance()
  const tooLittle = await book(less, 900n)
  await less.tell(tooLittle)
  expected.push(`amount ${tooLittle} ${less.id}`)
  const twice = await aPaidBalance()
  await twice.tell(await book(twice, 1_000n))
  expected.push(`duplicate ${await book(twice, 1_000n, { externalId: 'typed in by hand' })} ${twice.id}`)
  const dollars = await aPaidBalance('paid', 'PEN')
  const inPesos = await book(dollars, 1_000n)
  await dollars.tell(inPesos)
  expected.push(`currency ${inPesos} ${dollars.id}`)
  // Of another matter, and of another day.
  await book(twice, 500n, { externalId: 'rent', memo: 'rent of November' })

  const { told, severity } = await reconcile('netsuite')
  expect(told).toEqual(expected.sort())
  expect(severity).toBe('critical')
  expect(await openAlerts(world.database, { limit: 10 })).toMatchObject([{ kind: 'rail_books_differ' }])
})

test('books that agree are a success; what finance mended settles the alert of the same window', async () => {
  const { world, pay, record, reconcile } = await start()
  const asked = anInstruction('seller-balance', 'FP-000123', { money: money(1_000n, 'CLP') })
  const reference = await pay('fpay', asked)
  world.sandbox.fpay.settle(reference)
  const first = await reconcile('fpay')
  expect([first.result.status, first.severity, first.result.urgent]).toEqual(['discrepancy_found', 'critical', 1])
  const [alert] = await openAlerts(world.database, { limit: 10 })
  expect(alert).toMatchObject({ kind: 'rail_books_differ', subject: { id: first.result.reportId } })
  await record('fpay', asked, { state: 'paid', reference })
  const second = await reconcile('fpay')
  expect([second.result.status, second.severity, second.told]).toEqual(['success', 'none', []])
  expect(await openAlerts(world.database, { limit: 10 })).toEqual([])
  const { rows } = await sql`select status, kind from reconciliation_reports order by started_at`.execute(
    world.database,
  )
  expect(rows).toEqual([
    { status: 'discrepancy_found', kind: 'fpay' },
    { status: 'success', kind: 'fpay' },
  ])
})

test('a run says which alert stands: one with nothing urgent ends the urgent one, a failed one ends none and names it', async () => {
  const { world, pay, record, reconcile } = await start()
  const asked = anInstruction('seller-balance', 'FP-000123', { money: money(1_000n, 'CLP') })
  const reference = await pay('fpay', asked)
  world.sandbox.fpay.settle(reference)
  const open = async () =>
    (await openAlerts(world.database, { limit: 10 }))
      .map(({ kind, details }) => `${kind}, ${(details as { standing?: string[] }).standing?.join()}`)
      .sort()
  expect((await reconcile('fpay')).severity).toBe('critical')
  expect(await open()).toEqual(['rail_books_differ, '])

  const list = { kind: 'error-before', route: 'GET /v1/payouts', times: 6 } as const
  world.sandbox.fpay.faults.script(list)
  expect((await reconcile('fpay')).result.status).toBe('error')
  expect(await open()).toEqual(['rail_books_differ, ', 'rail_books_unclear, rail_books_differ'])

  // Recorded at last, by an amount that is not theirs: a difference, and nothing that could be paid twice.
  await record('fpay', { ...asked, money: money(1_001n, 'CLP') }, { state: 'paid', reference })
  expect((await reconcile('fpay')).severity).toBe('warning')
  expect(await open()).toEqual(['rail_books_unclear, '])
  world.sandbox.fpay.faults.script(list)
  await reconcile('fpay')
  expect(await open()).toEqual(['rail_books_unclear, rail_books_unclear'])
})

test('an urgent run leaves one alert of its window, not two', async () => {
  const { world, pay, reconcile } = await start()
  const asked = anInstruction('seller-balance', 'FP-000123', { money: money(1_000n, 'CLP') })
  world.sandbox.fpay.settle(await pay('fpay', asked))
  world.sandbox.fpay.faults.script({ kind: 'error-before', route: 'GET /v1/payouts', times: 6 })
  await reconcile('fpay')
  expect(await openAlerts(world.database, { limit: 10 })).toMatchObject([{ kind: 'rail_books_unclear' }])
  expect((await reconcile('fpay')).severity).toBe('critical')
  expect(await openAlerts(world.database, { limit: 10 })).toMatchObject([{ kind: 'rail_books_differ' }])
})

test('books that cannot be read to the end give a report that says so, no findings, and an alert', async () => {
  const { world, pay, record, reconcile } = await start()
  await times(150, async () => {
    const asked = anInstruction('seller-balance', 'FP-000123', { money: money(1_000n, 'CLP') })
    await record('fpay', asked, { state: 'accepted', reference: await pay('fpay', asked) })
  })
  const list = { kind: 'error-before', route: 'GET /v1/payouts', times: 1_000 } as const
  let pages = 0
  const { result, severity, error, findings } = await reconcile('fpay', {
    onProgress(read) {
      pages += 1
      expect(read).toBe(100)
      world.sandbox.fpay.faults.script(list) // the second page is never had
    },
  })
  expect(pages).toBe(1)
  expect([result.status, severity, result.payments, findings]).toEqual(['error', null, 0, []])
  expect(error).toContain('fpay, list payouts')
  expect(await openAlerts(world.database, { limit: 10 })).toMatchObject([{ kind: 'rail_books_unclear' }])
  const { rows } = await sql`select reference from rail_staged_payments`.execute(world.database)
  expect(rows).toEqual([])
})

test('under faults of every kind the same is found as without', async () => {
  const { world, pay, record, reconcile, expects, expected } = await start()
  await times(250, async (n) => {
    const asked = anInstruction('payout', 'acct_winner')
    const reference = await pay('stripe-transfers', asked)
    if (n % 50 === 0) expects('paid_not_recorded', reference, asked)
    else await record('stripe-transfers', asked, { state: 'paid', reference })
  })
  const kinds = ['error-before', 'error-after', 'lost-response', 'garbage-before', 'rate-limited'] as const
  const rates = Object.fromEntries(kinds.map((kind) => [kind, 0.3]))
  world.sandbox.stripe.setFaults({ seed: 11, perSubject: 1, retryAfterSeconds: 0, rates })
  expect((await reconcile('stripe-transfers')).told).toEqual(expected)
})

test('the worker does what is asked, tries again what could not be read, and rejects a window of no length', async () => {
  const { world, parts } = await start()
  const handle = reconcileRailsOnRequest({ ...parts, againAfterMs: 1_000 })
  const asked = { books: 'fpay', ...utcDay(world.now(), -1) } as const
  expect(await world.deliver(handle, asked)).toEqual([done])
  world.sandbox.fpay.faults.script({ kind: 'error-before', route: 'GET /v1/payouts', times: 1_000 })
  expect(await world.deliver(handle, asked)).toMatchObject([{ kind: 'retry', afterMs: 1_000 }])
  expect(await openAlerts(world.database, { limit: 10 })).toEqual([]) // not before the last try
  const last = { id: '1', data: asked, attributes: {}, orderingKey: '', deliveryAttempt: 1, retries: 4 }
  expect(await world.deliver(handle, last)).toEqual([done])
  expect(await openAlerts(world.database, { limit: 10 })).toMatchObject([{ kind: 'rail_books_unclear' }])
  expect(await world.deliver(handle, { ...asked, endDate: asked.startDate })).toMatchObject([{ kind: 'reject' }])
  const { rows } = await sql`select status from reconciliation_reports order by started_at`.execute(world.database)
  expect(rows).toEqual(['success', 'error', 'error'].map((status) => ({ status })))
})

test('days that are not over are refused or waited for, NetSuite’s by the marketplace’s clock, and nothing is stored', async () => {
  const { world, parts } = await start()
  const midnight = (Math.ceil(world.now().getTime() / 86_400_000) + 1) * 86_400_000 // not this one: it may be too near
  world.moveClock(midnight - world.now().getTime() - 600_000)
  const handle = reconcileRailsOnRequest({ ...parts, againAfterMs: 1_000 })
  const ask = async (books: 'fpay' | 'netsuite', days: number) =>
    (await world.deliver(handle, { books, ...utcDay(world.now(), days) }))[0]
  const end = new Date(midnight)
  for (const books of ['fpay', 'netsuite'] as const) {
    expect(await ask(books, 1)).toMatchObject({ kind: 'reject', reason: expect.stringContaining('is not over') })
  }
  const wait = await ask('fpay', 0)
  expect(wait).toMatchObject({ kind: 'retry', reason: expect.stringContaining(end.toISOString()) })
  expect(wait).toMatchObject({ afterMs: expect.any(Number) })
  if (wait?.kind === 'retry') expect(Math.abs(wait.afterMs - 600_000)).toBeLessThan(60_000)

  world.moveClock(600_000)
  expect(await ask('fpay', -1)).toEqual(done)
  const { rows } = await sql<{ kind: string }>`select kind from reconciliation_reports`.execute(world.database)
  expect(rows).toEqual([{ kind: 'fpay' }])
  // In Santiago it is still the evening before.
  expect(await ask('netsuite', -1)).toMatchObject({ kind: 'retry' })
  world.moveClock(4 * 3_600_000)
  expect(await ask('netsuite', -1)).toEqual(done)
})
