import { type FindingSide, listRailFindings, type StoredRailFinding } from '@remesa/database/rail-findings'
import { currency, isCurrency } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import { RECONCILED_BOOKS, type ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import type { RailReconciliationResult } from '@remesa/domain/rail-reconciliation-result'
import type { ReconciliationResult } from '@remesa/domain/reconciliation-result'
import { type Books, openBooks } from '@remesa/rails/books'
import { createBillingReconciliationService } from '@remesa/reconciliation/billing-reconciliation'
import { reconcileRail } from '@remesa/reconciliation/reconcile-rails'
import { EnvironmentError, parseEnvironment } from '@remesa/service-kit/environment'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeReads } from '@remesa/stripe-client/stripe-reads'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import { z } from 'zod'
import { CannotError, type Context, type ExitCode, readsDatabase, withDatabase } from '../context.ts'

interface Options {
  readonly from: Date
  readonly to?: Date
  readonly json?: true
  readonly tolerance: number
  readonly refunds: boolean
  readonly currency: string
  readonly timeZone: string
  readonly databaseUrl?: string
}

/** `remesa reconcile …`: somebody else's books against ours. */
export function reconcileCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const reconcile = new Command('reconcile')
    .description('Holds somebody else’s books against ours over a range of UTC days, and stores the report.')
    .addArgument(new Argument('<books>', 'whose').choices(['billing', ...RECONCILED_BOOKS]))
    .requiredOption('--from <day>', 'the first UTC day, such as 2026-11-20', readDay)
    .option('--to <day>', 'the day after the last one (default: the day after --from)', readDay)
    .option('--json', 'for programs')
  reconcile.addOption(
    new Option('--tolerance <percent>', 'billing: a discrepancy up to it is tolerated')
      .argParser(readPercent)
      .default(1),
  )
  reconcile.option('--no-refunds', 'billing: leave refunds out')
  reconcile.addOption(
    new Option('--currency <code>', 'billing: whose figures stand at the top').argParser(readCurrency).default('USD'),
  )
  reconcile.addOption(
    new Option('--time-zone <zone>', 'netsuite: in whose calendar payments are dated').default('America/Santiago'),
  )
  readsDatabase(reconcile)
    .addHelpText('after', HELP)
    .action(async (books: 'billing' | ReconciledBooks, options: Options) => {
      const window = { from: options.from, to: options.to ?? new Date(options.from.getTime() + DAY_MS) }
      if (window.from >= window.to) throw new CannotError('--to must be after --from.')
      ended(
        await (books === 'billing'
          ? reconcileBilling(context, options, window)
          : reconcileBooks(context, options, { rail: books, ...window })),
      )
    })
  return reconcile
}

const DAY_MS = 86_400_000

interface Window {
  readonly from: Date
  readonly to: Date
}

async function reconcileBooks(
  context: Context,
  { json, timeZone, databaseUrl }: Options,
  asked: Window & { readonly rail: ReconciledBooks },
): Promise<ExitCode> {
  const opened = orCannot(() => openBooks(asked.rail, context.env))
  try {
    const { run, findings } = await withDatabase(
      context,
      databaseUrl,
      async (database) => {
        const books = new Map<ReconciledBooks, Books>([[asked.rail, opened]])
        const onProgress = progress(context, `${asked.rail}: payments read`)
        const parts = { database, books, timeZone, now: () => new Date(), logger: SILENT, onProgress }
        const run = await reconcileRail(parts, asked)
        const page = { reportId: run.result.reportId, limit: json ? LISTED_AS_JSON : LISTED + 1 }
        return { run, findings: await listRailFindings(database, page) }
      },
      { poolSize: POOL },
    )
    context.out(json ? asJson({ ...run, findings }) : railAsText(run.result, findings))
    if (run.error !== undefined) throw new CannotError(`The books could not be read to their end. ${run.error}`)
    return run.result.status === 'success' ? 0 : 1
  } finally {
    opened.close()
  }
}

async function reconcileBilling(
  context: Context,
  { json, tolerance, refunds, currency: reporting, databaseUrl }: Options,
  { from, to }: Window,
): Promise<ExitCode> {
  const config = orCannot(() => parseEnvironment(context.env, z.object(stripeEnvironment)))
  const stripe = createStripeReads(stripeOptions(config))
  const waiting = heartbeat(context, 'Stripe is being read')
  try {
    const result = await withDatabase(
      context,
      databaseUrl,
      async (database) => {
        const service = createBillingReconciliationService({
          ...{ database, stripe, tolerancePercentage: tolerance, includeRefunds: refunds },
          reportingCurrency: currency(reporting),
          ...{ slicesAtOnce: 8, retryFirstMs: 1_000, leaseMs: 60_000, nudge: () => {}, now: () => new Date() },
          logger: SILENT,
        })
        return service.reconcile({ startDate: from, endDate: to })
      },
      { poolSize: POOL },
    )
    context.out(json ? asJson({ result }) : billingAsText(result))
    if (result.status === 'error') throw new CannotError('Stripe could not be read to its end; the report says why.')
    return result.status === 'success' ? 0 : 1
  } finally {
    waiting.stop()
    stripe.close()
  }
}

