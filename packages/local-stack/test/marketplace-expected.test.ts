import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { loadMarketplace } from '../src/marketplace/load.ts'
import { expectedPayments, totalsPaid } from './support/expected-payments.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/marketplace/', import.meta.url))

/** Added up by hand, and in the example's README. Minor units. */
const BY_HAND = [
  ['SC01-PAID', 'cl', 1_599_500n, 'CLP', 'fpay', 'FP-100001', 'paid'],
  ['SC02-TWO-COUNTRIES', 'cl', 300_000n, 'CLP', 'fpay', 'FP-100002', 'paid'],
  ['SC02-TWO-COUNTRIES', 'pe', 1_700_00n, 'PEN', 'fpay', 'FP-100002', 'paid'],
  ['SC03-FIRST-PARTY', 'co', 2_500_000_00n, 'COP', 'fpay', 'FP-100003', 'paid'],
  ['SC04-INTERNATIONAL', 'cl', 1_324_99n, 'USD', 'payoneer', 'PY-200004', 'paid'],
  ['SC05-NO-BANK-ID', 'cl', 99_990n, 'CLP', 'fpay', undefined, 'blocked'],
  ['SC06-NO-PAYEE-ID', 'cl', 740_00n, 'USD', 'payoneer', undefined, 'blocked'],
  ['SC07-ACCOUNT-CLOSED', 'cl', 75_000n, 'CLP', 'fpay', 'FP-CLOSED-100007', 'failed'],
  ['SC08-NO-FUNDS-AT-FIRST', 'pe', 880_10n, 'PEN', 'fpay', 'FP-NOFUNDS-100008', 'paid'],
  ['SC09-SLOW-BANK', 'cl', 350_000n, 'CLP', 'fpay', 'FP-SLOW-100009', 'paid'],
  ['SC10-OWES-US', 'cl', -15_000n, 'CLP', 'fpay', 'FP-100010', 'no_payment_due'],
  ['SC11-EVEN', 'pe', 0n, 'PEN', 'fpay', 'FP-100011', 'no_payment_due'],
  ['SC12-NO-DOCUMENTS', 'cl', 0n, 'CLP', 'fpay', 'FP-100012', 'no_payment_due'],
  ['SC13-WRONG-CURRENCY', 'cl', undefined, 'CLP', 'fpay', 'FP-100013', 'blocked'],
  ['SC14-NO-CLOSING', 'co', 800_000_00n, 'COP', 'fpay', 'FP-100014', 'paid'],
  ['SC15-OTHER-CLOSING', 'cl', 505_050n, 'CLP', 'fpay', 'FP-100015', 'paid'],
  ['SC16-OTHER-DAYS', 'pe', 120_35n, 'PEN', 'fpay', 'FP-100016', 'paid'],
  ['SC19-NOT-IN-DOLLARS', 'cl', 640_000n, 'CLP', 'payoneer', 'PY-200019', 'blocked'],
  ['SC20-PAYEE-REFUSED', 'pe', 310_75n, 'USD', 'payoneer', 'PY-CLOSED-200020', 'failed'],
]

test('the check finds in the example what was added up by hand', async () => {
  const expected = await expectedPayments(EXAMPLE, '2026-11-19')
  expect(
    expected.map((one) => [one.gscSellerId, one.country, one.amount, one.currency, one.rail, one.account, one.status]),
  ).toEqual(BY_HAND)
  expect(Object.fromEntries(totalsPaid(expected))).toEqual({
    CLP: 2_754_550n,
    PEN: 2_700_45n,
    COP: 3_300_000_00n,
    USD: 1_324_99n,
  })
})

test('on a day without documents nothing is due', async () => {
  const expected = await expectedPayments(EXAMPLE, '2026-11-01')
  expect(new Set(expected.map(({ status }) => status))).toEqual(new Set(['no_payment_due']))
})

test('written and read again, the example gives the same', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-expected-'))
  try {
    const loaded = await loadMarketplace(EXAMPLE)
    if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
    await writeMarketplace(directory, loaded.marketplace)
    expect(await expectedPayments(directory, '2026-11-19')).toEqual(await expectedPayments(EXAMPLE, '2026-11-19'))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('the README tells of every seller in the example', async () => {
  const readme = await readFile(join(EXAMPLE, 'README.md'), 'utf8')
  for (const [seller, , , , , , status] of BY_HAND) {
    expect(readme).toMatch(new RegExp(`\\| \`${seller}\` .*(\n\\|  .*)?\`${status}\``))
  }
})
