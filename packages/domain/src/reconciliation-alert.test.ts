import { expect, test } from '@jest/globals'
import { matterDedupKeyOf, matterKeyOf } from './alert-matter.ts'
import {
  type AlertStep,
  colourOf,
  countsOf,
  cut,
  dedupKeyOf,
  pagerDutySeverityOf,
  type ReconciliationTold,
  stepsFor,
  withinBounds,
} from './reconciliation-alert.ts'

const told = (changes: Partial<ReconciliationTold> = {}): ReconciliationTold => ({
  reportId: 'r1',
  day: '2026-11-19',
  window: { from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' },
  status: 'discrepancy_found',
  severity: 'warning',
  percentage: 5,
  stripeTotal: { amount: '10500.00', currency: 'USD' },
  databaseTotal: { amount: '10000.00', currency: 'USD' },
  discrepancy: { amount: '500.00', currency: 'USD' },
  byCurrency: [],
  missingInDatabase: [],
  missingInStripe: [],
  amountMismatches: 0,
  recommendations: [],
  ...changes,
})

const POST: AlertStep = { channel: 'slack', action: 'post' }
const TRIGGER: AlertStep = { channel: 'pagerduty', action: 'trigger' }
const RESOLVE: AlertStep = { channel: 'pagerduty', action: 'resolve' }

// facts: alerts §2, severity map
test.each<[string, Partial<ReconciliationTold>, { closed: readonly AlertStep[]; open: readonly AlertStep[] }]>([
  ['within tolerance', { status: 'success', severity: 'none' }, { closed: [], open: [RESOLVE] }],
  ['with findings within tolerance', { severity: 'none' }, { closed: [], open: [] }],
  ['above tolerance, to 5 %', { severity: 'warning' }, { closed: [POST], open: [POST] }],
  ['above 5 %', { severity: 'critical' }, { closed: [POST, TRIGGER], open: [POST, TRIGGER] }],
  [
    'failed, and tried again by itself',
    { status: 'error', severity: 'critical', isTriedAgain: true },
    { closed: [POST], open: [POST] },
  ],
  ['failed', { status: 'error', severity: 'none' }, { closed: [POST, TRIGGER], open: [POST, TRIGGER] }],
])('a run %s goes to whom the severity map says', (_, changes, { closed, open }) => {
  const standing = { isAboutRefunds: true, isOvertaken: false }
  expect(stepsFor(told(changes), { ...standing, incidentIsOpen: false })).toEqual(closed)
  expect(stepsFor(told(changes), { ...standing, incidentIsOpen: true })).toEqual(open)
})

test('a clean run without refunds resolves only what was found without them', () => {
  const clean = told({ status: 'success', severity: 'none', includesRefunds: false })
  const standing = { incidentIsOpen: true, isOvertaken: false }
  expect(stepsFor(clean, { ...standing, isAboutRefunds: true })).toEqual([])
  expect(stepsFor(clean, { ...standing, isAboutRefunds: false })).toEqual([RESOLVE])
})

test('a run that another has overtaken is shown, and neither opens an incident nor ends one', () => {
  const standing = { incidentIsOpen: true, isAboutRefunds: true, isOvertaken: true }
  expect(stepsFor(told({ severity: 'critical' }), standing)).toEqual([POST])
  expect(stepsFor(told({ status: 'error' }), standing)).toEqual([POST])
  expect(stepsFor(told({ status: 'success', severity: 'none' }), standing)).toEqual([])
})

test('orange to 5 %, red above it and for a run that failed; a failed run pages less loudly', () => {
  expect(colourOf(told())).toBe('#FFA500')
  expect(colourOf(told({ severity: 'critical' }))).toBe('#FF0000')
  expect(colourOf(told({ status: 'error', severity: 'none' }))).toBe('#FF0000')
  expect(pagerDutySeverityOf(told({ severity: 'critical' }))).toBe('critical')
  expect(pagerDutySeverityOf(told({ status: 'error' }))).toBe('error')
})

test('runs of a day share a key; another day, account or environment has its own', () => {
  expect(dedupKeyOf(told(), 'prod')).toBe('billing-recon:prod:platform:2026-11-19')
  const keys = [
    dedupKeyOf(told({ reportId: 'r2', severity: 'critical' }), 'prod'),
    dedupKeyOf(told(), 'staging'),
    dedupKeyOf(told({ day: '2026-11-18' }), 'prod'),
    dedupKeyOf(told({ day: '2026-11-19/2026-11-21' }), 'prod'),
    dedupKeyOf(told({ account: 'acct_main' }), 'prod'),
  ]
  expect(new Set([dedupKeyOf(told(), 'prod'), ...keys]).size).toBe(5)
})

test('long names do not make keys of two days one', () => {
  const long = { account: 'a'.repeat(300) }
  const moments = { day: '2026-11-19T00:00:00.000Z/2026-11-19T01:00:00.000Z' }
  expect(dedupKeyOf(told({ ...long, ...moments }), 'e'.repeat(300)).length).toBeLessThanOrEqual(255)
  expect(dedupKeyOf(told(long), 'prod')).not.toBe(dedupKeyOf(told({ ...long, day: '2026-11-18' }), 'prod'))
})

test('refusals of Slack are one matter per environment', () => {
  const matter = { kind: 'slack_refuses', refusal: { reason: 'no_service', until: '2026-11-20T03:00:00Z' } } as const
  expect([matterKeyOf(matter), matterDedupKeyOf(matter, 'prod')]).toEqual(['webhook', 'slack-refuses:prod'])
  const billing = { kind: 'billing_reconciliation', told: told() } as const
  expect(matterKeyOf(billing)).toBe('platform:2026-11-19')
  expect(matterDedupKeyOf(billing, 'prod')).toBe(dedupKeyOf(told(), 'prod'))
})

test('what is kept to be told does not grow with a report, and still says how many there are', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `pi_${index}`)
  const large = told({
    missingInDatabase: ids,
    missingInStripe: ['x'.repeat(10_000)],
    recommendations: Array(50).fill('r'.repeat(10_000)),
    byCurrency: Array(200).fill({ currency: 'USD', stripeTotal: '1', databaseTotal: '1', discrepancy: '0', more: 'x' }),
    error: 'e'.repeat(10_000),
  })
  const kept = withinBounds(large)
  expect(JSON.stringify(kept).length).toBeLessThan(40_000)
  expect(countsOf(kept)).toEqual({ missingInDatabase: 10_000, missingInStripe: 1 })
  expect(kept.missingInDatabase).toEqual(ids.slice(0, 100))
  expect(kept.byCurrency[0]).toEqual({ currency: 'USD', stripeTotal: '1', databaseTotal: '1', discrepancy: '0' })
  expect(withinBounds(kept)).toEqual(kept)
  const counted = { missingInDatabase: 1_000_000, missingInStripe: 0 }
  expect(countsOf(withinBounds({ ...large, counts: counted }))).toEqual(counted)
})

test('a cut text is no longer than asked, and tears no character', () => {
  expect(cut('abc', 3)).toBe('abc')
  expect(cut('abcd', 3)).toBe('ab…')
  expect(cut('a😀cd', 3)).toBe('a…')
})
