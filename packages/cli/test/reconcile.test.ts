import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { topics } from '@remesa/messaging/catalogue'
import { type Books, openBooks } from '@remesa/rails/books'
import { reconcileRailsOnRequest } from '@remesa/reconciliation/reconcile-rails-on-request'
import { sql } from 'kysely'
import { type Operators, operators, remesaProcess } from './support.ts'

/** The days around now, which are over two days later, so that what is paid at the start of a test was paid within them. */
const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10)
const DAYS = ['--from', day(-1), '--to', day(2), '--reason', 'a seller asks']
const TWO_DAYS_MS = 172_800_000

let api: Operators
beforeAll(async () => {
  api = await operators()
  const { database, railEnvironment, logger, work, now } = api.world
  const books = new Map<ReconciledBooks, Books>(
    (['fpay', 'payoneer'] as const).map((name) => [name, openBooks(name, railEnvironment, { retryFirstMs: 1 })]),
  )
  api.world.stopWith(() => {
    for (const one of books.values()) one.close()
  })
  const parts = { database, books, logger, now, timeZone: 'America/Santiago', againAfterMs: 600_000 }
  await work({ topic: topics.railReconciliation, handle: reconcileRailsOnRequest(parts) })
})
afterAll(() => api.stop())

test('what differs is shown with both sides, exit code 1; asked again, the report is a new one', async () => {
  const outcome = await api.world.rails.get('fpay')?.pay({
    ...{ payableId: '00000000-0000-4000-8000-000000000001', idempotencyKey: 'seller-balance:unknown', generation: 1 },
    ...{ money: money(1_250_000n, 'CLP'), destination: 'FP-1', country: 'CL', payeeId: 'S1' },
    ...{ beneficiary: { name: 'Comercial', taxId: '76192083-9' }, description: 'Seller balance' },
  })
  expect(outcome?.kind).toBe('accepted')
  api.world.moveClock(TWO_DAYS_MS)
  const { code, out } = await api.remesa('reconcile', 'fpay', ...DAYS)
  expect(code).toBe(1)
  expect(out.split('\n')[0]).toBe(
    '✗ paid_not_recorded: there fpo_000000000001 pending CLP 1250000; here nothing; CLP 1250000 more there (00000000-0000-4000-8000-000000000001)',
  )
  expect(out).toContain('CLP: 1250000 there, 1250000 more there, 0 more here')
  expect(out).toMatch(/✗ fpay, .*: 1 payment there, 1 urgent finding\. Report /)

  const again = await api.remesa('reconcile', 'fpay', ...DAYS, '--json')
  expect(again.code).toBe(1)
  const report = JSON.parse(again.out)
  expect(report).toMatchObject({
    ...{ books: 'fpay', severity: 'critical', status: 'discrepancy_found', result: { urgent: 1 }, more: false },
    findings: [{ category: 'paid_not_recorded', over: { amount: '1250000', currency: 'CLP' }, ours: null }],
  })
  expect(out).not.toContain(report.id)
})

test('books that agree are exit code 0; who asked and why is audited', async () => {
  const { code, out, err } = await remesaProcess(['reconcile', 'payoneer', ...DAYS], api.env)
  expect([code, out, err]).toEqual([
    0,
    expect.stringContaining('✓ payoneer, '),
    'payoneer: asked for; waiting for the report\n',
  ])
  const { rows } = await sql`
    select actor, action, reason from audit_log
    where action = 'reconciliation.requested' and subject_id like 'payoneer:%'`.execute(api.world.database)
  expect(rows).toEqual([{ actor: 'operator:olga', action: 'reconciliation.requested', reason: 'a seller asks' }])
})

test('books that cannot be read are exit code 2, and it is said why', async () => {
  const { fpay } = api.world.sandbox
  fpay.faults.script({ kind: 'error-before', route: 'GET /v1/payouts', times: 6 })
  const { code, err } = await api.remesa('reconcile', 'fpay', ...DAYS)
  expect([code, err]).toEqual([2, expect.stringContaining('could not be read to their end. fpay, list payouts')])
})

test('payments of a billing report are copied as asked, and who asked for which is audited', async () => {
  const reportId = randomUUID()
  const { database } = api.world
  await sql`
    insert into reconciliation_reports (id, kind, window_from, window_to, include_refunds, tolerance_percentage,
      reporting_currency, status, severity, result, finished_at, duration_ms)
    values (${reportId}, 'billing', '2026-11-01', '2026-11-02', true, 1, 'USD', 'discrepancy_found', 'none', '{}', now(), 1)`.execute(
    database,
  )
  const sync = (...words: string[]) => api.remesa('reconcile', 'sync', reportId, '--reason', 'as advised', ...words)
  expect((await sync()).out).toContain('Asked for.')
  expect((await sync('--category', 'refund_mismatch', 'timing')).code).toBe(0)
  const { rows } = await sql<{ after: object | null }>`
    select after from audit_log where action = 'reconciliation.sync_requested' order by id`.execute(database)
  expect(rows).toEqual([{ after: null }, { after: { categories: ['refund_mismatch', 'timing'] } }])
  const { code, err } = await sync('--payment', 'pi_other')
  expect([code, err]).toEqual([2, expect.stringContaining('found nothing about pi_other')])
  expect((await sync('--category', 'missing_in_stripe')).err).toMatch(/Allowed choices are missing_in_database, amount/)
})

test('no service that compares: exit code 2 after the wait, with what to look at', async () => {
  const days = ['--from', '2026-11-01', '--to', '2026-11-03', '--reason', 'month’s end']
  const words = ['reconcile', 'billing', ...days, '--tolerance', '0.5', '--no-refunds', '--wait', '1']
  const { code, err } = await api.remesa(...words)
  expect([code, err]).toEqual([2, expect.stringContaining('No report within 1 s. It is asked for')])
})

test.each([
  ['no books', ['--from', '2026-11-20', '--reason', 'x'], /missing required argument 'books'/],
  [
    'books that are none',
    ['paypal', '--from', '2026-11-20', '--reason', 'x'],
    /Allowed choices are billing, stripe-transfers/,
  ],
  ['no day', ['fpay', '--reason', 'x'], /required option '--from <day>'/],
  ['no reason', ['fpay', '--from', '2026-11-20'], /required option '--reason <why>'/],
  ['a day that is none', ['fpay', '--from', '2026-02-30'], /A day is written as 2026-11-20/],
  [
    'an end before the start',
    ['fpay', '--from', '2026-11-20', '--to', '2026-11-20', '--reason', 'x'],
    /--to must be after --from/,
  ],
  ['a tolerance that is none', ['billing', '--from', '2026-11-20', '--tolerance', 'x'], /from 0 to 100/],
  [
    'a tolerance where there is none',
    ['fpay', '--from', '2026-11-20', '--reason', 'x', '--tolerance', '2'],
    /must be billing for a tolerance/,
  ],
] as const)('%s is exit code 2 and a line that says so', async (_, words, said) => {
  const { code, out, err } = await api.remesa('reconcile', ...words)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(said)
})
