import { Command } from 'commander'
import { z } from 'zod'
import { minorUnits } from '../amounts.ts'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { readLimit } from '../read-arguments.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, money, moneyText, plain, table } from '../text.ts'

const debt = z.looseObject({ providerId: z.string(), money })
const answer = z.looseObject({ debt, approval: waiting })

interface SettleOptions extends DeedOptions {
  readonly reference?: string
}

/** `remesa debt …`: what providers owe us. */
export function debtCommands(context: Context): Command {
  const commands = new Command('debt').description('What providers owe us; it is kept back from their next payouts.')

  usesApi(commands.command('list', { isDefault: true }).description('Who owes us how much.'))
    .option('--provider <id>', 'of one provider')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ provider, limit, ...options }: ApiOptions & { provider?: string; limit: number }) => {
      const api = await openApi(context, options, 'viewer')
      const page = await api.get('/v1/debts', pageOf(debt), { providerId: provider, limit })
      const rows = page.items.map((one) => [one.providerId, moneyText(one.money)])
      const text = table(['provider', '>owes us'], rows, 'Nobody owes us anything.')
      context.out(options.json ? asJson(page) : page.next === null ? text : `${text}\n… and more: --limit, --provider`)
    })

  const settles = (how: 'repaid' | 'forgiven', what: string): Command =>
    acts(
      commands
        .command(how)
        .description(what)
        .argument('<provider>', 'who owes it')
        .argument('<amount>', 'in major units, such as 12.50: all of it, or a part')
        .argument('<currency>', 'such as USD'),
    ).action(async (provider: string, amount: string, currency: string, options: SettleOptions) => {
      const body = {
        ...{ how, amount: minorUnits(amount, currency), currency },
        ...{ reference: options.reference ?? null, reason: options.reason },
      }
      const api = await openApi(context, options, 'operator')
      const done = await api.post(`/v1/debts/${inPath(provider)}/settle`, answer, { key: options.key, body })
      const state = `${plain(done.debt.providerId)} owes us ${moneyText(done.debt.money)}`
      context.out(options.json ? asJson(done) : deedText(context, state, done.approval))
    })

  settles('repaid', 'Writes down that a debt came back outside our rails. Above the limit it takes two people.')
    .requiredOption('--reference <text>', 'what names the payment at the bank')
    .addHelpText('after', REPAID_HELP)
  settles('forgiven', 'Has a debt forgiven. It takes two people.').addHelpText('after', FORGIVEN_HELP)
  return commands
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa debt
  remesa debt list --provider provider-7 --json`

const REPAID_HELP = `
Role: operator. Write it down once the money has arrived. Where nothing is owed any more, the alert of the debt closes.

${exitCodes({ 0: 'it is written down, or waits for a second person' })}

Examples:
  remesa debt repaid provider-7 50.00 USD --reference "bank statement 2026-11-20, line 14" --reason "paid by transfer"`

const FORGIVEN_HELP = `
Role: operator; somebody else, an approver, agrees. The database refuses to let one person forgive.

${exitCodes({ 0: 'it waits for a second person' })}

Examples:
  remesa debt forgiven provider-7 12.50 USD --reason "the provider has closed down"`
