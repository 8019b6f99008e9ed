import { expect, test } from '@jest/globals'
import { AUDIT_ACTIONS } from '@remesa/domain/audit-action'
import { BOOKING_PAYOUT_STATUSES, BOOKING_RULES } from '@remesa/domain/booking-payout'
import { currency } from '@remesa/domain/currency'
import {
  linesAsSettled,
  linesOfBalance,
  linesOfBookingTransfer,
  linesOfPayout,
  linesOfPrize,
  linesOfSettlement,
} from '@remesa/domain/explain-amount'
import {
  type ControlWait,
  NOTHING_OPEN,
  nextOfBalance,
  nextOfIdleSeller,
  nextOfPayout,
  nextOfSettlement,
  nextOfTransfer,
  nextOfUnpaidBooking,
} from '@remesa/domain/explain-next'
import {
  linkToPayout,
  linkToPayoutOf,
  linkToTransfer,
  titleOfBalance,
  titleOfBooking,
  titleOfContest,
  titleOfPayout,
  titleOfTransfer,
  withStatus,
} from '@remesa/domain/explain-titles'
import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { LEDGER_KINDS } from '@remesa/domain/ledger-kind'
import { RELEASED_BY } from '@remesa/domain/seller-balance'
import {
  BREAKS_A_RULE,
  JOB_ENDS,
  SETTLED_BY_MARKETPLACE,
  STORY_JOBS,
  titleOfAction,
  titleOfAttempt,
  titleOfDispute,
  titleOfEntry,
  titleOfJob,
  titleOfTip,
} from '@remesa/domain/story-titles'
import { en } from '../console/src/i18n/en.ts'
import { inSpanish, storyInSpanish, TABLES, type Told } from '../console/src/i18n/spanish.ts'
import { type EnglishText, englishTexts, skeletonOf } from './english-texts.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const LATER = new Date('2026-11-21T13:00:00Z')
const BALANCES = [
  ...(['initialized', 'retrieved', 'no_payment_due', 'payable', 'paying', 'payment_pending'] as const),
  ...(['awaiting_funds', 'paid', 'failed', 'returned', 'blocked'] as const),
]
const TRANSFERS = [
  ...(['awaiting_destination', 'pending', 'processing', 'retryable'] as const),
  ...(['completed', 'failed_terminal', 'withdrawn'] as const),
]
const STATUSES = [...BALANCES, ...TRANSFERS, ...BOOKING_PAYOUT_STATUSES]

/** Texts that a Spanish console would show in English. */
const english = (told: Told, texts: readonly string[]) => texts.filter((text) => inSpanish(told, text) === text)

