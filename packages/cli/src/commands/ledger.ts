import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, openApi, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { asJson, counted, moneyText, plain, table } from '../text.ts'

const proof = z.looseObject({
  currencies: z.array(z.looseObject({ currency: z.string(), entries: z.number(), sum: z.string() })),
  disagreements: z.array(
    z.looseObject({ account: z.string(), currency: z.string(), posted: z.string(), kept: z.string() }),
  ),
  isBalanced: z.boolean(),
})

/** `remesa ledger …` */
export function ledgerCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const commands = new Command('ledger').description('The double-entry ledger of what is owed and paid.')
  usesApi(
    commands.command('verify').description('Proves that it sums to zero, and that kept balances agree with postings.'),
  )
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/ledger/proof', proof)
      context.out(options.json ? asJson(answer) : asText(context, answer))
      ended(answer.isBalanced && answer.disagreements.length === 0 ? 0 : 1)
    })
  return commands
}

function asText({ colours }: Context, { currencies, disagreements, isBalanced }: z.output<typeof proof>): string {
  const rows = currencies.map(({ currency, entries, sum }) => [currency, entries, moneyText({ amount: sum, currency })])
  return [
    ...(rows.length === 0 ? [] : [table(['currency', '>entries', '>sum'], rows)]),
    ...disagreements.map(({ account, currency, posted, kept }) => {
      const [sum, held] = [posted, kept].map((amount) => moneyText({ amount, currency }))
      return `${colours.red('✗')} ${plain(account)}: its postings come to ${sum}, its kept balance is ${held}`
    }),
    isBalanced && disagreements.length === 0
      ? `${colours.green('✓')} the ledger sums to zero, and kept balances agree with postings`
      : `${colours.red('✗')} ${isBalanced ? counted(disagreements.length, 'disagreement') : 'the ledger does not sum to zero'}`,
  ].join('\n')
}

const HELP = `
${exitCodes({ 0: 'it is balanced', 1: 'it is not, and what disagrees is named' })}

Examples:
  remesa ledger verify
  remesa ledger verify --json`
