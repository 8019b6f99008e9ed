import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { toCsv } from '../console/src/csv.ts'
import { documentLines } from '../console/src/documents.ts'
import { formatMoney, majorUnits, readAmount, sumByCurrency } from '../console/src/money.ts'
import { timelineOf } from '../console/src/payout-timeline.ts'
import { atRisk, findingsCsv, trendPoints } from '../console/src/reconciliation.ts'
import { formatAge, formatDay, formatMoment, inUtc, utcDays } from '../console/src/time.ts'

const money = (amount: string, code: string) => ({ amount, currency: code })
/** Intl separates with several kinds of space. */
const plain = (text: string) => text.replaceAll(/\s/g, ' ')

test('amounts are shown with the decimals that ISO 4217 gives their currency, in the reader’s language', () => {
  expect(formatMoney(money('125050', 'USD'), 'en-US')).toBe('$1,250.50')
  expect(plain(formatMoney(money('125050', 'USD'), 'es-ES'))).toBe('1250,50 US$')
  expect(formatMoney(money('1250000', 'CLP'), 'es-CL')).toBe('$1.250.000')
  expect(plain(formatMoney(money('125050075', 'COP'), 'es-CO'))).toBe('$ 1.250.500,75')
  expect(plain(formatMoney(money('1234', 'KWD'), 'en'))).toBe('KWD 1.234')
  expect(formatMoney(money('-5', 'USD'), 'en-US')).toBe('-$0.05')
})

test('an amount beyond what a float holds loses no unit', () => {
  expect(formatMoney(money('9223372036854775807', 'USD'), 'en-US')).toBe('$92,233,720,368,547,758.07')
  expect(sumByCurrency([money('9007199254740993', 'CLP'), money('1', 'USD'), money('1', 'CLP')])).toEqual([
    money('9007199254740994', 'CLP'),
    money('1', 'USD'),
  ])
})

test('a currency that is unknown is shown as it came, and never stops a page', () => {
  expect(formatMoney(money('5', 'XXX'), 'en')).toBe('XXX 5 (minor units)')
  expect(formatMoney(money('5', ''), 'en')).toBe(' 5 (minor units)')
})

test('what is shown is the same number, and what was typed is read back exactly', () => {
  const code = fc.constantFrom('USD', 'CLP', 'COP', 'KWD', 'PEN')
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), code, (amount, code) => {
      const shown = formatMoney(money(amount.toString(), code), 'en-US')
      const digits = BigInt(shown.replaceAll(/[^\d]/g, ''))
      expect(digits).toBe(amount < 0n ? -amount : amount)
      expect(shown.includes('-')).toBe(amount < 0n)
      expect(readAmount(majorUnits(money(amount.toString(), code)), code)).toBe(amount.toString())
    }),
  )
})

test('an amount that somebody types is exact or refused', () => {
  expect(readAmount(' 12,5 ', 'USD')).toBe('1250')
  for (const [text, code] of [
    ['1.005', 'USD'],
    ['1.5', 'CLP'],
    ['1,250.50', 'USD'],
    ['abc', 'USD'],
    ['', 'USD'],
    ['5', ''],
    ['5', 'NOPE'],
  ] as const) {
    expect([text, code, readAmount(text, code)]).toEqual([text, code, undefined])
  }
})

test('a moment is told in the operator’s zone, and in UTC beside it', () => {
  const at = '2026-11-21T02:05:07.123Z'
  expect(plain(formatMoment(at, 'en-US', 'America/Santiago'))).toBe('Nov 20, 2026, 11:05:07 PM')
  expect(plain(formatMoment(at, 'es-CL', 'America/Santiago'))).toBe('20-11-2026, 11:05:07 p. m.')
  expect(inUtc(at)).toBe('2026-11-21 02:05:07 UTC')
})

test('a business date is the same day in every zone', () => {
  expect(formatDay('2026-11-21', 'en-US')).toBe('Nov 21, 2026')
})

test('a window of whole UTC days is told as those days, in every zone', () => {
  expect(utcDays('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', 'en-US')).toBe('Nov 20, 2026')
  expect(plain(utcDays('2026-11-01T00:00:00Z', '2026-11-08T00:00:00Z', 'en-US') ?? '')).toBe('Nov 1 – 7, 2026')
  expect(utcDays('2026-11-20T00:00:00Z', '2026-11-20T12:00:00Z', 'en-US')).toBeUndefined()
})

test('ages have the unit that reads best', () => {
  const ages = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map((seconds) => formatAge(seconds, 'en'))
  expect(ages).toEqual(['0 sec', '119 sec', '2 min', '119 min', '2 hr', '47 hr', '2 days'])
})

