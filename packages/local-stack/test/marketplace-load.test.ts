import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { marketplace as marketplaceSchema } from '@remesa/sandbox/marketplace'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { dateAdvice, loadMarketplace } from '../src/marketplace/load.ts'
import { writeMarketplace } from './support/write-marketplace.ts'

// A good marketplace, the example, in which each test breaks something.

const EXAMPLE = new URL('../examples/marketplace/', import.meta.url)
const directories: string[] = []
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'remesa-load-'))
  directories.push(directory)
  await cp(EXAMPLE, directory, { recursive: true })
})
afterAll(() => Promise.all(directories.map((made) => rm(made, { recursive: true, force: true }))))

const SELLER_HEADER = 'gsc_seller_id,legal_name,tax_id,operation_type,type,fpay_id,payoneer_payee_id,countries'
const DOCUMENT_HEADER = 'document_type,tran_id,gsc_seller_id,country,date,currency,amount'
const CLOSING_HEADER = 'settlement_id,gsc_seller_id,country,date,currency,amount'

const write = (file: string, ...lines: (string | Buffer)[]): Promise<void> =>
  writeFile(join(directory, file), lines.length === 1 ? (lines[0] ?? '') : `${lines.join('\n')}\n`)

async function append(file: string, line: string): Promise<number> {
  const before = await readFile(join(directory, file), 'utf8')
  await writeFile(join(directory, file), `${before}${line}\n`)
  return before.split('\n').length
}

async function problems(): Promise<readonly string[]> {
  const loaded = await loadMarketplace(directory)
  return 'problems' in loaded ? loaded.problems : []
}

test('the example loads without problems, as the sandbox takes it', async () => {
  const loaded = await loadMarketplace(directory)
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  expect(marketplaceSchema.parse(loaded.marketplace)).toEqual(loaded.marketplace)
  expect(loaded.marketplace.sellers[1]).toEqual({
    gscSellerId: 'SC02-TWO-COUNTRIES',
    legalName: 'Textiles Andinos, Díaz y Cía. Ltda.',
    taxId: '77105986-4',
    operationType: 'local',
    type: '3P',
    fpayId: 'FP-100002',
    payoneerPayeeId: null,
    countries: [
      { country: 'cl', currency: 'CLP', enabled: true },
      { country: 'pe', currency: 'PEN', enabled: true },
    ],
  })
  expect(loaded.marketplace.documents[0]).toMatchObject({ tranId: 'FC-1001', amount: '1250000.00' })
})

test('a generated marketplace comes back from its files as it was', async () => {
  const marketplace = generateMarketplace({ sellers: 200, businessDate: businessDate('2026-11-19') })
  await writeMarketplace(directory, marketplace)
  expect(await loadMarketplace(directory)).toEqual({ marketplace })
})

test('a hundred thousand documents are loaded whole', async () => {
  const documents = Array.from({ length: 100_000 }, (_, at) => `invoice,B${at},SC01-PAID,cl,2026-11-19,CLP,${at + 1}`)
  await write('documents.csv', DOCUMENT_HEADER, ...documents)
  const loaded = await loadMarketplace(directory)
  expect('marketplace' in loaded && loaded.marketplace.documents).toHaveLength(100_000)
})

test('a byte order mark, CRLF and columns in another order are fine', async () => {
  await write(
    'countries.csv',
    '\ufeffenabled,currency,name,id\r\ntrue,CLP,Chile,cl\r\ntrue,PEN,Perú,pe\r\ntrue,COP,Colombia,co\r\nfalse,MXN,México,mx\r\n',
  )
  expect(await problems()).toEqual([])
})

