import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { type Marketplace, marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { loadMarketplace } from '../src/marketplace/load.ts'
import { expectedBookings, receivedFrom } from './support/expected-bookings.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/marketplace/', import.meta.url))
const NOW = '2026-11-20T12:00:00Z'
const BOOKING_HEADER = 'booking_id,provider_id,stripe_account_id,currency,provider_share,completed_at'
const TIP_HEADER = 'tip_id,booking_id,amount,added_at,status'
const DISPUTE_HEADER = 'dispute_id,booking_id,opened_at,resolved_at,refund_amount'

const directories: string[] = []
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-bookings-'))
  directories.push(directory)
  await cp(EXAMPLE, directory, { recursive: true })
})
afterAll(() => Promise.all(directories.map((made) => rm(made, { recursive: true, force: true }))))

const write = (file: string, ...lines: readonly string[]): Promise<void> =>
  writeFile(join(directory, file), `${lines.join('\n')}\n`)

async function loaded(): Promise<Marketplace> {
  const found = await loadMarketplace(directory)
  if ('problems' in found) throw new Error(found.problems.join('\n'))
  return found.marketplace
}

async function problems(): Promise<readonly string[]> {
  const found = await loadMarketplace(directory)
  return 'problems' in found ? found.problems : []
}

/** Added up by hand, and in the example's README. Minor units. */
const BOOKINGS_BY_HAND = [
  ['BK01-TIPPED', 'acct_nadia', 100_00n, 'USD', 'transferred'],
  ['BK02-TIPS-THAT-DO-NOT-COUNT', 'acct_nadia', 40_00n, 'EUR', 'transferred'],
  ['BK03-PESOS', 'acct_oscar', 50_000n, 'CLP', 'transferred'],
  ['BK04-DINARS', 'acct_oscar', 12_340n, 'KWD', 'transferred'],
  ['BK05-DISPUTED', 'acct_nadia', 60_00n, 'USD', 'on_hold'],
  ['BK06-NOTHING-REFUNDED', 'acct_paula', 30_00n, 'USD', 'transferred'],
  ['BK07-PART-REFUNDED', 'acct_paula', 84_50n, 'USD', 'transferred'],
  ['BK08-ALL-REFUNDED', 'acct_paula', 0n, 'USD', 'cancelled'],
  ['BK09-TWO-DISPUTES', 'acct_nofunds_quentin', 7_500n, 'JPY', 'transferred'],
  ['BK10-ONE-STILL-OPEN', 'acct_nofunds_quentin', 7_000n, 'JPY', 'on_hold'],
  ['BK11-NOT-DUE-YET', 'acct_ana', 20_00n, 'USD', 'scheduled'],
  ['BK12-WON-A-CONTEST-TOO', 'acct_ana', 35_00n, 'USD', 'transferred'],
  ['BK13-NO-ACCOUNT', undefined, 25_00n, 'USD', 'processing'],
  ['BK14-ACCOUNT-CLOSED', 'acct_closed_simon', 15_00n, 'USD', 'failed'],
  ['BK15-CANNOT-RECEIVE', 'acct_nocap_tina', 18_00n, 'USD', 'processing'],
] as const

test('the check finds in the example’s bookings what was added up by hand, and its README tells of all of it', async () => {
  const expected = await expectedBookings(EXAMPLE, NOW)
  expect(expected.map((one) => [one.bookingId, one.account, one.due, one.currency, one.status])).toEqual(
    BOOKINGS_BY_HAND,
  )
  expect(Object.fromEntries(receivedFrom(expected))).toEqual({
    'acct_nadia USD': 100_00n,
    'acct_nadia EUR': 40_00n,
    'acct_oscar CLP': 50_000n,
    'acct_oscar KWD': 12_340n,
    'acct_paula USD': 114_50n,
    'acct_nofunds_quentin JPY': 7_500n,
    'acct_ana USD': 35_00n,
  })
  const readme = await readFile(join(EXAMPLE, 'README.md'), 'utf8')
  for (const [booking, , , currency, status] of BOOKINGS_BY_HAND) {
    expect(readme).toMatch(new RegExp(`\\| \`${booking}\` .*${currency} .*\`${status}\``))
  }
})

test('what is dated later than now has not happened yet', async () => {
  const earlier = await expectedBookings(EXAMPLE, '2026-11-14T00:00:00Z')
  expect(earlier.map(({ bookingId, due, status }) => [bookingId, due, status])).toEqual([
    ['BK04-DINARS', 12_340n, 'scheduled'],
    ['BK05-DISPUTED', 60_00n, 'scheduled'],
    ['BK06-NOTHING-REFUNDED', 30_00n, 'transferred'],
    ['BK07-PART-REFUNDED', 110_00n, 'on_hold'],
    ['BK08-ALL-REFUNDED', 50_00n, 'on_hold'],
    ['BK09-TWO-DISPUTES', 7_500n, 'transferred'],
    ['BK10-ONE-STILL-OPEN', 7_000n, 'on_hold'],
  ])
})