test('whose move is next is told in Spanish, whatever the domain says', () => {
  const free = { nextTryAt: null, railPausedUntil: null, isRailStopped: false, controlWait: null, now: NOW }
  const waits: ControlWait[] = [
    ...[LATER, null].map((endsAt) => ({ why: 'cap_reached' as const, endsAt })),
    ...[null, { id: 'p-1', state: 'planned' as const }, { id: 'p-1', state: 'approved' as const }].map((plan) => ({
      ...{ why: 'plan_required' as const, plan },
    })),
  ]
  const circumstances = [
    free,
    ...[{ nextTryAt: LATER }, { railPausedUntil: LATER }, { isRailStopped: true }].map((one) => ({ ...free, ...one })),
    ...waits.map((controlWait) => ({ ...free, controlWait })),
  ]
  const blocked = [null, ...(Object.keys(RELEASED_BY) as (keyof typeof RELEASED_BY)[])]
  const held = [
    ...([null, 'no_account', 'account_unverified', 'transfers_inactive'] as const),
    ...(['payouts_disabled', 'account_differs', 'destination_changed'] as const),
  ]
  const moves = [
    ...circumstances.flatMap((at) => [
      ...BALANCES.flatMap((status) =>
        blocked.flatMap((blockedReason) =>
          [true, false].map((reportedToErp) =>
            nextOfBalance(
              { status, blockedReason, reportedToErp, returnedBy: reportedToErp ? 'fpay' : 'payoneer' },
              at,
            ),
          ),
        ),
      ),
      ...TRANSFERS.flatMap((status) =>
        held.flatMap((heldReason) =>
          [true, false].flatMap((isOfBooking) =>
            [null, 'balance_insufficient'].map((failureReason) =>
              nextOfTransfer({ status, heldReason, failureReason, isOfBooking }, at),
            ),
          ),
        ),
      ),
    ]),
    ...BOOKING_PAYOUT_STATUSES.flatMap((status) =>
      (['disputes', 'operator'] as const).flatMap((heldBy) =>
        [NOW, LATER].flatMap((dueAt) =>
          [true, false].map((isBeforeApproval) =>
            nextOfPayout({ status, heldBy, dueAt, isBeforeApproval, transfer: null, now: NOW }),
          ),
        ),
      ),
    ),
    ...[null, {}, { pending: 1 }, { failed_terminal: 2 }, { awaiting_destination: 2 }].flatMap((by) =>
      [0, 2].flatMap((cooling) =>
        [true, false].flatMap((isRejected) =>
          [true, false].map((isUntold) => nextOfSettlement({ isRejected, isUntold, transfers: by, cooling })),
        ),
      ),
    ),
    ...[null, 'fpay'].flatMap((account) =>
      [null, '7'].map((erpId) => nextOfIdleSeller({ account, erpId, status: 'active' })),
    ),
    ...[NOTHING_OPEN, nextOfUnpaidBooking(true), nextOfUnpaidBooking(false)],
  ]
  expect(
    english(
      'next',
      moves.map(({ text }) => text),
    ),
  ).toEqual([])
  expect(inSpanish('next', '2 transfers are waiting for an account of the payee’s.')).toBe(
    'En espera de una cuenta de quien cobra: 2 transferencias.',
  )
  expect(inSpanish('next', 'It is paid at 2026-11-21 13:00:00Z.')).toBe('Se paga el 2026-11-21 13:00:00Z.')
  expect(inSpanish('next', 'It is paid at 2026-11-21 13:00:00Z, unless a dispute is open then.')).toBe(
    'Se paga el 2026-11-21 13:00:00Z, salvo que entonces haya una disputa abierta.',
  )
})

test('what happened is told in Spanish: each action, entry, attempt, job and alert', () => {
  const states = ['begun', 'claimed', 'postponed', 'accepted', 'paid', 'declined', 'reversed']
  expect(
    english('story', [
      ...AUDIT_ACTIONS.map(titleOfAction),
      ...LEDGER_KINDS.map(titleOfEntry),
      ...FINANCE_ALERT_KINDS.map(sentenceOf),
      ...states.map((state) => titleOfAttempt({ generation: 2, rail: 'fpay', state })),
      ...(Object.keys(STORY_JOBS) as (keyof typeof STORY_JOBS)[]).flatMap((job) =>
        JOB_ENDS.map((end) => titleOfJob(job, end)),
      ),
      ...[titleOfTip('t'), titleOfDispute('d', 'opened'), titleOfDispute('d', 'resolved')],
      ...[SETTLED_BY_MARKETPLACE, BREAKS_A_RULE],
    ]),
  ).toEqual([])
  expect(storyInSpanish('Seller balance released (mended), by olga')).toBe('Saldo liberado (mended), por olga')
  expect(storyInSpanish('Seller balance blocked (bank_id_missing)')).toBe('Saldo bloqueado (sin cuenta a la que pagar)')
  expect(storyInSpanish('Attempt 2 through FPay: declined (ACCOUNT_CLOSED)')).toBe(
    'Intento 2 por FPay: rechazado (ACCOUNT_CLOSED)',
  )
  expect(storyInSpanish('Report to GSC: failed')).toBe('Informe a GSC: falló')
  expect(storyInSpanish('Something new (by nobody)')).toBe('Something new (by nobody)')
})