/** Findings that a person is shown; the API pages through all of them. */
const LISTED = 50
const LISTED_AS_JSON = 10_000
/** Slices of a long window are read side by side. */
const POOL = 4
/** What a run says is on its way is told as progress; what it found is the answer. */
const SILENT = { info: () => {}, warn: () => {}, error: () => {} }

/** @throws CannotError for an environment that lacks something, with the names of all that it lacks */
function orCannot<Result>(make: () => Result): Result {
  try {
    return make()
  } catch (error) {
    if (error instanceof EnvironmentError) throw new CannotError(`To read those books, ${error.message}.`)
    throw error
  }
}

/** Tells how far it is, once a second at most: a million payments are no million lines. */
function progress({ err }: Context, what: string): (count: number) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (count) => {
    if (performance.now() - toldAt < 1_000) return
    toldAt = performance.now()
    err(pc.dim(`${what}: ${count}`))
  }
}

function heartbeat({ err }: Context, what: string): { stop(): void } {
  const beganAt = performance.now()
  const timer = setInterval(() => err(pc.dim(`${what}, ${Math.round((performance.now() - beganAt) / 1_000)} s`)), 5_000)
  err(pc.dim(`${what} …`))
  return { stop: () => clearInterval(timer) }
}

function railAsText(result: RailReconciliationResult, findings: readonly StoredRailFinding[]): string {
  const { books, date, status, reportId, payments, byCurrency, recommendations } = result
  if (status === 'error') return `${pc.red('✗')} ${books}, ${date}: not compared. Report ${reportId}`
  const more = Object.values(result.findings).reduce((sum, count) => sum + count, 0) - LISTED
  return [
    ...findings.slice(0, LISTED).map(findingAsText),
    ...(more > 0 ? [`… and ${counted(more, 'more finding')}`] : []),
    ...byCurrency.map(
      ({ currency, payments, total, grossOver, grossUnder }) =>
        `${currency}: ${counted(payments, 'payment')} there, ${total}; ${grossOver} more there, ${grossUnder} more here`,
    ),
    ...recommendations.map((text) => `→ ${text}`),
    `${status === 'success' ? pc.green('✓') : pc.red('✗')} ${books}, ${date}: ${counted(payments, 'payment')} there, ${
      status === 'success' ? 'nothing to act on' : counted(result.urgent, 'urgent finding')
    }. Report ${reportId}`,
  ].join('\n')
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function findingAsText({ category, urgent, provider, recorded, payableId }: StoredRailFinding): string {
  const mark = urgent ? pc.red('✗') : category === 'timing' ? pc.dim('·') : pc.yellow('!')
  const side = (one: FindingSide<string> | null) =>
    one ? [one.reference, one.state, amountOf(one)].filter(Boolean).join(' ') : 'nothing'
  return `${mark} ${category}: there ${side(provider)}; here ${side(recorded)}${payableId ? ` (${payableId})` : ''}`
}

function amountOf({ amount, currency: code, takenBack }: FindingSide<string>): string {
  if (amount === null || code === null || !isCurrency(code)) return 'an amount that cannot be read'
  const back = takenBack > 0n ? `, ${formatMajor(takenBack, code)} of it came back` : ''
  return `${code} ${formatMajor(amount, code)}${back}`
}

function billingAsText(result: ReconciliationResult): string {
  const { status, date, byCurrency, recommendations, reportId } = result
  return [
    ...byCurrency.map(
      (line) =>
        `${line.currency}: Stripe ${line.stripeTotal}, database ${line.databaseTotal}; missing ${line.missingInDatabase} here, ` +
        `${line.missingInStripe} there; ${line.amountMismatches} mismatches, ${line.moneyAtRisk} at risk`,
    ),
    ...recommendations.map((text) => `→ ${text}`),
    `${status === 'success' ? pc.green('✓') : pc.red('✗')} billing, ${date}: ${status}. Report ${reportId}`,
  ].join('\n')
}

const asJson = (value: object): string =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString() : one), 2)

function readDay(text: string): Date {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return new Date(Temporal.PlainDate.from(text).toString())
  } catch {
    // no such day
  }
  throw new InvalidArgumentError('A day is written as 2026-11-20.')
}

function readPercent(text: string): number {
  const percent = Number(text)
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent
  throw new InvalidArgumentError('A percentage is a number from 0 to 100.')
}

function readCurrency(text: string): string {
  if (isCurrency(text)) return text
  throw new InvalidArgumentError('A currency is an ISO 4217 code, such as USD.')
}

const HELP = `
billing           what customers paid at Stripe, against the payments on record
stripe-transfers  transfers to connected accounts, against our payment attempts
fpay              bank payments in Latin America, against our payment attempts
payoneer          international payments: those that we asked for, one look-up each
netsuite          vendor payments, against the seller balances that are paid; by the day they are dated

The report and its findings are stored, as the nightly runs store theirs, and people are alerted to what is urgent. The
environment names the database and, as for the services, how the other side is reached (STRIPE_…, FPAY_…, PAYONEER_…,
NETSUITE_…); only what belongs to the books that are asked for is needed. Progress goes to stderr.

Exit codes: 0 the books agree, 1 they differ, 2 they could not be compared.

Examples:
  remesa reconcile fpay --from 2026-11-20
  remesa reconcile netsuite --from 2026-11-01 --to 2026-12-01
  remesa reconcile billing --from 2026-11-20 --json > report.json`
