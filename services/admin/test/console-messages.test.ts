import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { BOOKING_PAYOUT_STATUSES } from '@remesa/domain/booking-payout'
import {
  type ControlWait,
  nextOfBalance,
  nextOfPayout,
  nextOfSettlement,
  nextOfTransfer,
} from '@remesa/domain/explain-next'
import { sentenceOf } from '@remesa/domain/finance-alert'
import { RELEASED_BY } from '@remesa/domain/seller-balance'
import type { MessageKey } from '../console/src/i18n/dictionary.ts'
import { en } from '../console/src/i18n/en.ts'
import { es } from '../console/src/i18n/es.ts'
import { nextInSpanish } from '../console/src/i18n/es-next.ts'
import { happenedInSpanish } from '../console/src/i18n/es-story.ts'
import { alertSentence, labelOf, localeFor, translator } from '../console/src/i18n/messages.ts'

const SOURCES = fileURLToPath(new URL('../console/src', import.meta.url))
const keys = Object.keys(en) as MessageKey[]
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

test('both languages say every message, with the same values in it', () => {
  expect(Object.keys(es).sort()).toEqual([...keys].sort())
  for (const key of keys) {
    expect([key, es[key].trim() !== '']).toEqual([key, true])
    expect([key, placeholders(es[key])]).toEqual([key, placeholders(en[key])])
  }
})

/** Put together from parts: `t(`ledger.${view}`)`. */
const ASSEMBLED = /^(code|who|app\.theme|ledger|today)\./

test('no message is left that no page says', async () => {
  const files = (await readdir(SOURCES, { recursive: true })).filter((name) =>
    /(?<!i18n\/(en|es)(-codes)?)\.tsx?$/.test(name),
  )
  const source = (await Promise.all(files.map((name) => readFile(join(SOURCES, name), 'utf8')))).join()
  expect(keys.filter((key) => !source.includes(`'${key}'`) && !ASSEMBLED.test(key))).toEqual([])
})

test('every kind of alert is told in Spanish too; one that is new here as the API tells it', () => {
  expect(alertSentence('es', { kind: 'payment_reversed', sentence: 'x' })).toMatch(/^Un pago volvió/)
  expect(alertSentence('en', { kind: 'payment_reversed', sentence: 'A payment came back.' })).toBe(
    'A payment came back.',
  )
  expect(alertSentence('es', { kind: 'brand_new', sentence: 'Something.' })).toBe('Something.')
  expect([labelOf('es', 'payment_reversed'), labelOf('en', 'payment_reversed')]).toEqual([
    ...['pago devuelto', 'payment reversed'],
  ])
})

test('values are put into a message, and what is in a value is no placeholder', () => {
  expect(translator('en')('detail.by', { actor: '{actor}' })).toBe('by {actor}')
  expect(translator('es')('today.progress', { done: 3, total: '4.000' })).toBe('3 de 4.000 hechos')
})

test('each status of a payout has a name in both languages; a new one is shown as it is', () => {
  for (const status of BOOKING_PAYOUT_STATUSES) expect(Object.keys(en)).toContain(`code.${status}`)
  expect(labelOf('es', 'on_hold')).toBe('retenido')
  expect(labelOf('es', 'brand_new')).toBe('brand new')
  expect(labelOf('en', 'constructor')).toBe('constructor')
})

test('the reader’s own variety of a language is used for figures and times', () => {
  expect(localeFor('es', ['en-GB', 'es-CL', 'es'])).toBe('es-CL')
  expect(localeFor('en', ['es-CL'])).toBe('en')
  expect(localeFor('es', ['est'])).toBe('es')
})

