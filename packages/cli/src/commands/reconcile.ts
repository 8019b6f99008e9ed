import { setTimeout as sleep } from 'node:timers/promises'
import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type Api, acts, type DeedOptions, inPath, openApi } from '../api.ts'
import { CannotError, type Context, type ExitCode } from '../context.ts'
import { readDay, readSeconds } from '../read-arguments.ts'
import { asJson, counted, money, moneyText, plain } from '../text.ts'
import { reconcileSyncCommand } from './reconcile-sync.ts'

interface Options extends DeedOptions {
  readonly from: string
  readonly to?: string
  readonly tolerance?: number
  readonly refunds: boolean
  readonly wait: number
}

/** `remesa reconcile …`: somebody else's books against ours. */
export function reconcileCommands(context: Context, ended: (code: ExitCode) => void): Command {
  return new Command('reconcile')
    .description('Somebody else’s books against ours.')
    .addCommand(compareCommand(context, ended), { isDefault: true })
    .addCommand(reconcileSyncCommand(context))
    .addHelpText('after', `${HELP}\n  remesa reconcile compare --help      each option of a comparison`)
}

function compareCommand(context: Context, ended: (code: ExitCode) => void): Command {
  const compare = new Command('compare')
    .description('Has books compared over a range of UTC days, and waits for the report; the word may be left out.')
    .addArgument(new Argument('<books>', 'whose').choices(['billing', ...RECONCILED_BOOKS]))
    .requiredOption('--from <day>', 'the first UTC day, such as 2026-11-20', readDay)
    .option('--to <day>', 'the day after the last one (default: the day after --from)', readDay)
    .option(
      '--tolerance <percent>',
      'billing: nobody is told of a discrepancy up to it (default: the service’s)',
      readPercent,
    )
    .option('--no-refunds', 'billing: leave refunds out')
    .option('--wait <seconds>', 'for the report', readSeconds, 900)
  return acts(compare)
    .addHelpText('after', HELP)
    .action(async (books: string, options: Options) => {
      const to = options.to ?? Temporal.PlainDate.from(options.from).add({ days: 1 }).toString()
      if (options.from >= to) throw new CannotError('--to must be after --from.')
      const api = await openApi(context, options, 'operator')
      const report = await reported(context, api, { ...options, books, to })
      const findings = await findingsOf(api, report.id, options.json ? LISTED_AS_JSON : LISTED)
      context.out(options.json ? asJson({ ...report, ...findings }) : asText(context, report, findings))
      if (report.status === 'error') {
        throw new CannotError(`The books could not be read to their end. ${plain(report.error ?? '')}`.trim())
      }
      ended(report.status === 'success' ? 0 : 1)
    })
}

const overview = z.looseObject({ id: z.string(), from: z.string(), to: z.string(), status: z.string() })
const overviews = z.looseObject({ reconciliations: z.array(overview) })
const count = z.number()
const report = overview.extend({
  books: z.string(),
  error: z.string().nullable(),
  result: z
    .looseObject({
      date: z.string(),
      payments: count.optional(),
      urgent: count.optional(),
      recommendations: z.array(z.string()).default([]),
      byCurrency: z.array(z.looseObject({ currency: z.string() })).default([]),
    })
    .nullable(),
})
type Report = z.output<typeof report>
const side = z.looseObject({
  reference: z.string().nullable(),
  state: z.string().nullable(),
  currency: z.string().nullable(),
  amount: z.string().nullable(),
  takenBack: z.string(),
})
const finding = z.looseObject({
  id: z.string(),
  category: z.string(),
  urgent: z.boolean(),
  about: z.string().nullable(),
  theirs: side.nullable(),
  ours: side.nullable(),
  over: money.nullable(),
  under: money.nullable(),
})
const findingPage = z.looseObject({ findings: z.array(finding), next: z.string().nullable() })

interface Findings {
  readonly findings: readonly z.output<typeof finding>[]
  /** Whether there are more than were read. */
  readonly more: boolean
}

/** Findings that a person is shown; the console pages through all of them. */
const LISTED = 50
const LISTED_AS_JSON = 10_000
const PAGE = 200
const POLL_FIRST_MS = 100
const POLL_MAX_MS = 2_000

/** Asks, and waits for a report of these days that was not finished before it was asked for. */
async function reported(
  context: Context,
  api: Api,
  asked: Options & { readonly books: string; readonly to: string },
): Promise<Report> {
  const { books, from, to } = asked
  const ofThese = async () => {
    const { reconciliations } = await api.get('/v1/reconciliations', overviews, { books, limit: PAGE })
    const [first, end] = [from, to].map((day) => Date.parse(day))
    return reconciliations.filter((one) => Date.parse(one.from) === first && Date.parse(one.to) === end)
  }
  const finishedBefore = new Set((await ofThese()).filter(({ status }) => status !== 'running').map(({ id }) => id))
  const wish = {
    ...{ books, from, to, reason: asked.reason },
    ...(asked.tolerance !== undefined && { tolerancePercentage: asked.tolerance }),
    ...(!asked.refunds && { includeRefunds: false }),
  }
  await api.post('/v1/reconciliations', z.looseObject({}), { key: asked.key, body: wish })
  const deadline = performance.now() + asked.wait * 1_000
  context.err(`${books}: asked for; waiting for the report`)
  for (let wait = POLL_FIRST_MS; performance.now() < deadline; wait = Math.min(wait * 1.5, POLL_MAX_MS)) {
    const found = (await ofThese()).find(({ id, status }) => status !== 'running' && !finishedBefore.has(id))
    if (found) return api.get(`/v1/reconciliations/${inPath(found.id)}`, report)
    await sleep(wait)
  }
  throw new CannotError(
    `No report within ${asked.wait} s. It is asked for, and comes when the reconciliation service has done it: is that running?`,
  )
}

