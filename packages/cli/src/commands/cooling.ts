import { Argument, Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, plain, table, timeText } from '../text.ts'

const cooling = z.looseObject({
  payee: z.looseObject({ type: z.string(), id: z.string(), name: z.string().nullable() }),
  changedAt: z.string(),
  until: z.string(),
  payments: z.number(),
  release: z.looseObject({ id: z.string() }).nullable(),
})
const answer = z.looseObject({ approval: waiting })

/** `remesa cooling …`: payees whose accounts were changed lately. */
export function coolingCommands(context: Context): Command {
  const commands = new Command('cooling').description(
    'Payees whose accounts were changed lately: what is due to them waits for a while, and is then paid by itself.',
  )

  usesApi(commands.command('list', { isDefault: true }).description('Those for whom something waits.'))
    .addHelpText('after', LIST_HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const { items } = await api.get('/v1/cooling', pageOf(cooling))
      const rows = items.map(({ payee, changedAt, until, payments, release }) => [
        ...[payee.type, payee.id, payee.name ?? '', timeText(changedAt), timeText(until), String(payments)],
        release ? `asked for: ${release.id}` : '',
      ])
      const headings = ['payee', 'id', 'name', 'changed', 'paid by itself', '>payments', 'release']
      context.out(options.json ? asJson({ items }) : table(headings, rows, 'Nothing waits for a changed account.'))
    })

  acts(
    commands
      .command('release')
      .description('Asks for a payee to be paid at once.')
      .addArgument(new Argument('<payee>', 'who').choices(['seller', 'user']))
      .argument('<id>', 'of the payee'),
  )
    .addHelpText('after', RELEASE_HELP)
    .action(async (payee: string, id: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { key: options.key, body: { reason: options.reason } }
      const done = await api.post(`/v1/cooling/${inPath(payee)}/${inPath(id)}/release`, answer, deed)
      context.out(options.json ? asJson(done) : deedText(context, `${payee} ${plain(id)}`, done.approval))
    })
  return commands
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa cooling
  remesa cooling list --json`

const RELEASE_HELP = `
Role: operator. Have the payee confirm the new account first, by a way known from before the change.

${exitCodes({ 0: 'it is asked for' })}

Examples:
  remesa cooling release seller 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "confirmed on the known number"`
