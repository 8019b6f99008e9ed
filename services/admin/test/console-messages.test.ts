import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { BOOKING_PAYOUT_STATUSES } from '@remesa/domain/booking-payout'
import type { MessageKey } from '../console/src/i18n/dictionary.ts'
import { en } from '../console/src/i18n/en.ts'
import { es } from '../console/src/i18n/es.ts'
import { english, localeFor } from '../console/src/i18n/messages.ts'
import { spanish } from '../console/src/i18n/spanish-voice.ts'

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
  expect(spanish.alertText({ kind: 'payment_reversed', sentence: 'x' })).toMatch(/^Un pago volvió/)
  expect(english.alertText({ kind: 'payment_reversed', sentence: 'A payment came back.' })).toBe('A payment came back.')
  expect(spanish.alertText({ kind: 'brand_new', sentence: 'Something.' })).toBe('Something.')
  expect([spanish.label('payment_reversed'), english.label('payment_reversed')]).toEqual([
    ...['pago devuelto', 'payment reversed'],
  ])
})

test('values are put into a message, and what is in a value is no placeholder', () => {
  expect(english.t('detail.by', { actor: '{actor}' })).toBe('by {actor}')
  expect(spanish.t('today.progress', { done: 3, total: '4.000' })).toBe('3 de 4.000 hechos')
})

test('each status of a payout has a name in both languages; a new one is shown as it is', () => {
  for (const status of BOOKING_PAYOUT_STATUSES) expect(Object.keys(en)).toContain(`code.${status}`)
  expect(spanish.label('on_hold')).toBe('retenido')
  expect(spanish.label('brand_new')).toBe('brand new')
  expect(english.label('constructor')).toBe('constructor')
})

test('the reader’s own variety of a language is used for figures and times', () => {
  expect(localeFor('es', ['en-GB', 'es-CL', 'es'])).toBe('es-CL')
  expect(localeFor('en', ['es-CL'])).toBe('en')
  expect(localeFor('es', ['est'])).toBe('es')
})
