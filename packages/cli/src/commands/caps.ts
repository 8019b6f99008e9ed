import { CAP_SCOPES } from '@remesa/domain/payment-controls'
import { Argument, Command } from 'commander'
import { z } from 'zod'
import { minorUnits } from '../amounts.ts'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, moneyText, plain, table, timeText } from '../text.ts'

const cap = z.looseObject({
  id: z.string(),
  rail: z.string().nullable(),
  currency: z.string(),
  scope: z.string(),
  amount: z.string(),
  reason: z.string(),
  setBy: z.string(),
  setAt: z.string(),
})
const answer = z.looseObject({ cap, approval: waiting })

/** `remesa caps …`: how much may go out at most. */
export function capsCommands(context: Context): Command {
  const commands = new Command('caps').description('How much may go out at most; what would go beyond waits.')

  usesApi(commands.command('list', { isDefault: true }).description('The caps that stand.'))
    .addHelpText('after', LIST_HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const { items } = await api.get('/v1/caps', pageOf(cap))
      const rows = items.map((one) => [
        ...[one.id, one.scope, one.rail ?? 'all rails', moneyText(one), one.setBy, timeText(one.setAt), one.reason],
      ])
      const headings = ['id', 'of', 'rail', '>at most', 'set by', 'at', 'why']
      context.out(options.json ? asJson({ items }) : table(headings, rows, 'There is no cap.'))
    })

  acts(
    commands
      .command('set')
      .description('Sets or lowers a cap at once; asks for one to be raised.')
      .addArgument(new Argument('<scope>', 'of what').choices(CAP_SCOPES))
      .argument('<amount>', 'in major units, such as 50000 or 12.50')
      .argument('<currency>', 'such as CLP'),
  )
    .option('--rail <rail>', 'fpay, payoneer or stripe (default: all of them together)')
    .addHelpText('after', SET_HELP)
    .action(async (scope: string, amount: string, currency: string, options: DeedOptions & { rail?: string }) => {
      const wish = { scope, currency, amount: minorUnits(amount, currency), rail: options.rail ?? null }
      const api = await openApi(context, options, 'operator')
      const deed = { method: 'PUT', key: options.key, body: { ...wish, reason: options.reason } } as const
      tell(context, options, await api.post('/v1/caps', answer, deed))
    })

  acts(commands.command('remove').description('Asks for a cap to be removed.').argument('<id>', 'of the cap'))
    .addHelpText('after', REMOVE_HELP)
    .action(async (id: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { method: 'DELETE', key: options.key, body: { reason: options.reason } } as const
      tell(context, options, await api.post(`/v1/caps/${inPath(id)}`, answer, deed))
    })

  acts(
    commands
      .command('approve')
      .description('Agrees, as the second person, to what somebody else asked for about a cap.')
      .argument('<id>', 'of the approval'),
  )
    .option('--refuse', 'refuses it instead')
    .addHelpText('after', APPROVE_HELP)
    .action(async (id: string, options: DeedOptions & { refuse?: true }) => {
      const api = await openApi(context, options, 'approver')
      const verdict = options.refuse ? 'refuse' : 'approve'
      const deed = { key: options.key, body: { reason: options.reason } }
      const done = await api.post(
        `/v1/control-approvals/${inPath(id)}/${verdict}`,
        z.looseObject({ approval: z.looseObject({ status: z.string() }) }),
        deed,
      )
      context.out(options.json ? asJson(done) : `${context.colours.green('✓')} ${plain(done.approval.status)}`)
    })
  return commands
}

function tell(context: Context, options: ApiOptions, done: z.output<typeof answer>): void {
  const { scope, rail } = done.cap
  const text = `${plain(scope)}, ${plain(rail ?? 'all rails')}: at most ${moneyText(done.cap)}`
  context.out(options.json ? asJson(done) : deedText(context, text, done.approval))
}

const LIST_HELP = `
payee_day is what one payee gets in a UTC day, rail_hour what goes out in a UTC hour, run what the sellers of one business date get.

${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa caps
  remesa caps list --json`

const SET_HELP = `
Role: operator. What would go beyond waits for the next window, or until the cap is raised.

${exitCodes({ 0: 'it is set, or asked for' })}

Examples:
  remesa caps set rail_hour 250000 USD --rail stripe --reason "a new marketplace"
  remesa caps set payee_day 5000000 CLP --reason "no seller gets more in a day"`

const REMOVE_HELP = `
Role: operator. It takes a second person.

${exitCodes({ 0: 'it is asked for' })}

Examples:
  remesa caps remove 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "the launch is over"`

const APPROVE_HELP = `
Role: approver, and never whoever asked.

${exitCodes({ 0: 'it is decided' })}

Examples:
  remesa caps approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "checked with treasury"
  remesa caps approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --refuse --reason "not before Monday"`