test('why an amount is what it is, and what it belongs to, is told in Spanish', () => {
  const money = { amount: 10n, currency: currency('USD') }
  const payout = { ...{ sequence: 1, setOff: 1n, corrected: 0n }, ...money }
  const completion = { providerId: 'p', currency: money.currency, providerShare: 9n, completedAt: NOW }
  const facts = {
    completion,
    tips: [{ tipId: 't', money, addedAt: NOW, status: 'paid' as const }],
    disputes: [{ disputeId: 'd', refund: money }],
  }
  const other = { ...payout, sequence: 2, status: 'transferred' as const }
  const lines = [
    ...linesOfBalance(
      (['vendorBill', 'invoice'] as const).map((type) => ({ type, erpId: '1', tranId: 'X-1', ...money })),
      money,
    ),
    ...(['scheduled', 'transferred'] as const).flatMap((status) =>
      [0n, 500n].flatMap((amount) => linesOfPayout({ ...payout, amount, status }, facts, [other], BOOKING_RULES)),
    ),
    ...linesOfPayout({ ...payout, amount: 0n, status: 'scheduled' }, { ...facts, tips: [] }, [other], BOOKING_RULES),
    ...STATUSES.flatMap((status) => linesOfSettlement([{ status, count: 2, money }], { ...money, amount: 11n })),
    ...[...linesOfPrize('c', money), ...linesOfBookingTransfer('b', money, 1n), ...linesAsSettled(money)],
  ]
  const ofSeller = titleOfBalance({ country: 'cl', businessDate: '2026-11-20' })
  const titles = [
    ...STATUSES.flatMap((status) => [
      ...[withStatus(titleOfBooking('b'), status), withStatus(titleOfContest('c'), status)],
      ...[linkToPayout({ sequence: 1, status }), linkToTransfer(status)],
    ]),
    ...[titleOfBooking('b'), titleOfContest('c'), titleOfPayout({ sequence: 1, bookingId: 'b' }), linkToPayoutOf('b')],
    titleOfTransfer({ contestId: 'c', bookingId: null, userId: 'u' }),
    titleOfTransfer({ contestId: null, bookingId: 'b', userId: 'u' }),
  ]
  expect(
    english('amount', [...lines.map(({ label }) => label), ...STATUSES.map((status) => withStatus(ofSeller, status))]),
  ).toEqual([])
  expect(english('title', titles)).toEqual([])
  expect(inSpanish('title', 'Contest c, winner u')).toBe('Concurso c, ganador u')
  expect(inSpanish('amount', 'CL 2026-11-20, payment pending')).toBe('CL 2026-11-20: pago pendiente')
})

test('what a reconciliation recommends is told in Spanish, with its sums and ids', () => {
  expect(
    inSpanish(
      'advice',
      '3 payments in Stripe (USD 12.50, CLP 900) are not in the database, from 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z: sync pi_1, pi_2 and 1 more.',
    ),
  ).toBe(
    'En Stripe y no en la base de datos, de 2026-11-20T00:00:00Z a 2026-11-21T00:00:00Z: 3 cobros (USD 12.50, CLP 900). Copie pi_1, pi_2 y 1 más.',
  )
  expect(
    inSpanish(
      'advice',
      '1 payment differs by exactly a factor of 10, 100 or 1,000 (USD 1604.79): somebody mistakes minor units. Mend the writer, then sync pi_1.',
    ),
  ).toMatch(/^Con un monto exactamente 10, 100 o 1.000 veces mayor o menor: 1 cobro \(USD 1604.79\)/)
  expect(inSpanish('advice', 'pi_1 alone is USD 9.00 of USD 10.00 at risk (amount mismatch): look at it first.')).toBe(
    'pi_1 solo es USD 9.00 de los USD 10.00 en riesgo (difiere el monto): revíselo primero.',
  )
})

test('people’s own words stay as they are, and what is new here as the API tells it', () => {
  for (const told of Object.keys(TABLES) as Told[])
    expect(inSpanish(told, 'Ok, paid to {id} by Olga.')).toBe('Ok, paid to {id} by Olga.')
  expect(inSpanish('note', 'The cap was lowered: nothing is owed')).toBe('El tope se redujo: nothing is owed')
  expect(inSpanish('problem', 'body reason: must not be empty.')).toBe('body reason: no puede estar vacío.')
  expect(inSpanish('problem', 'constructor')).toBe('constructor')
})

