import { Argument, Command } from 'commander'
import { z } from 'zod'
import { minorUnits } from '../amounts.ts'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { words } from '../plans.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, moneyText, table, timeText } from '../text.ts'

const rule = z.looseObject({
  id: z.string(),
  kind: z.string(),
  currency: z.string(),
  amount: z.string(),
  reason: z.string(),
  setBy: z.string(),
  setAt: z.string(),
})
const answer = z.looseObject({ rule, approval: waiting })

/** `remesa plan rule …`: from which amount a run needs an approved plan. */
export function planRuleCommands(context: Context): Command {
  const commands = new Command('rule')
    .description('What a run sends out at most without an approved plan.')
    .addHelpText('after', LIST_HELP)

  usesApi(commands.command('list', { isDefault: true }).description('The rules that stand.'))
    .addHelpText('after', LIST_HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const { items } = await api.get('/v1/plan-rules', pageOf(rule))
      const rows = items.map((one) => [
        ...[one.id, words(one.kind), moneyText(one), one.setBy, timeText(one.setAt), one.reason],
      ])
      const headings = ['id', 'of', '>at most', 'set by', 'at', 'why']
      context.out(options.json ? asJson({ items }) : table(headings, rows, 'There is no rule: no run needs a plan.'))
    })

  acts(
    commands
      .command('set')
      .description('Sets or lowers a rule at once; asks for one to be raised.')
      .addArgument(new Argument('<kind>', 'of what').choices(['pay_day', 'payouts']))
      .argument('<amount>', 'in major units, such as 50000 or 12.50; 0: nothing goes without a plan')
      .argument('<currency>', 'such as CLP'),
  )
    .addHelpText('after', SET_HELP)
    .action(async (kind: string, amount: string, currency: string, options: DeedOptions) => {
      const body = { kind, currency, amount: minorUnits(amount, currency), reason: options.reason }
      const api = await openApi(context, options, 'operator')
      tell(context, options, await api.post('/v1/plan-rules', answer, { method: 'PUT', key: options.key, body }))
    })

  acts(commands.command('remove').description('Asks for a rule to be removed.').argument('<id>', 'of the rule'))
    .addHelpText('after', REMOVE_HELP)
    .action(async (id: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { method: 'DELETE', key: options.key, body: { reason: options.reason } } as const
      tell(context, options, await api.post(`/v1/plan-rules/${inPath(id)}`, answer, deed))
    })
  return commands
}

function tell(context: Context, options: ApiOptions, done: z.output<typeof answer>): void {
  const text = `${words(done.rule.kind)}: at most ${moneyText(done.rule)} without an approved plan`
  context.out(options.json ? asJson(done) : deedText(context, text, done.approval))
}

const LIST_HELP = `
A run is a business date of sellers (pay_day), or a UTC day of settlements and bookings (payouts). What goes beyond the amount
and is no line of a plan that two people agreed to, waits.

${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa plan rule
  remesa plan rule list --json`

const SET_HELP = `
Role: operator. It holds from the next payment on, in every worker.

${exitCodes({ 0: 'it is set, or asked for' })}

Examples:
  remesa plan rule set pay_day 0 CLP --reason "every pay-day is approved"
  remesa plan rule set payouts 50000 USD --reason "large days are approved"`

const REMOVE_HELP = `
Role: operator. It takes a second person.

${exitCodes({ 0: 'it is asked for' })}

Examples:
  remesa plan rule remove 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "treasury approves elsewhere"`