test('a spreadsheet gets text as text: quotes survive, and nothing runs as a formula', () => {
  const csv = toCsv(
    ['a', 'b'],
    [
      ['say "hi", twice', '=cmd()'],
      ['-12.50', null],
      ['+1', '@x'],
    ],
  )
  expect(csv).toBe('a,b\r\n"say ""hi"", twice",\'=cmd()\r\n-12.50,\r\n\'+1,\'@x\r\n')
})

const report = { id: 'r', books: 'billing', to: '', severity: null, startedAt: '', finishedAt: null, error: null }

test('the trend goes forward in time, without runs that compared nothing', () => {
  const reports = [
    { ...report, from: '2026-11-20T00:00:00Z', status: 'success' as const, moneyAtRisk: [] },
    { ...report, from: '2026-11-19T00:00:00Z', status: 'error' as const, moneyAtRisk: [] },
    {
      ...{ ...report, from: '2026-11-18T00:00:00Z', status: 'discrepancy_found' as const },
      moneyAtRisk: [{ currency: 'USD', amount: '12.50' }],
    },
  ]
  expect(trendPoints(reports, 'USD')).toEqual([
    { at: '2026-11-18T00:00:00Z', to: '', money: money('1250', 'USD'), value: 12.5 },
    { at: '2026-11-20T00:00:00Z', to: '', money: money('0', 'USD'), value: 0 },
  ])
  expect(reports.flatMap(atRisk)).toEqual([money('1250', 'USD')])
})

test('findings are exported in major units, whatever is missing on either side', () => {
  const side = { reference: 'pi_1', state: null, currency: 'CLP', amount: '900', takenBack: '0', at: 'then' }
  const finding = {
    ...{
      id: 'billing-1',
      reportId: 'r',
      category: 'missing_in_database',
      urgent: true,
      about: 'pi_1',
      theirs: side,
      ours: null,
    },
    ...{ over: money('900', 'CLP'), under: null, status: 'open' as const, assignee: null, note: null },
  }
  const [, row] = findingsCsv([finding]).split('\r\n')
  expect(row).toBe('billing-1,missing_in_database,open,true,pi_1,pi_1,900,CLP,then,,,,,900,CLP,,,,')
})

test('the documents of a balance are lines that add up to it', () => {
  const lines = documentLines(
    [
      { type: 'vendorBill', tranId: 'B1', amount: '1000', currency: 'CLP' },
      { type: 'invoice', tranId: 'I1', amount: '300', currency: 'CLP' },
    ],
    (code) => code,
  )
  expect(lines.map(({ label }) => label)).toEqual(['vendorBill B1', 'invoice I1'])
  expect(sumByCurrency(lines.map((line) => line.money))).toEqual([money('700', 'CLP')])
})

test('a payout’s time line has every event once, oldest first', () => {
  const at = (second: number) => `2026-11-21T00:00:0${second}.000Z`
  const payout = {
    ...{ id: 'p', bookingId: 'b', sequence: 1, providerId: 'x', status: 'failed', amount: '1', setOff: '0' },
    ...{ corrected: '0', currency: 'USD', dueAt: at(0), holdReason: null, heldBy: null, overriddenDisputes: [] },
    ...{ failureReason: null, transferredAt: null, createdAt: at(0), updatedAt: at(0) },
  }
  const events = timelineOf({
    ...{ payout, booking: {}, transfers: [], approvals: [] },
    tips: [{ tipId: 't', amount: '1', currency: 'USD', status: 'paid', addedAt: at(5) }],
    disputes: [{ disputeId: 'd', openedAt: at(1), resolvedAt: at(4) }],
    attempts: [
      {
        ...{ id: 'a', rail: 'stripe', generation: 2, amount: '1', currency: 'USD', state: 'claimed', calls: 1 },
        ...{ createdAt: at(3), acceptedAt: null, settledAt: null, updatedAt: at(3) },
      },
      {
        ...{ id: 'b', rail: 'stripe', generation: 1, amount: '1', currency: 'USD', state: 'declined', calls: 1 },
        ...{ createdAt: at(2), acceptedAt: null, settledAt: null, updatedAt: at(4) },
      },
    ],
    ledger: [{ idempotencyKey: 'k', kind: 'payout', occurredAt: at(3), postings: [] }],
    audit: [
      {
        ...{ id: '1', occurredAt: at(2), actor: 'operator:o', action: 'payout.hold', reason: 'why' },
        ...{ subject: { type: 'payout', id: 'p' }, before: null, after: { status: 'on_hold' } },
      },
    ],
  })
  expect(events.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([
    'message: Dispute d opened',
    'audit: Payout hold',
    'attempt: Attempt 1 through Stripe: begun',
    'attempt: Attempt 2 through Stripe: begun',
    'ledger: Ledger: Payout',
    'message: Dispute d resolved',
    'attempt: Attempt 1 through Stripe: declined',
    'message: Tip t',
  ])
  expect(events[1]).toMatchObject({ actor: 'operator:o', reason: 'why', details: { after: { status: 'on_hold' } } })
})