test('the example’s bookings load as the sandbox takes them, and come back from files as they were', async () => {
  const marketplace = await loaded()
  expect(marketplaceSchema.parse(marketplace)).toEqual(marketplace)
  expect([marketplace.bookings?.length, marketplace.tips?.length, marketplace.disputes?.length]).toEqual([15, 7, 8])
  expect(marketplace.disputes?.slice(0, 2)).toEqual([
    {
      disputeId: 'DP01',
      bookingId: 'BK05-DISPUTED',
      openedAt: '2026-11-14T09:00:00Z',
      resolvedAt: null,
      refundAmount: null,
    },
    {
      disputeId: 'DP02',
      bookingId: 'BK06-NOTHING-REFUNDED',
      openedAt: '2026-11-11T15:00:00Z',
      resolvedAt: '2026-11-12T09:00:00Z',
      refundAmount: '0',
    },
  ])
  await writeMarketplace(directory, marketplace)
  expect(await loaded()).toEqual(marketplace)
})

test('without bookings.csv there are none, without the others no tips or disputes; but nothing belongs to no booking', async () => {
  await rm(join(directory, 'tips.csv'))
  await rm(join(directory, 'disputes.csv'))
  expect(await loaded()).toMatchObject({ tips: [], disputes: [] })
  await write('disputes.csv', DISPUTE_HEADER)
  await rm(join(directory, 'bookings.csv'))
  expect(await problems()).toEqual(['bookings.csv: expected this file, there is none'])
  await rm(join(directory, 'disputes.csv'))
  expect(await loaded()).toMatchObject({ bookings: [], tips: [], disputes: [] })
})

test('a dispute that was resolved without a refund may say so with nothing at all', async () => {
  await write('disputes.csv', DISPUTE_HEADER, 'D1,BK01-TIPPED,2026-11-17T10:00:00Z,2026-11-17T11:00:00Z,')
  expect((await loaded()).disputes).toMatchObject([{ disputeId: 'D1', refundAmount: '0' }])
})

const MOMENT = 'expected a moment like 2026-11-20T14:30:00Z'

test.each([
  [
    'a booking twice',
    'B0,P1,,USD,1,2026-11-16T10:00:00Z',
    '3:1: booking_id: expected each booking once, and line 2 has it, got "B0"',
  ],
  ['no provider', 'B1,,,USD,1,2026-11-16T10:00:00Z', '3:4: provider_id: expected a text, got nothing'],
  [
    'an account that is none',
    'B1,P1,12345,USD,1,2026-11-16T10:00:00Z',
    '3:7: stripe_account_id: expected acct_ and letters, digits or underscores, at most 255 characters, or nothing, got "12345"',
  ],
  [
    'a provider with two accounts',
    'B1,P0,acct_1,USD,1,2026-11-16T10:00:00Z',
    '3:7: stripe_account_id: expected one account per user, and line 2 has another, got "acct_1"',
  ],
  [
    'an account of two providers',
    'B1,P1,acct_p0,USD,1,2026-11-16T10:00:00Z',
    '3:7: stripe_account_id: expected one user per account, and line 2 has another, got "acct_p0"',
  ],
  [
    'another account than was won with',
    'B1,ana,acct_1,USD,1,2026-11-16T10:00:00Z',
    '3:8: stripe_account_id: expected one account per user, and winners.csv:2 has another, got "acct_1"',
  ],
  [
    'an unknown currency',
    'B1,P1,,XBT,1,2026-11-16T10:00:00Z',
    '3:8: currency: expected a payable ISO 4217 currency like CLP, got "XBT"',
  ],
  [
    'no share',
    'B1,P1,,USD,,2026-11-16T10:00:00Z',
    '3:12: provider_share: expected a decimal number like 1250.50, got nothing',
  ],
  [
    'a share below zero',
    'B1,P1,,USD,-1,2026-11-16T10:00:00Z',
    '3:12: provider_share: expected zero or more, since nobody is owed less than nothing, got "-1"',
  ],
  [
    'half a peso',
    'B1,P1,,CLP,1.5,2026-11-16T10:00:00Z',
    '3:12: provider_share: expected an amount in CLP, with at most 0 decimals, got "1.5"',
  ],
  ['no moment', 'B1,P1,,USD,1,', `3:14: completed_at: ${MOMENT}, got nothing`],
  ['a day', 'B1,P1,,USD,1,2026-11-16', `3:14: completed_at: ${MOMENT}, got "2026-11-16"`],
  [
    'a moment without offset',
    'B1,P1,,USD,1,2026-11-16T10:00:00',
    `3:14: completed_at: ${MOMENT}, got "2026-11-16T10:00:00"`,
  ],
  [
    'a 30th of February',
    'B1,P1,,USD,1,2026-02-30T10:00:00Z',
    `3:14: completed_at: ${MOMENT}, got "2026-02-30T10:00:00Z"`,
  ],
  ['a value too few', 'B1,P1,,USD,1', '3:1: expected 6 values, got 5'],
])('a booking with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('bookings.csv', BOOKING_HEADER, 'B0,P0,acct_p0,USD,1,2026-11-16T10:00:00Z', row)
  await write('tips.csv', TIP_HEADER)
  await write('disputes.csv', DISPUTE_HEADER)
  expect(await problems()).toEqual([`bookings.csv:${problem}`])
})

