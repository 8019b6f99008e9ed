import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type BusinessDate, businessDate, previousBusinessDate } from '@remesa/domain/business-date'
import { Command, CommanderError } from 'commander'
import { momentOf } from './moment.ts'

/** What `start` was asked for. */
export interface StartOptions {
  /** How many sellers to generate; without meaning when `dataDir` is there. */
  readonly sellers: number
  /** How many contests' settlements to generate, from 0; without meaning when `dataDir` is there. */
  readonly settlements: number
  /** How many bookings to generate, from 0; without meaning when `dataDir` is there. */
  readonly bookings: number
  /** How many payments of customers to generate, from 0; without meaning when `dataDir` is there. */
  readonly payments: number
  /** The moment that the rules of bookings see when the run begins; undefined for the machine's own clock. */
  readonly now: Temporal.Instant | undefined
  /** Another seed gives other generated data; the same one always the same. */
  readonly seed: number
  /** Absolute path of a marketplace's files, when it is not to be generated. */
  readonly dataDir: string | undefined
  /** A day that is over in America/Santiago. */
  readonly businessDate: BusinessDate
  /** The sandboxes misbehave. */
  readonly faults: boolean
  /** End when pay-day, settlements, bookings and reconciliation have ended, instead of staying up. */
  readonly exit: boolean
  /** Absolute path to write the summary to; its directory exists. */
  readonly jsonFile: string | undefined
}

export type ParsedOptions =
  | { readonly kind: 'start'; readonly options: StartOptions }
  /** `--help`: print it and exit with 0. */
  | { readonly kind: 'help'; readonly text: string }
  /** Print them, a line each, and exit with 2: nothing may be started. */
  | { readonly kind: 'bad'; readonly problems: readonly string[] }

const DEFAULT_SELLERS = 200
const MOST_SELLERS = 100_000
const DEFAULT_SETTLEMENTS = 10
const MOST_SETTLEMENTS = 10_000
const DEFAULT_BOOKINGS = 100
const MOST_BOOKINGS = 10_000
const DEFAULT_PAYMENTS = 1_000
const MOST_PAYMENTS = 1_000_000

/**
 * Reads the words after `start`.
 * @param directory - what relative paths start from
 */
export function parseOptions(
  argv: readonly string[],
  { now, directory = process.cwd() }: { now: Temporal.Instant; directory?: string },
): ParsedOptions {
  const help: string[] = []
  const problems: string[] = []
  const command = createCommand(previousBusinessDate(now), now).configureOutput({ writeOut: (text) => help.push(text) })
  try {
    command.parse(argv[0] === '--' ? argv.slice(1) : argv, { from: 'user' }) // pnpm hands on the -- that npm would take away
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (help.length > 0) return { kind: 'help', text: help.join('') }
    problems.push(oneLine(error))
  }

  const given = command.opts<GivenOptions>()
  const options: StartOptions = {
    sellers: wholeNumber(
      '--sellers',
      given.sellers ?? String(DEFAULT_SELLERS),
      { from: 1, to: MOST_SELLERS },
      problems,
    ),
    settlements: wholeNumber(
      '--settlements',
      given.settlements ?? String(DEFAULT_SETTLEMENTS),
      { from: 0, to: MOST_SETTLEMENTS },
      problems,
    ),
    bookings: wholeNumber(
      '--bookings',
      given.bookings ?? String(DEFAULT_BOOKINGS),
      { from: 0, to: MOST_BOOKINGS },
      problems,
    ),
    payments: wholeNumber(
      '--payments',
      given.payments ?? String(DEFAULT_PAYMENTS),
      { from: 0, to: MOST_PAYMENTS },
      problems,
    ),
    now: given.now === undefined ? undefined : moment(given.now, now, problems),
    seed: wholeNumber('--seed', given.seed ?? '1', { from: 0, to: 2 ** 32 - 1 }, problems),
    dataDir: given.data === undefined ? undefined : path('--data DIR', given.data, directory, problems),
    businessDate: pastDate(given.date, previousBusinessDate(now), problems),
    faults: given.faults ?? false,
    exit: given.exit ?? false,
    jsonFile: given.json === undefined ? undefined : writableFile(given.json, directory, problems),
  }
  for (const option of ['sellers', 'settlements', 'bookings', 'payments', 'seed'] as const) {
    if (given.data !== undefined && given[option] !== undefined) {
      const what = option === 'seed' ? 'sellers' : option
      problems.push(`--${option}: expected without --data, since the ${what} come from its files`)
    }
  }
  return problems.length > 0 ? { kind: 'bad', problems } : { kind: 'start', options }
}

interface GivenOptions {
  readonly sellers?: string
  readonly settlements?: string
  readonly bookings?: string
  readonly payments?: string
  readonly now?: string
  readonly seed?: string
  readonly data?: string
  readonly date?: string
  readonly faults?: true
  readonly exit?: true
  readonly json?: string
}