test('whose move is next is told in Spanish, whatever the domain says', () => {
  const now = new Date('2026-11-21T12:00:00Z')
  const later = new Date('2026-11-21T13:00:00Z')
  const free = { nextTryAt: null, railPausedUntil: null, isRailStopped: false, controlWait: null, now }
  const waits: ControlWait[] = [
    ...[later, null].map((endsAt) => ({ why: 'cap_reached' as const, endsAt })),
    ...[null, { id: 'p-1', state: 'planned' as const }, { id: 'p-1', state: 'approved' as const }].map((plan) => ({
      ...{ why: 'plan_required' as const, plan },
    })),
  ]
  const circumstances = [
    free,
    ...[{ nextTryAt: later }, { railPausedUntil: later }, { isRailStopped: true }].map((one) => ({ ...free, ...one })),
    ...waits.map((controlWait) => ({ ...free, controlWait })),
  ]
  const balances = [
    ...(['initialized', 'retrieved', 'no_payment_due', 'payable', 'paying', 'payment_pending'] as const),
    ...(['awaiting_funds', 'paid', 'failed', 'returned', 'blocked'] as const),
  ]
  const blocked = [null, ...(Object.keys(RELEASED_BY) as (keyof typeof RELEASED_BY)[])]
  const transfers = [
    ...(['awaiting_destination', 'pending', 'processing', 'retryable'] as const),
    ...(['completed', 'failed_terminal', 'withdrawn'] as const),
  ]
  const held = [
    ...([null, 'no_account', 'account_unverified', 'transfers_inactive'] as const),
    ...(['payouts_disabled', 'account_differs', 'destination_changed'] as const),
  ]
  const moves = [
    ...circumstances.flatMap((at) => [
      ...balances.flatMap((status) =>
        blocked.flatMap((blockedReason) =>
          [true, false].map((reportedToErp) => nextOfBalance({ status, blockedReason, reportedToErp }, at)),
        ),
      ),
      ...transfers.flatMap((status) =>
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
        [now, later].flatMap((dueAt) =>
          [true, false].map((isBeforeApproval) =>
            nextOfPayout({ status, heldBy, dueAt, isBeforeApproval, transfer: null, now }),
          ),
        ),
      ),
    ),
    ...[null, {}, { pending: 1 }, { failed_terminal: 2 }, { awaiting_destination: 2 }].flatMap((by) =>
      [0, 2].flatMap((cooling) =>
        [true, false].map((isRejected) => nextOfSettlement({ isRejected, transfers: by, cooling })),
      ),
    ),
  ]
  expect(moves.map(({ text }) => text).filter((text) => nextInSpanish(text) === text)).toEqual([])
  expect(nextInSpanish('2 transfers are waiting for an account of the payee’s.')).toBe(
    'En espera de una cuenta de quien cobra: 2 transferencias.',
  )
  expect(nextInSpanish('It is paid at 2026-11-21 13:00:00Z.')).toBe('Se paga el 2026-11-21 13:00:00Z.')
  expect(nextInSpanish('It is paid at 2026-11-21 13:00:00Z, unless a dispute is open then.')).toBe(
    'Se paga el 2026-11-21 13:00:00Z, salvo que entonces haya una disputa abierta.',
  )
  expect(nextInSpanish('Something new.')).toBe('Something new.')
})

test('what happened is told in Spanish; what is new here as the API tells it', () => {
  expect(happenedInSpanish('Seller balance released (mended), by olga')).toBe('Saldo liberado (mended), por olga')
  expect(happenedInSpanish('Attempt 2 through FPay: declined (ACCOUNT_CLOSED)')).toBe(
    'Intento 2 por FPay: rechazado (ACCOUNT_CLOSED)',
  )
  expect(happenedInSpanish('Report to GSC: failed')).toBe('Informe a GSC: falló')
  expect(happenedInSpanish('Ledger: Payment accepted')).toBe('Libro mayor: Pago aceptado por la vía')
  expect(happenedInSpanish(sentenceOf('payment_reversed'))).toMatch(/^Un pago volvió/)
  expect(happenedInSpanish('Something new')).toBe('Something new')
})