test('each sentence is found again by its table, with one of ours or something else in each place', () => {
  const filled = (text: string, parts: Readonly<Record<string, string>>, isSpanish: boolean) => {
    const [ours = ['', '']] = Object.entries(parts).filter(([english]) => !english.includes('{'))
    return text.replaceAll(/\{([=?]?)(\w+)\}/g, (_, kind, name) =>
      kind === '=' ? ours[isSpanish ? 1 : 0] : `${name}-1`,
    )
  }
  for (const [told, { sentences, parts }] of Object.entries(TABLES)) {
    for (const [english, spanish] of Object.entries(sentences)) {
      const kinds = new Map([...english.matchAll(/\{([=?]?)(\w+)\}/g)].map(([, kind, name]) => [name, kind]))
      const expected = spanish.replaceAll(/\{(\w+)\}/g, (_, name) => `{${kinds.get(name)}${name}}`)
      expect(inSpanish(told as Told, filled(english, parts, false))).toBe(filled(expected, parts, true))
    }
  }
})

test('each translation has the values of its sentence', () => {
  const names = (text: string) => [...text.matchAll(/\{[=?]?(\w+)\}/g)].map(([, name]) => name)
  const wrong = Object.values(TABLES).flatMap(({ sentences, parts }) =>
    Object.entries({ ...sentences, ...parts }).filter(
      ([from, to]) => names(to).some((name) => !names(from).includes(name)) || to.includes('{='),
    ),
  )
  expect(wrong).toEqual([])
})

/** What product code has in quotes; alerts' own sentences have their Spanish by their kinds. */
const TEXTS = englishTexts(['packages/{domain,database,messaging}/src/**/*.ts', 'services/*/src/**/*.ts'])

/** Read by nobody in the console: parts of sentences that are tried out above, the API's description, and what comes before it. */
const ELSEWHERE = [
  ...['domain/src/explain-next.ts', 'domain/src/finance-alert.ts', 'admin/src/api.ts', 'admin/src/api-document/'],
  ...['admin/src/authentication.ts', 'admin/src/sign-in/issuer.ts', 'admin/src/sign-in/sign-in-routes.ts'],
]

test('no sentence, reason or note is written in the source that has no Spanish', () => {
  const known = new Set(
    Object.values(TABLES).flatMap(({ sentences, parts }) =>
      [...Object.keys(sentences), ...Object.keys(parts)].map(normal),
    ),
  )
  const foreign = TEXTS.filter((one) => isToldToPeople(one) && !known.has(normal(one.text)))
  expect(foreign.map(({ file, text }) => `${file}: ${text}`)).toEqual([])
  expect(TEXTS.filter(isToldToPeople).length).toBeGreaterThan(250) // the scan sees something
})

/** With or without its full stop: parts become sentences. */
function normal(text: string): string {
  const bare = skeletonOf(text).replace(/\.$/, '')
  return bare.charAt(0).toLowerCase() + bare.slice(1)
}

const TOLD_AS = /^(why|note|reason|trouble|drifted|(reject|refused|contradiction|broken)\(\))$/

function isToldToPeople({ file, text, property = '' }: EnglishText): boolean {
  if (ELSEWHERE.some((path) => file.includes(path))) return false
  const isSentence = /^[A-Z{].* .*\.$/s.test(text) && /[a-z]{2} [a-z]/.test(text)
  const isOfRequest = file.startsWith('services/admin/') && /^(must|is|names) /.test(text)
  const isOfExplain = /explain/.test(file) && property !== 'id' && /^[A-Z][a-z]/.test(text)
  return isSentence || isOfRequest || isOfExplain || (TOLD_AS.test(property) && text.includes(' '))
}

test('whatever the audit log, alerts and jobs are about has a name', () => {
  const codes = TEXTS.filter(
    ({ file, text, property }) =>
      (property === 'type' && /^[a-z_]{5,}$/.test(text)) ||
      (property === 'name' && file.endsWith('scheduler/src/jobs.ts')),
  )
  expect(new Set(codes.map(({ text }) => text)).size).toBeGreaterThan(30)
  expect(codes.filter(({ text }) => !(`code.${text}` in en))).toEqual([])
})
