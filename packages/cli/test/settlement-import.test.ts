import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { inParts, type SettlementToSend } from '../src/settlement-import.ts'
import { type Operators, operators, remesaProcess } from './support.ts'

let api: Operators
let directory: string
beforeAll(async () => {
  api = await operators(() => ({}), { limits: 'USD:100000000,CLP:100000000,EUR:100000000' })
  directory = await mkdtemp(join(tmpdir(), 'remesa-import-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await api.stop()
})

const WHY = ['--reason', 'the marketplace was down']
const EXAMPLES = fileURLToPath(new URL('../../local-stack/examples/marketplace', import.meta.url))

/** @returns where the settlements are */
async function files(settlements: readonly string[], winners: readonly string[]): Promise<string> {
  const name = randomUUID()
  const file = join(directory, `${name}.csv`)
  await writeFile(file, ['settlement_id,contest_id,currency,total,status', ...settlements, ''].join('\n'))
  await writeFile(
    `${file}.winners`,
    ['settlement_id,user_id,stripe_account_id,amount,currency', ...winners, ''].join('\n'),
  )
  return file
}
const bring = (file: string, ...words: readonly string[]) =>
  api.remesa('settlement', 'import', file, '--winners', `${file}.winners`, ...WHY, ...words)
const stored = async () => {
  const { rows } = await sql<{ settlement_id: string; total: bigint; winners: number }>`
    select settlement_id, total, (select count(*)::int from settlement_winners w where w.settlement_id = s.settlement_id)
      as winners from settlements s order by settlement_id`.execute(api.world.database)
  return rows
}
const queued = async () => (await api.world.take(topics.settlementCompleted)).map(({ data }) => data.settlementId)

test('the example’s settlements are brought by file, those that break a rule are named, and brought again nothing changes', async () => {
  const words = ['settlement', 'import', join(EXAMPLES, 'settlements.csv'), ...WHY]
  const first = await remesaProcess(words, api.env)
  expect(first).toMatchObject({ code: 1, err: '' })
  expect(first.out).toMatch(
    /^✓ 10 settlements: 10 new, 0 replaced, 0 unchanged\n! \d+ settlements that nobody is paid of/,
  )
  expect(first.out).toContain('sum_differs')
  const before = await stored()
  expect(before).toEqual(
    expect.arrayContaining([
      { settlement_id: 'SE01-PAID', total: 175_050n, winners: expect.any(Number) },
      { settlement_id: 'SE02-PESOS', total: 900_000n, winners: expect.any(Number) },
    ]),
  )
  expect(await queued()).toHaveLength(10)
  const again = await api.remesa(...words)
  expect(again.out).toContain('0 new, 0 replaced, 10 unchanged')
  expect([await stored(), await queued()]).toEqual([before, []])
})

test('what is wrong in a file is told with file, line, column and what was expected, and nothing is sent', async () => {
  const file = await files(
    ['SE-A,CT-A,USD,12.505,closed', 'SE-A,CT-A,USD,10,closed', 'SE-B,,USD,10,closed'],
    ['SE-A,ana,acct_ana,ten,', 'SE-Z,ben,ben,10,'],
  )
  const before = await stored()
  const said = await bring(file)
  const name = file.slice(directory.length + 1)
  expect(said.code).toBe(2)
  expect(said.err.split('\n')).toEqual([
    `${name}:2:15: total: expected an amount in USD, with at most 2 decimals, got "12.505"`,
    `${name}:3:1: settlement_id: expected each settlement once, and line 2 has it, got "SE-A"`,
    `${name}:4:6: contest_id: expected a text, got nothing`,
    `${name}.winners:2:19: amount: expected a decimal number like 1250.50, got "ten"`,
    `${name}.winners:3:1: settlement_id: expected a settlement of ${name}, got "SE-Z"`,
    `${name}.winners:3:10: stripe_account_id: expected acct_ and letters, digits or underscores, at most 255 characters, or nothing, got "ben"`,
    'remesa: The files are not right; nothing was sent.',
    '',
  ])
  expect(await stored()).toEqual(before)
  const missing = await api.remesa('settlement', 'import', join(directory, 'nowhere.csv'), ...WHY)
  expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('expected this file, there is none') })
})

test('a file may be only checked, which needs no API', async () => {
  const file = await files(['SE-C,CT-C,CLP,900,closed'], ['SE-C,ana,,900,'])
  const said = await remesaProcess(['settlement', 'import', file, '--winners', `${file}.winners`, '--check'], {})
  expect(said).toEqual({ code: 0, out: '1 settlement: the files are right. Nothing was sent.\n', err: '' })
  const without = await api.remesa('settlement', 'import', file, '--winners', `${file}.winners`)
  expect(without).toMatchObject({ code: 2, err: expect.stringContaining('Give --reason') })
})

