import { Argument, Command, Option } from 'commander'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { planAnswer, planDetail, planLine, planStateText, planText, words } from '../plans.ts'
import { asJson, counted, moneyText, plain, table, timeText } from '../text.ts'
import { planRuleCommands } from './plan-rule.ts'

const KINDS = ['pay_day', 'payouts']
const LINES_SHOWN = 200

/** `remesa plan …`: what a run would pay, before it pays. */
export function planCommands(context: Context): Command {
  const commands = new Command('plan').description(
    'What a run would pay now, who is left out and why; nothing is paid.',
  )

  acts(
    commands
      .command('make', { isDefault: true })
      .description('Plans a run, and shows the plan.')
      .addArgument(new Argument('[kind]', 'of what').choices(KINDS).default('pay_day')),
  )
    .option('--date <date>', 'the business date of a pay-day (default: the newest)')
    .addHelpText('after', MAKE_HELP)
    .action(async (kind: string, options: DeedOptions & { date?: string }) => {
      const api = await openApi(context, options, 'operator')
      const body = { kind, reason: options.reason, ...(options.date !== undefined && { businessDate: options.date }) }
      const made = await api.post('/v1/plans', planAnswer, { key: options.key, body })
      const found = await api.get(`/v1/plans/${inPath(made.plan.id)}`, planDetail)
      context.out(options.json ? asJson(found) : planText(found, found))
    })

  usesApi(commands.command('list').description('Plans, newest first.'))
    .addOption(new Option('--kind <kind>', 'of these alone').choices(KINDS))
    .addOption(new Option('--state <state>', 'in this state alone').choices(['planned', 'approved', 'applied', 'void']))
    .addHelpText('after', LIST_HELP)
    .action(async (options: ApiOptions & { kind?: string; state?: string }) => {
      const api = await openApi(context, options, 'viewer')
      const { kind, state } = options
      const page = await api.get('/v1/plans', pageOf(planDetail), { kind, state, limit: 50 })
      const rows = page.items.map((one) => [
        ...[one.id, words(one.kind), one.run, one.needsApproval ? 'to be approved' : one.state, one.lineCount],
        one.pays.map(moneyText).join(', '),
        ...[one.planned.by, timeText(one.planned.at)],
      ])
      const headings = ['id', 'of', 'run', 'state', '>payments', 'pays', 'planned by', 'at']
      context.out(options.json ? asJson(page) : table(headings, rows, 'Nothing has been planned.'))
    })

  usesApi(
    commands.command('show').description('A plan; with --lines who gets how much.').argument('<id>', 'of the plan'),
  )
    .option('--lines', 'also each payment')
    .option('--left-out', 'also each that is left out')
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions & { lines?: true; leftOut?: true }) => {
      const api = await openApi(context, options, 'viewer')
      const path = `/v1/plans/${inPath(id)}`
      const found = await api.get(path, planDetail)
      const page = (leftOut: boolean) =>
        api.get(`${path}/lines`, pageOf(planLine), { leftOut: String(leftOut), limit: LINES_SHOWN })
      const lines = options.lines && (await page(false))
      const leftOut = options.leftOut && (await page(true))
      if (options.json) {
        context.out(asJson({ ...found, ...(lines && { lines }), ...(leftOut && { leftOut }) }))
        return
      }
      const shown = [lines, leftOut].flatMap((one) => (one ? [linesText(one.items, one.next !== null)] : []))
      context.out([planText(found, found), ...shown].join('\n\n'))
    })

  acts(commands.command('discard').description('Ends a plan that nobody wants, before it is applied. Nothing is paid.'))
    .argument('<id>', 'of the plan')
    .addHelpText('after', DISCARD_HELP)
    .action(async (id: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { key: options.key, body: { reason: options.reason } }
      const done = await api.post(`/v1/plans/${inPath(id)}/discard`, planAnswer, deed)
      context.out(options.json ? asJson(done) : `${context.colours.green('✓')} plan ${plain(done.plan.id)}: discarded`)
    })

  commands.addCommand(planRuleCommands(context))
  return commands.addHelpText('after', GROUP_HELP)
}

function linesText(items: readonly (typeof planLine)['_output'][], isMore: boolean): string {
  const rows = items.map((one) => [
    ...[one.payableId, one.payee.name ?? one.payee.id],
    one.amount === null ? null : moneyText({ amount: one.amount, currency: one.currency }),
    ...[one.rail, one.destination, one.leftOut === null ? one.status : words(one.leftOut)],
  ])
  const more = isMore ? `\n… the first ${counted(items.length, 'payment')}; --json and the API have the rest` : ''
  return table(['payable', 'payee', '>amount', 'rail', 'to', 'why, or status'], rows) + more
}

/** `remesa apply`: releases what a plan pays. */
export const applyCommands = (context: Context): Command =>
  acts(
    new Command('apply')
      .description('Releases what a plan pays, if it is still the same to the last line; else the plan is void.')
      .argument('<id>', 'of the plan')
      .requiredOption('--hash <hash>', 'of the plan, as it was seen'),
  )
    .addHelpText('after', APPLY_HELP)
    .action(async (id: string, options: DeedOptions & { hash: string }) => {
      const api = await openApi(context, options, 'operator')
      const deed = { key: options.key, body: { hash: options.hash, reason: options.reason } }
      const done = await api.post(`/v1/plans/${inPath(id)}/apply`, planAnswer, deed)
      context.out(options.json ? asJson(done) : planStateText(context, done.plan))
    })

const GROUP_HELP = `
The word make may be left out: remesa plan is a plan of the pay-day. Then a second person approves it by its hash, where a rule
wants that, and it is applied. remesa plan make --help shows each option of planning.

${exitCodes({ 0: 'it is planned' })}

Examples:
  remesa plan --reason "before the pay-day"             what it would pay; the plan has an id and a hash
  remesa plan show ID --lines --left-out                who gets how much, who does not and why
  remesa approve ID --hash HASH --reason "…"            a second person, to exactly this
  remesa apply ID --hash HASH --reason "…"              if nothing has changed since; else it is void
  remesa plan rule                                      from which amount a run needs an approved plan`

const MAKE_HELP = `
Role: operator. Nothing is paid and nothing changes. A rule may want a second person to approve the plan before it is applied:
see remesa plan rule. What a rail holds is asked of the rail; where it does not tell, it is unknown, never zero.

${exitCodes({ 0: 'it is planned' })}

Examples:
  remesa plan --reason "before the pay-day"
  remesa plan pay_day --date 2026-11-20 --reason "before the pay-day"
  remesa plan payouts --reason "a large contest"`

const LIST_HELP = `
${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa plan list
  remesa plan list --state planned --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa plan show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22
  remesa plan show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --lines --left-out`

const DISCARD_HELP = `
Role: operator. One person is enough, whoever planned or approved it. A plan that nobody applies ends by itself after a week.

${exitCodes({ 0: 'it is discarded' })}

Examples:
  remesa plan discard 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "planned for the wrong day"`

const APPLY_HELP = `
Role: operator. What a rule wants approved is applied once a second person has approved it: remesa approve ID --hash HASH.

${exitCodes({ 0: 'it is applied' })}

Examples:
  remesa apply 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --hash 9f86… --reason "approved by treasury"`
