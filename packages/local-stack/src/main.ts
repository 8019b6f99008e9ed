import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { bookingsSoFar } from './booking-events.ts'
import { buildConsole } from './console.ts'
import { generateMarketplace } from './marketplace/generate.ts'
import { dateAdvice, loadMarketplace, paymentsAdvice } from './marketplace/load.ts'
import { operatorsText } from './operators.ts'
import { parseOptions, type StartOptions } from './options.ts'
import { progressPrinter, summaryText } from './print.ts'
import { runPayDay, stopwatch } from './run.ts'
import { type Stack, startStack } from './stack/stack.ts'
import { writeStackState } from './stack-state.ts'
import { isContradicted } from './summary.ts'
import { StuckError } from './watch.ts'

// `pnpm start`: a marketplace's pay-day, settlements, bookings and reconciliation on this machine, with everything they need. Exit codes: 0 paid,
// 1 stuck or contradicted by the other sides' books, 2 an option or a file is wrong and nothing was started.

const directory = join(fileURLToPath(new URL('../../../', import.meta.url)), '.remesa')
const logDirectory = join(directory, 'logs')
/** Funds and outages are waited for, so only a run in which nothing at all moves is stuck. */
const PATIENCE_MS = 60_000
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const options = readOptions()
const marketplace = await readMarketplace(options)
const settingUp = stopwatch()
say(`Setting up PostgreSQL, Pub/Sub, the sandboxes and the services (logs in ${logDirectory})`)
const [stack, consoleTrouble] = await Promise.all([setUp(options), buildConsole(process.env, logDirectory)])
if (consoleTrouble) say(`There will be no console, which could not be built: ${consoleTrouble}`)

let stopping: Promise<never> | undefined
let isPaid = false
// A terminal that is closed takes its output with it; the stack is still to be stopped.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
for (const [signal, code] of [['SIGHUP', 129] as const, ['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
  process.on(signal, () => void stopWith(isPaid ? 0 : code)) // once it is paid, this is how a person ends it
}

// With it `remesa` needs no flags.
process.once('exit', await writeStackState(process.env.REMESA_STACK_FILE || join(directory, 'stack.json'), stack))

const contradicted = await run(stack, options, marketplace)
isPaid = !contradicted
if (options.exit) await stopWith(contradicted ? 1 : 0)
say(`The stack stays up; stop it with Ctrl-C.
  PostgreSQL  ${stack.databaseUrl}
  Pub/Sub     PUBSUB_EMULATOR_HOST=${stack.pubsub.host}
${await operatorsText(stack)}
${stack.services.map(({ child, url }) => `  ${child.name.padEnd(24)}${url}/metrics`).join('\n')}`)

function readOptions(): StartOptions {
  // pnpm runs scripts in the project's root; a path is meant from where the person is.
  const from = process.env.INIT_CWD ?? process.cwd()
  const parsed = parseOptions(process.argv.slice(2), { now: Temporal.Now.instant(), directory: from })
  if (parsed.kind === 'start') return parsed.options
  if (parsed.kind === 'bad') refuse(parsed.problems)
  say(parsed.text)
  process.exit(0)
}

async function readMarketplace({
  dataDir,
  sellers,
  settlements,
  bookings: count,
  payments,
  now = Temporal.Now.instant(),
  seed,
  businessDate,
}: StartOptions): Promise<Marketplace> {
  if (!dataDir) {
    return generateMarketplace({ sellers, settlements, bookings: { count, now }, payments, businessDate, seed })
  }
  const loaded = await loadMarketplace(dataDir)
  if ('problems' in loaded) refuse(loaded.problems)
  const advice = [
    dateAdvice(loaded.marketplace, businessDate),
    paymentsAdvice(loaded.marketplace, businessDate),
    laterAdvice(loaded.marketplace, now),
  ]
  for (const line of advice) if (line) say(line)
  return loaded.marketplace
}

function laterAdvice(marketplace: Marketplace, now: Temporal.Instant): string | undefined {
  const { later } = bookingsSoFar(marketplace, new Date(now.epochMilliseconds))
  return later === 0
    ? undefined
    : `${later} bookings, tips, disputes or resolutions are dated after ${now.toString()} and have not happened yet: --now`
}

function refuse(problems: readonly string[]): never {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exit(2)
}

async function setUp({ faults, now }: StartOptions): Promise<Stack> {
  const bookingClockOffsetMs = now === undefined ? 0 : now.epochMilliseconds - Date.now()
  try {
    return await startStack({ env: process.env, logDirectory, faultRate: faults ? 0.05 : 0, bookingClockOffsetMs })
  } catch (error) {
    process.stderr.write(`The stack could not be set up: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

/** @returns true when ledger or banks contradict what we say was paid */
async function run(stack: Stack, { businessDate, jsonFile }: StartOptions, marketplace: Marketplace): Promise<boolean> {
  const progress = progressPrinter(process.stdout)
  const events = {
    patienceMs: PATIENCE_MS,
    onProgress: progress.show,
    onPhase(what: string) {
      progress.end()
      say(what)
    },
  }
  try {
    const summary = await runPayDay(stack, { marketplace, businessDate, setupSeconds: settingUp() }, events)
    progress.end()
    say(summaryText(summary))
    if (jsonFile) await writeFile(jsonFile, `${JSON.stringify(summary, null, 2)}\n`)
    return isContradicted(summary)
  } catch (error) {
    progress.end()
    if (stopping) return stopping // the person ended it: what failed after that is no news
    if (!(error instanceof StuckError)) throw error
    process.stderr.write(`It is stuck:\n${error.message}\nThe services’ logs are in ${stack.logDirectory}\n`)
    return stopWith(1)
  }
}

function stopWith(code: number): Promise<never> {
  stopping ??= stack.stop().then(() => process.exit(code))
  return stopping
}