test('another settlement under a known id is refused in the API’s words, and gives way with --replace while it is not being paid', async () => {
  const winners = ['SE-D,dora,acct_dora,10,', 'SE-D,edna,,2.50,']
  expect((await bring(await files(['SE-D,CT-D,USD,12.50,closed'], winners))).code).toBe(0)
  const changed = await files(['SE-D,CT-D,USD,13,closed'], winners)
  expect(await bring(changed)).toMatchObject({
    code: 2,
    err: expect.stringContaining('Settlement SE-D stands here otherwise (total), and gives way only where `replace`'),
  })
  const replaced = await bring(changed, '--replace', '--json')
  expect([replaced.code, JSON.parse(replaced.out)]).toEqual([
    1,
    {
      settlements: [
        { settlementId: 'SE-D', result: 'replaced', problem: expect.objectContaining({ rule: 'sum_differs' }) },
      ],
      approvals: [],
    },
  ])
})

test('a large file goes in parts, with progress; where a part is refused those before it stand, and the next try finds them', async () => {
  const ids = Array.from({ length: 450 }, (_, at) => `SE-L${String(at).padStart(3, '0')}`)
  const rows = ids.map((id) => `${id},CT-${id},USD,1,closed`)
  const winners = ids.map((id) => `${id},user-${id},,1,`)
  const wrong = await files(rows, winners)
  await bring(await files([`${ids[300]},CT-other,USD,1,closed`], [`${ids[300]},ana,,1,`]))
  const stopped = await bring(wrong)
  expect(stopped).toMatchObject({ code: 2, out: '' })
  expect(stopped.err).toMatch(
    /^… 200 of 450 settlements\nremesa: Settlement SE-L300 .* 200 settlements before it stand/,
  )
  const said = await bring(wrong, '--replace', '--key', 'the-parts')
  expect(said.code).toBe(0)
  expect(said.err).toBe(['200', '400', '450'].map((sent) => `… ${sent} of 450 settlements\n`).join(''))
  expect(said.out).toContain('249 new, 1 replaced, 200 unchanged')
  expect((await bring(wrong, '--replace', '--key', 'the-parts')).out).toBe(said.out)
})

test('above the limit each part waits for a second person: the command says for what, names them again, and goes on once they agree', async () => {
  const ids = Array.from({ length: 201 }, (_, at) => `SE-W${String(at).padStart(3, '0')}`)
  const rows = ids.map((id) => `${id},CT-${id},GBP,1,closed`) // has no limit
  const file = await files(
    rows,
    ids.map((id) => `${id},user-${id},,1,`),
  )
  const said = await bring(file)
  expect(said.code).toBe(0)
  expect(said.out).toContain('! 201 settlements: 0 new, 0 replaced, 0 unchanged, 201 for a second person to approve')
  expect(said.out).toContain('    GBP 200.00, 200 settlements, 200 winners\n    SHA-256 ')
  expect(said.out).toContain('    SE-W000 (CT-SE-W000, new): GBP 1.00 to 1 winner\n')
  expect(said.out).toContain('    … and 180 more, which owe less: remesa settlement waiting ID\n')
  expect(said.out).toContain('    GBP 1.00, 1 settlement, 1 winner\n')
  expect(said.out).toContain('Each of them is a part of the file')
  const approvals = [...said.out.matchAll(/remesa approve (\S{36}) /g)].map(([, id = '']) => id)
  expect(approvals).toHaveLength(2)
  expect(await queued()).not.toContain('SE-W000')
  expect((await bring(file)).out).toBe(said.out)
  const listed = await api.remesa('approve')
  for (const id of approvals) expect(listed.out).toContain(id)
  expect(listed.out).toMatch(/settlement import .{36}:\n {2}SHA-256 [0-9a-f]{64}\n {2}SE-W/)
  const whole = await api.remesa('settlement', 'waiting', approvals[0] ?? '')
  expect(whole.out).toMatch(/^SE-W199 +– +– +user-SE-W199 +none yet +GBP 1\.00$/m)
  for (const id of approvals) {
    const approved = await api.remesa('approve', id, ...WHY)
    expect([approved.code, approved.out]).toEqual([
      0,
      expect.stringMatching(/^✓ settlement import .*: approved\n {2}GBP /),
    ])
  }
  expect(await queued()).toHaveLength(201)
  expect((await bring(file)).out).toContain('✓ 201 settlements: 0 new, 0 replaced, 201 unchanged')
})

test('parts keep to what a request takes, whatever the settlements', () => {
  const one = (winners: number, length = 5): SettlementToSend => ({
    ...{ settlementId: 'SE', contestId: 'CT', currency: 'USD', total: '1', status: 'closed' },
    winners: Array.from({ length: winners }, () => ({
      ...{ userId: 'u'.repeat(length), stripeAccountId: null, amount: '1', currency: 'USD' },
    })),
  })
  const sizesOf = (all: readonly SettlementToSend[]) => inParts(all).map((part) => part.length)
  expect(sizesOf([])).toEqual([])
  expect(sizesOf(Array.from({ length: 401 }, () => one(1)))).toEqual([200, 200, 1])
  expect(sizesOf([one(15_000), one(6_000), one(14_000), one(1)])).toEqual([1, 2, 1])
  expect(sizesOf([one(9_000, 200), one(9_000, 200)])).toEqual([1, 1])
})