test.each([
  [
    'a tip twice',
    'TP01,BK02-X,1,2026-11-16T10:00:00Z,paid',
    '3:1: tip_id: expected each tip once, and line 2 has it, got "TP01"',
  ],
  [
    'an unknown booking',
    'T1,BK99,1,2026-11-16T10:00:00Z,paid',
    '3:4: booking_id: expected a booking of bookings.csv, got "BK99"',
  ],
  ['nothing', 'T1,BK02-X,0.00,2026-11-16T10:00:00Z,paid', '3:11: amount: expected a tip above zero, got "0.00"'],
  [
    'less than nothing',
    'T1,BK02-X,-1,2026-11-16T10:00:00Z,paid',
    '3:11: amount: expected zero or more, since nobody is owed less than nothing, got "-1"',
  ],
  [
    'more decimals than the booking’s currency has',
    'T1,BK02-X,1.5,2026-11-16T10:00:00Z,paid',
    '3:11: amount: expected an amount in JPY, with at most 0 decimals, got "1.5"',
  ],
  ['no moment', 'T1,BK02-X,1,soon,paid', `3:13: added_at: ${MOMENT}, got "soon"`],
  [
    'an unknown status',
    'T1,BK02-X,1,2026-11-16T10:00:00Z,pending',
    '3:34: status: expected paid or failed or refunded, got "pending"',
  ],
])('a tip with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('bookings.csv', BOOKING_HEADER, 'BK02-X,P0,,JPY,100,2026-11-16T10:00:00Z')
  await write('tips.csv', TIP_HEADER, 'TP01,BK02-X,1,2026-11-16T10:00:00Z,paid', row)
  await write('disputes.csv', DISPUTE_HEADER)
  expect(await problems()).toEqual([`tips.csv:${problem}`])
})

test.each([
  [
    'a dispute twice',
    'D0,B0,2026-11-17T10:00:00Z,,',
    '3:1: dispute_id: expected each dispute once, and line 2 has it, got "D0"',
  ],
  [
    'an unknown booking',
    'D1,B9,2026-11-17T10:00:00Z,,',
    '3:4: booking_id: expected a booking of bookings.csv, got "B9"',
  ],
  ['no opening', 'D1,B0,,,', `3:7: opened_at: ${MOMENT}, got nothing`],
  ['an end that is no moment', 'D1,B0,2026-11-17T10:00:00Z,yes,1', `3:28: resolved_at: ${MOMENT}, got "yes"`],
  [
    'an end before its beginning',
    'D1,B0,2026-11-17T10:00:00Z,2026-11-17T10:59:59+01:00,1',
    '3:28: resolved_at: expected a moment that is not before opened_at, 2026-11-17T10:00:00Z, got "2026-11-17T10:59:59+01:00"',
  ],
  [
    'a refund while it is open',
    'D1,B0,2026-11-17T10:00:00Z,,1',
    '3:29: refund_amount: expected nothing while the dispute is open, since resolved_at is empty, got "1"',
  ],
  [
    'a refund below zero',
    'D1,B0,2026-11-17T10:00:00Z,2026-11-17T11:00:00Z,-5',
    '3:49: refund_amount: expected zero or more, since nobody is owed less than nothing, got "-5"',
  ],
])('a dispute with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('bookings.csv', BOOKING_HEADER, 'B0,P0,,USD,100,2026-11-16T10:00:00Z')
  await write('tips.csv', TIP_HEADER)
  await write('disputes.csv', DISPUTE_HEADER, 'D0,B0,2026-11-17T10:00:00Z,,', row)
  expect(await problems()).toEqual([`disputes.csv:${problem}`])
})