async function findingsOf(api: Api, reportId: string, most: number): Promise<Findings> {
  const findings: z.output<typeof finding>[] = []
  let next: string | null | undefined
  do {
    const query = { limit: Math.min(PAGE, most), ...(next && { cursor: next }) }
    const page = await api.get(`/v1/reconciliations/${inPath(reportId)}/findings`, findingPage, query)
    findings.push(...page.findings)
    next = page.next
  } while (next !== null && findings.length < most)
  return { findings, more: next !== null }
}

function asText(
  { colours }: Context,
  { id, books, status, result, error }: Report,
  { findings, more }: Findings,
): string {
  const mark = status === 'success' ? colours.green('✓') : colours.red('✗')
  const days = result?.date ?? ''
  if (status === 'error') return `${mark} ${books}, ${plain(days)}: not compared. ${plain(error ?? '')} Report ${id}`
  const urgent = result?.urgent ?? findings.filter((one) => one.urgent).length
  const outcome =
    status === 'success' ? 'nothing to act on' : urgent > 0 ? counted(urgent, 'urgent finding') : 'differences'
  const read = result?.payments === undefined ? '' : `${counted(result.payments, 'payment')} there, `
  return [
    ...findings.map((one) => findingText(colours, one)),
    ...(more ? ['… and more, in the console or with --json'] : []),
    ...(result?.byCurrency ?? []).map(currencyText),
    ...(result?.recommendations ?? []).map((text) => `→ ${plain(text)}`),
    `${mark} ${books}, ${plain(days)}: ${read}${outcome}. Report ${id}`,
  ].join('\n')
}

function findingText(
  colours: Context['colours'],
  { category, urgent, theirs, ours, about, over, under }: Findings['findings'][number],
): string {
  const mark = urgent ? colours.red('✗') : category === 'timing' ? colours.dim('·') : colours.yellow('!')
  const sideText = (one: z.output<typeof side> | null) =>
    one
      ? [one.reference, one.state, amountText(one)]
          .filter(Boolean)
          .map((text) => plain(`${text}`))
          .join(' ')
      : 'nothing'
  const difference = over ? `; ${moneyText(over)} more there` : under ? `; ${moneyText(under)} more here` : ''
  const named = about === null || about === theirs?.reference ? '' : ` (${plain(about)})`
  return `${mark} ${plain(category)}: there ${sideText(theirs)}; here ${sideText(ours)}${difference}${named}`
}

function amountText({ amount, currency, takenBack }: z.output<typeof side>): string {
  if (amount === null || currency === null) return 'an amount that cannot be read'
  const back = takenBack === '0' ? '' : `, ${moneyText({ amount: takenBack, currency })} of it came back`
  return moneyText({ amount, currency }) + back
}

/** Figures per currency, of billing or of a rail: both are in major units. */
function currencyText({ currency, ...figures }: { currency: string; [name: string]: unknown }): string {
  const told = (name: string, words: string) => (name in figures ? [`${plain(String(figures[name]))} ${words}`] : [])
  return `${plain(currency)}: ${[
    ...told('stripeTotal', 'at Stripe'),
    ...told('databaseTotal', 'in the database'),
    ...told('total', 'there'),
    ...told('grossOver', 'more there'),
    ...told('grossUnder', 'more here'),
    ...told('moneyAtRisk', 'at risk'),
  ].join(', ')}`
}

function readPercent(text: string): number {
  const percent = Number(text)
  if (text.trim() !== '' && percent >= 0 && percent <= 100) return percent
  throw new InvalidArgumentError('A percentage is a number from 0 to 100.')
}

const HELP = `
The reconciliation service reads the other side, compares it with our records, stores the report with its findings, and tells
people by Slack and PagerDuty as it does every night. This command asks it to (role operator) and shows what came of it.
Should it not be done in time it goes on by itself; asking with the same --key does not ask twice.

Exit codes: 0 they agree, 1 they differ, 2 they could not be compared, or it was used wrongly.

Examples:
  remesa reconcile fpay --from 2026-11-20 --reason "a seller says that nothing came"
  remesa reconcile billing --from 2026-11-01 --to 2026-11-08 --tolerance 0.5 --reason "the week, once more"
  remesa reconcile netsuite --from 2026-11-20 --reason "month’s end" --json`