function createCommand(yesterday: BusinessDate, now: Temporal.Instant): Command {
  return new Command('start')
    .usage('[options]')
    .description(
      'Runs a pay-day on this machine: starts everything, creates the sellers, pays them, the winners of contests and the providers of bookings, reconciles what customers paid with Stripe, and shows what came of it.',
    )
    .option(
      '--sellers <N>',
      `sellers to generate, 1 to ${MOST_SELLERS} (default ${DEFAULT_SELLERS}); the same N gives the same data`,
    )
    .option(
      '--settlements <N>',
      `contests' settlements to generate, 0 to ${MOST_SETTLEMENTS} (default ${DEFAULT_SETTLEMENTS}), of 1 to 200 winners`,
    )
    .option(
      '--bookings <N>',
      `bookings to generate, 0 to ${MOST_BOOKINGS} (default ${DEFAULT_BOOKINGS}), most of them due at --now`,
    )
    .option(
      '--payments <N>',
      `customers' payments to generate, 0 to ${MOST_PAYMENTS} (default ${DEFAULT_PAYMENTS}), on the day of --date in UTC, with every discrepancy in them`,
    )
    .option(
      '--data <DIR>',
      'a marketplace from files instead: countries, sellers, documents, closings; settlements, winners; bookings, tips, disputes; payments, recorded (.csv)',
    )
    .option(
      '--date <YYYY-MM-DD>',
      `business date to pay and, in UTC, to reconcile; over already in America/Santiago (default ${yesterday}, yesterday)`,
    )
    .option(
      '--now <ISO>',
      `the time that the rules of bookings see, like ${sampleMoment(now)} (default: this machine's)`,
    )
    .option('--faults', 'the banks and systems around misbehave; what is paid stays the same')
    .option('--exit', 'end when all is paid or waits for people, instead of leaving the stack up until Ctrl-C')
    .option('--json <FILE>', 'write the summary to FILE')
    .option('--seed <N>', 'generate other data of the same kind (default 1)')
    .helpOption('--help', 'this text')
    .addHelpText('after', MORE_HELP)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }) // told by us, a line each
}

const MORE_HELP = `
Examples:
  npx -y pnpm@12 start                            200 sellers, 10 contests, 100 bookings, 1,000 payments; then it stays up
  npx -y pnpm@12 start --sellers 5000 --exit      how long 5,000 sellers take
  npx -y pnpm@12 start --faults --exit            lost answers, errors, repeated callbacks: paid once all the same
  npx -y pnpm@12 start --data packages/local-stack/examples/marketplace --date 2026-11-19 --now 2026-11-20T12:00:00Z

Embedded, so that nothing has to be installed: PostgreSQL, Pub/Sub, and stand-ins for NetSuite, GSC, FPay, Payoneer,
Stripe, Slack and PagerDuty. The services are the real ones, a process each. Set these to use your own instead:
  DATABASE_URL            a PostgreSQL database, e.g. postgres://user:password@localhost:5432/remesa
  PUBSUB_EMULATOR_HOST    a Pub/Sub emulator, e.g. localhost:8085

Exit codes:
  0   every balance, transfer and booking has ended or waits for people and payments are reconciled, or the stack was stopped with Ctrl-C
  1   something is stuck or broken; it says what
  2   an option or a file is wrong; nothing was started
`

/** Commander's words for a line of ours: `unknown option '--seler'; did you mean --sellers?` */
function oneLine({ code, message }: CommanderError): string {
  if (code === 'commander.excessArguments') return 'expected options only, like --sellers 500 (see start --help)'
  const [problem = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const advice = suggestion?.replace(/[()]/g, '').replace('Did', 'did') ?? 'see start --help'
  return `${problem}; ${advice}`
}

function wholeNumber(
  option: string,
  text: string,
  { from, to }: { from: number; to: number },
  problems: string[],
): number {
  const number = Number(text)
  if (!/^\d{1,12}$/.test(text) || number < from || number > to) {
    problems.push(`${option}: expected a whole number from ${from} to ${to}, got ${JSON.stringify(text)}`)
  }
  return number
}

function pastDate(text: string | undefined, yesterday: BusinessDate, problems: string[]): BusinessDate {
  if (text === undefined) return yesterday
  const got = `got ${JSON.stringify(text)}`
  try {
    const date = businessDate(text)
    if (date > yesterday) {
      problems.push(`--date: expected a day that is over in America/Santiago, ${yesterday} or earlier, ${got}`)
    }
    return date
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.push(`--date: expected a date like ${yesterday}, ${got}`)
    return yesterday
  }
}

const sampleMoment = (now: Temporal.Instant): string => now.round({ smallestUnit: 'hour' }).toString()

/** Less than services/payouts takes for a clock that was moved on purpose. */
const MOST_DAYS_OFF = 3_600

function moment(text: string, now: Temporal.Instant, problems: string[]): Temporal.Instant {
  const got = `got ${JSON.stringify(text)}`
  const read = momentOf(text)
  if (!read) {
    problems.push(`--now: expected a moment with its offset, like ${sampleMoment(now)}, ${got}`)
    return now
  }
  if (read.since(now).abs().total('days') > MOST_DAYS_OFF) {
    problems.push(`--now: expected a moment within ${MOST_DAYS_OFF} days of ${sampleMoment(now)}, ${got}`)
  }
  return read
}

function path(option: string, text: string, directory: string, problems: string[]): string {
  // An option in the place of a path is a path forgotten; who means it writes ./--exit.
  if (text.trim() === '' || text.startsWith('--')) {
    problems.push(`${option}: expected a path, got ${JSON.stringify(text)}`)
  }
  return resolve(directory, text)
}

/** Told now, and not when the run is over and its summary is lost. */
function writableFile(text: string, directory: string, problems: string[]): string {
  const file = path('--json FILE', text, directory, problems)
  const parent = dirname(file)
  try {
    if (!statSync(parent).isDirectory()) throw new Error('not a directory')
    accessSync(parent, constants.W_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      problems.push(`--json FILE: expected a file, and ${file} is a directory`)
    }
  } catch {
    problems.push(`--json FILE: expected a file in a directory that can be written to, and ${parent} is none`)
  }
  return file
}
