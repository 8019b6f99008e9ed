import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { balance, balanceRows } from '../balances.ts'
import { type Context, exitCodes } from '../context.ts'
import { readLimit } from '../read-arguments.ts'
import { asJson, money, moneyText, pairs, table } from '../text.ts'
import { timeline, timelineText } from '../timeline.ts'

const seller = z.looseObject({
  id: z.string(),
  gscSellerId: z.string(),
  name: z.string(),
  taxId: z.string(),
  operationType: z.string(),
  type: z.string(),
  status: z.string(),
  account: z.string().nullable(),
  countries: z.array(z.looseObject({ country: z.string(), currency: z.string(), enabled: z.boolean() })),
})
const sellerStory = seller.extend({
  fpayId: z.string().nullable(),
  payoneerPayeeId: z.string().nullable(),
  erpId: z.string().nullable(),
  owed: z.array(money),
  balances: z.array(balance),
  timeline,
})

/** `remesa seller …` */
export function sellerCommands(context: Context): Command {
  const commands = new Command('seller').description('Sellers: who they are, how they are paid, what they are owed.')

  usesApi(commands.command('list').description('Sellers by name.'))
    .option('-q, --query <text>', 'an id, ours or GSC’s, a tax id, or the beginning of a name')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ query, limit, ...options }: ApiOptions & { query?: string; limit: number }) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/sellers', pageOf(seller), { q: query, limit })
      const rows = answer.items.map(({ id, gscSellerId, name, account, status }) => [
        id,
        gscSellerId,
        name,
        account,
        status,
      ])
      const text = table(['id', 'GSC', 'name', 'account', 'status'], rows, 'no seller')
      context.out(options.json ? asJson(answer) : answer.next === null ? text : `${text}\n… and more: --limit, --query`)
    })

  usesApi(
    commands
      .command('show')
      .description('A seller with its balances and its history.')
      .argument('<id>', 'ours or GSC’s'),
  )
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/sellers/${inPath(id)}`, sellerStory)
      context.out(options.json ? asJson(answer) : storyText(context, answer))
    })
  return commands
}

function storyText(context: Context, story: z.output<typeof sellerStory>): string {
  const { bold } = context.colours
  return [
    pairs([
      ['name', story.name],
      ['id', story.id],
      ['GSC', story.gscSellerId],
      ['NetSuite', story.erpId],
      ['tax id', story.taxId],
      ['kind', `${story.operationType}, ${story.type}, ${story.status}`],
      ['paid by', story.account ?? 'nothing yet: it has no account to be paid to'],
      ['account', story.fpayId ?? story.payoneerPayeeId],
      [
        'sells in',
        story.countries
          .map((one) => `${one.country} (${one.currency}${one.enabled ? '' : ', not enabled'})`)
          .join(', '),
      ],
      ['owed', story.owed.map(moneyText).join(', ') || 'nothing'],
    ]),
    `\n${bold('Balances')}\n${balanceRows(story.balances)}`,
    `\n${bold('History')}\n${timelineText(story.timeline)}`,
  ].join('\n')
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed, be it none' })}

Examples:
  remesa seller list --query comercial
  remesa seller list --query 76192083-9 --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa seller show S-000123          by GSC’s id
  remesa seller show S-000123 --json`
