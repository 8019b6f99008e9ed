import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type ParsedOptions, parseOptions } from '../src/options.ts'

/** 08:00 in Santiago. */
const now = Temporal.Instant.from('2026-11-21T11:00:00Z')
const directory = mkdtempSync(join(tmpdir(), 'remesa-options-'))
const parse = (words: string, at = now): ParsedOptions =>
  parseOptions(words.split(' ').filter(Boolean), { now: at, directory })
const problemsOf = (words: string): readonly string[] => {
  const parsed = parse(words)
  return parsed.kind === 'bad' ? parsed.problems : []
}

test('without options 200 sellers are paid for yesterday and the stack stays up', () => {
  expect(parse('')).toEqual({
    kind: 'start',
    options: {
      sellers: 200,
      settlements: 10,
      bookings: 100,
      payments: 1000,
      now: undefined,
      seed: 1,
      dataDir: undefined,
      businessDate: '2026-11-20',
      faults: false,
      exit: false,
      jsonFile: undefined,
    },
  })
})

test('yesterday is reckoned in Santiago, not in UTC', () => {
  const lateEvening = Temporal.Instant.from('2026-11-21T02:30:00Z') // still the 20th, 23:30, in Santiago
  expect(parse('', lateEvening)).toMatchObject({ options: { businessDate: '2026-11-19' } })
})

test('every option arrives, paths made absolute', () => {
  const words = '--sellers 5000 --settlements 0 --bookings 40 --payments 300 --now 2026-11-23T10:30:00+01:00 --seed 7'
  expect(parse(`${words} --date 2026-11-19 --faults --exit --json out.json`)).toEqual({
    kind: 'start',
    options: {
      sellers: 5000,
      settlements: 0,
      bookings: 40,
      payments: 300,
      now: Temporal.Instant.from('2026-11-23T09:30:00Z'),
      seed: 7,
      dataDir: undefined,
      businessDate: '2026-11-19',
      faults: true,
      exit: true,
      jsonFile: join(directory, 'out.json'),
    },
  })
  expect(parse('--data some/where')).toMatchObject({ options: { dataDir: join(directory, 'some/where') } })
  expect(parse('--sellers=100000')).toMatchObject({ options: { sellers: 100_000 } })
})

test('the -- that pnpm hands on is no option', () => {
  expect(parse('-- --sellers 5')).toMatchObject({ kind: 'start', options: { sellers: 5 } })
})

test.each([
  ['--sellers 0', '--sellers: expected a whole number from 1 to 100000, got "0"'],
  ['--sellers 100001', '--sellers: expected a whole number from 1 to 100000, got "100001"'],
  ['--sellers 1e3', '--sellers: expected a whole number from 1 to 100000, got "1e3"'],
  ['--sellers -5', '--sellers: expected a whole number from 1 to 100000, got "-5"'],
  ['--settlements -1', '--settlements: expected a whole number from 0 to 10000, got "-1"'],
  ['--settlements ten', '--settlements: expected a whole number from 0 to 10000, got "ten"'],
  ['--bookings 10001', '--bookings: expected a whole number from 0 to 10000, got "10001"'],
  ['--bookings many', '--bookings: expected a whole number from 0 to 10000, got "many"'],
  ['--payments 1000001', '--payments: expected a whole number from 0 to 1000000, got "1000001"'],
  ['--data x --payments 3', '--payments: expected without --data, since the payments come from its files'],
  ['--now 2026-11-23', '--now: expected a moment with its offset, like 2026-11-21T11:00:00Z, got "2026-11-23"'],
  [
    '--now 2026-11-23T25:00:00Z',
    '--now: expected a moment with its offset, like 2026-11-21T11:00:00Z, got "2026-11-23T25:00:00Z"',
  ],
  [
    '--now 2016-11-20T00:00:00Z',
    '--now: expected a moment within 3600 days of 2026-11-21T11:00:00Z, got "2016-11-20T00:00:00Z"',
  ],
  ['--data x --bookings 3', '--bookings: expected without --data, since the bookings come from its files'],
  ['--seed x', '--seed: expected a whole number from 0 to 4294967295, got "x"'],
  ['--date 2026-13-01', '--date: expected a date like 2026-11-20, got "2026-13-01"'],
  ['--date 20/11/2026', '--date: expected a date like 2026-11-20, got "20/11/2026"'],
  [
    '--date 2026-11-21',
    '--date: expected a day that is over in America/Santiago, 2026-11-20 or earlier, got "2026-11-21"',
  ],
  ['--data x --sellers 3', '--sellers: expected without --data, since the sellers come from its files'],
  ['--data x --settlements 3', '--settlements: expected without --data, since the settlements come from its files'],
  ['--data --exit', '--data DIR: expected a path, got "--exit"'],
  [
    '--json no/where.json',
    `--json FILE: expected a file in a directory that can be written to, and ${join(directory, 'no')} is none`,
  ],
  ['--json .', `--json FILE: expected a file, and ${directory} is a directory`],
  ['--seller 4', "unknown option '--seller'; did you mean --sellers?"],
  ['--quick', "unknown option '--quick'; see start --help"],
  ['--sellers', "option '--sellers <N>' argument missing; see start --help"],
  ['500', 'expected options only, like --sellers 500 (see start --help)'],
])('%s is refused in one line that says what was expected', (words, problem) => {
  expect(problemsOf(words)).toEqual([problem])
})

test('several bad options are told at once, a line each', () => {
  expect(problemsOf('--sellers none --date tomorrow --now soon --json no/where.json --fast')).toHaveLength(5)
})

test('help teaches examples, what is embedded, exit codes and yesterday’s date', () => {
  const help = parse('--help')
  expect(help.kind).toBe('help')
  const text = help.kind === 'help' ? help.text : ''
  for (const word of ['--sellers', '2026-11-20', '--data packages/local-stack/examples/marketplace', 'DATABASE_URL']) {
    expect(text).toContain(word)
  }
  expect(text).toMatch(/PUBSUB_EMULATOR_HOST[\s\S]*Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /)
})