test.each([
  [
    'operation_type',
    'S1,A,12345678-5,Local,3P,,,cl:CLP:true',
    '2:17: operation_type: expected local or international, got "Local"',
  ],
  ['type', 'S1,A,12345678-5,local,3p,,,cl:CLP:true', '2:23: type: expected 1P or 3P, got "3p"'],
  [
    'tax_id by the scheme',
    'S1,A,12345678-6,local,3P,,,cl:CLP:true',
    '2:6: tax_id: expected a RUT like 12345678-5; its check digit does not fit, got *****678-6',
  ],
  [
    'tax_id of the first country',
    'S1,A,12345678-5,local,3P,,,pe:PEN:true;cl:CLP:true',
    '2:6: tax_id: expected a RUC like 20131312955, got *****678-5',
  ],
  ['tax_id', 'S1,A,,international,3P,,,cl:USD:true', '2:6: tax_id: expected a text, got nothing'],
  ['legal_name', 'S1,,12345678-5,local,3P,,,cl:CLP:true', '2:4: legal_name: expected a text, got nothing'],
  ['spaces', 'S1, A,12345678-5,local,3P,,,cl:CLP:true', '2:4: legal_name: expected no spaces around it, got " A"'],
  ['two lines', 'S1,"A\nB",12345678-5,local,3P,,,cl:CLP:true', '2:4: legal_name: expected a single line, got "A\\nB"'],
  [
    'a huge value',
    `S1,${'A'.repeat(100_000)},12345678-5,local,3P,,,cl:CLP:true`,
    '2:4: legal_name: expected at most 200 characters, got 100000 of them',
  ],
  [
    'fpay_id',
    'S1,A,12345678-5,local,3P,12345,,cl:CLP:true',
    '2:26: fpay_id: expected FP- and letters, digits or dashes, at most 40 characters, or nothing, got "12345"',
  ],
  [
    'payoneer_payee_id',
    'S1,A,1,international,3P,,PY_1,cl:USD:true',
    '2:26: payoneer_payee_id: expected PY- and letters, digits or dashes, at most 40 characters, or nothing, got "PY_1"',
  ],
  [
    'countries',
    'S1,A,12345678-5,local,3P,,,cl:CLP:true;pe:USD',
    '2:28: countries: expected entries like cl:CLP:true;pe:USD:false, got "pe:USD"',
  ],
  [
    'no countries',
    'S1,A,12345678-5,local,3P,,,',
    '2:28: countries: expected entries like cl:CLP:true;pe:USD:false, got nothing',
  ],
  [
    'an unknown country',
    'S1,A,12345678-5,local,3P,,,cl:CLP:true;ar:ARS:true',
    '2:28: countries: expected countries of countries.csv, got "ar:ARS:true"',
  ],
  [
    'a country twice',
    'S1,A,12345678-5,local,3P,,,cl:CLP:true;cl:USD:true',
    '2:28: countries: expected each country once, got "cl:USD:true"',
  ],
  [
    'a unit of account',
    'S1,A,12345678-5,local,3P,,,cl:CLF:true',
    '2:28: countries: expected payable ISO 4217 currencies like CLP, got "cl:CLF:true"',
  ],
  ['a value too many', 'S1,A,12345678-5,local,3P,,,cl:CLP:true,', '2:1: expected 8 values, got 9'],
])('a seller with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  await write('sellers.csv', SELLER_HEADER, row)
  await write('documents.csv', DOCUMENT_HEADER)
  await write('closings.csv', CLOSING_HEADER)
  expect(await problems()).toEqual([`sellers.csv:${problem}`])
})

test.each([
  [
    'document_type',
    'bill,B1,SC01-PAID,cl,2026-11-19,CLP,1',
    '1: document_type: expected vendorBill or invoice, got "bill"',
  ],
  [
    'an unknown seller',
    'invoice,B1,SC99,cl,2026-11-19,CLP,1',
    '12: gsc_seller_id: expected a seller of sellers.csv, got "SC99"',
  ],
  [
    'an unknown country',
    'invoice,B1,SC01-PAID,br,2026-11-19,CLP,1',
    '22: country: expected a country of countries.csv, got "br"',
  ],
  [
    'a day that is not',
    'invoice,B1,SC01-PAID,cl,2026-02-30,CLP,1',
    '25: date: expected a date like 2026-11-20, got "2026-02-30"',
  ],
  [
    'an unknown currency',
    'invoice,B1,SC01-PAID,cl,2026-11-19,clp,1',
    '36: currency: expected a payable ISO 4217 currency like CLP, got "clp"',
  ],
  [
    'half a peso',
    'invoice,B1,SC01-PAID,cl,2026-11-19,CLP,1.50',
    '40: amount: expected an amount in CLP, with at most 0 decimals, got "1.50"',
  ],
  [
    'a third decimal',
    'invoice,B1,SC01-PAID,cl,2026-11-19,USD,1.501',
    '40: amount: expected an amount in USD, with at most 2 decimals, got "1.501"',
  ],
  [
    'a decimal comma',
    'invoice,B1,SC01-PAID,cl,2026-11-19,USD,"1,50"',
    '40: amount: expected a decimal number like 1250.50, got "1,50"',
  ],
  [
    'an exponent',
    'invoice,B1,SC01-PAID,cl,2026-11-19,CLP,1e6',
    '40: amount: expected a decimal number like 1250.50, got "1e6"',
  ],
  [
    'a sign',
    'invoice,B1,SC01-PAID,cl,2026-11-19,CLP,-1',
    '40: amount: expected zero or more, since the type says who owes, got "-1"',
  ],
  [
    'no amount',
    'invoice,B1,SC01-PAID,cl,2026-11-19,CLP,',
    '40: amount: expected a decimal number like 1250.50, got nothing',
  ],
  [
    'too much',
    'invoice,B1,SC01-PAID,cl,2026-11-19,CLP,1234567890123456',
    '40: amount: expected at most 15 digits before the decimals, got "1234567890123456"',
  ],
  [
    'a number twice',
    'invoice,NC-1003,SC01-PAID,cl,2026-11-19,CLP,1',
    '9: tran_id: expected each invoice once, and line 4 has it, got "NC-1003"',
  ],
  [
    'a long number',
    `invoice,${'1'.repeat(46)},SC01-PAID,cl,2026-11-19,CLP,1`,
    '9: tran_id: expected at most 45 characters, got 46 of them',
  ],
])('a document with a wrong column is told with line, column and what was expected: %s', async (_, row, problem) => {
  const line = await append('documents.csv', row)
  expect(await problems()).toEqual([`documents.csv:${line}:${problem}`])
})

test('a document in another currency than its seller is paid in is no wrong input', async () => {
  await append('documents.csv', 'invoice,B1,SC01-PAID,cl,2026-11-19,USD,1.50')
  expect(await problems()).toEqual([])
})

test('closings are one per settlement, and one per seller, country and date', async () => {
  const line = await append('closings.csv', 'ST-01,SC12-NO-DOCUMENTS,cl,2026-11-19,CLP,-5')
  await append('closings.csv', 'ST-99,SC01-PAID,cl,2026-11-19,CLP,5')
  await append('closings.csv', 'ST-98,SC01-PAID,cl,2026-11-18,CLP,5')
  expect(await problems()).toEqual([
    `closings.csv:${line}:1: settlement_id: expected each settlement once, and line 2 has it, got "ST-01"`,
    `closings.csv:${line + 1}:7: gsc_seller_id: expected one closing per seller, country and date, and line 2 has one, got "SC01-PAID"`,
  ])
})

test('countries and sellers are there once, and flags are true or false', async () => {
  await append('countries.csv', 'cl,Chile,CLP,yes')
  await append('countries.csv', 'Chile,Chile,CLP,true')
  await append('sellers.csv', 'SC01-PAID,B,12345678-5,local,3P,,,cl:CLP:true')
  expect(await problems()).toEqual([
    'countries.csv:6:1: id: expected each country once, and line 2 has it, got "cl"',
    'countries.csv:6:14: enabled: expected true or false, got "yes"',
    'countries.csv:7:1: id: expected two lower-case letters like cl, got "Chile"',
    'sellers.csv:22:1: gsc_seller_id: expected each seller once, and line 2 has it, got "SC01-PAID"',
  ])
})

test.each([
  [
    'a missing and an unknown column',
    'id,nombre,currency,enabled',
    [
      'countries.csv:1:1: expected id,name,currency,enabled, found no name',
      'countries.csv:1:4: unknown column "nombre", expected id,name,currency,enabled',
    ],
  ],
  [
    'a column twice',
    'id,name,currency,enabled,name',
    ['countries.csv:1:26: column name is there twice, expected id,name,currency,enabled'],
  ],
  [
    'semicolons',
    'id;name;currency;enabled',
    ['countries.csv:1:1: expected the header id,name,currency,enabled, separated by commas, found semicolons'],
  ],
  ['no header', '', ['countries.csv:1:1: expected the header id,name,currency,enabled, found nothing']],
])('a bad header is told once, and nothing that only follows from it: %s', async (_, header, expected) => {
  await write('countries.csv', header)
  expect(await problems()).toEqual(expected)
})

test('a broken quote is told where it stands, and not as missing sellers', async () => {
  await write('sellers.csv', SELLER_HEADER, 'S1,"A" Ltda.,12345678-5,local,3P,,,cl:CLP:true')
  expect(await problems()).toEqual([
    'sellers.csv:2:7: expected a comma or the end of the line after the closing quote (")',
  ])
})

test('files that are missing, no files, not UTF-8, or with NUL bytes get a clear line each', async () => {
  await rm(join(directory, 'closings.csv'))
  await write('countries.csv', Buffer.from('\ufeffid,name', 'utf16le'))
  await write('sellers.csv', Buffer.from(`${SELLER_HEADER}\nS1,Per\xfa\n`, 'latin1'))
  await write('documents.csv', DOCUMENT_HEADER, 'invoice,B\x001,S1,cl,2026-11-19,CLP,1')
  expect(await problems()).toEqual([
    'countries.csv: expected UTF-8, found UTF-16',
    'sellers.csv: expected UTF-8, found other bytes in line 2',
    'documents.csv:2:10: expected text, found the control character U+0000',
    'closings.csv: expected this file, there is none',
  ])
  expect(await loadMarketplace(join(directory, 'nowhere'))).toEqual({
    problems: [`${join(directory, 'nowhere')}: expected a directory with countries.csv, sellers.csv, … (ENOENT)`],
  })
})

test('a marketplace without sellers is told', async () => {
  await write('sellers.csv', SELLER_HEADER)
  await write('documents.csv', DOCUMENT_HEADER)
  await write('closings.csv', CLOSING_HEADER)
  expect(await problems()).toEqual(['sellers.csv: expected at least one seller'])
})

test('of many problems the first twenty are told, in the order of the lines, and how many more there are', async () => {
  await write('closings.csv', CLOSING_HEADER, ...Array.from({ length: 5_000 }, (_, at) => `S${at},nobody,xx,now,??,1`))
  const told = await problems()
  expect(told).toHaveLength(21)
  expect(told[0]).toBe('closings.csv:2:4: gsc_seller_id: expected a seller of sellers.csv, got "nobody"')
  expect(told[19]).toMatch(/^closings\.csv:6:/)
  expect(told[20]).toBe('and 19980 more')
})

test('who asks for a date without documents is told which date has some', async () => {
  const documents = [{ date: '2026-11-18' }, { date: '2026-11-19' }] as Parameters<typeof dateAdvice>[0]['documents']
  expect(dateAdvice({ documents }, '2026-11-18')).toBeUndefined()
  expect(dateAdvice({ documents }, '2026-11-20')).toBe(
    'no document is of 2026-11-20; the latest are of 2026-11-19: --date 2026-11-19',
  )
  expect(dateAdvice({ documents: [] }, '2026-11-20')).toBeUndefined()
})
