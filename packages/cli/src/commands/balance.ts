import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { balance, balanceRows } from '../balances.ts'
import { type Context, exitCodes } from '../context.ts'
import { readDay, readLimit } from '../read-arguments.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, money, moneyText, pairs, plain, table, timeText } from '../text.ts'
import { timeline, timelineText } from '../timeline.ts'

const balanceStory = balance.extend({
  documents: z.array(
    z.looseObject({ tranId: z.string(), type: z.string(), currency: z.string(), amount: money.shape.amount }),
  ),
  closing: z.looseObject({ money: money.nullable(), match: z.string().nullable() }),
  nextTryAt: z.string().nullable(),
  timeline,
})

const deedAnswer = z.looseObject({ balance, approval: waiting })

/** What may be done to a balance: the word, what it is for, an example's reason. */
const DEEDS = [
  [
    'retry',
    'Tries one now that waits for funds, for its next try or for its turn. Has one paid again that failed or came back: that takes two people.',
    'the bank has reopened the account',
  ],
  ['release', 'Lets a blocked one go on whose cause is mended.', 'the document was corrected in NetSuite'],
] as const

interface ListOptions extends ApiOptions {
  readonly status?: string
  readonly date?: string
  readonly query?: string
  readonly limit: number
}

/** `remesa balance …` */
export function balanceCommands(context: Context): Command {
  const commands = new Command('balance').description(
    'Seller balances: what a seller is owed for a business date and country.',
  )

  usesApi(commands.command('list').description('Balances, the newest business date first.'))
    .option('--status <status>', 'for instance blocked, awaiting_funds, payment_pending, failed')
    .option('--date <day>', 'of one business date', readDay)
    .option('-q, --query <text>', 'an id of the balance or its seller, a tax id, or the beginning of a seller’s name')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ status, date, query, limit, ...options }: ListOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/balances', pageOf(balance), { status, date, q: query, limit })
      const text = balanceRows(answer.items)
      context.out(options.json ? asJson(answer) : answer.next === null ? text : `${text}\n… and more: --limit, --query`)
    })

  usesApi(commands.command('show').description('A balance with its documents, attempts and history.').argument('<id>'))
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/balances/${inPath(id)}`, balanceStory)
      context.out(options.json ? asJson(answer) : storyText(context, answer))
    })

  for (const [word, what, reason] of DEEDS) {
    acts(commands.command(word).description(what).argument('<id>'))
      .addHelpText('after', deedHelp(word, reason))
      .action(async (id: string, options: DeedOptions) => {
        const api = await openApi(context, options, 'operator')
        const deed = { key: options.key, body: { reason: options.reason } }
        const answer = await api.post(`/v1/balances/${inPath(id)}/${word}`, deedAnswer, deed)
        const { status, money: owed } = answer.balance
        const state = `balance ${plain(answer.balance.id)}: ${plain(status)}, ${moneyText(owed)}`
        context.out(options.json ? asJson(answer) : deedText(context, state, answer.approval))
      })
  }
  return commands
}

function storyText(context: Context, story: z.output<typeof balanceStory>): string {
  const { bold } = context.colours
  const { money: closed, match } = story.closing
  const rows = story.documents.map((one) => [
    ...[one.tranId, one.type === 'vendorBill' ? 'vendor bill' : one.type],
    moneyText({
      currency: one.currency,
      amount: one.type === 'invoice' && one.amount !== '0' ? `-${one.amount}` : one.amount,
    }),
  ])
  return [
    pairs([
      ['seller', `${story.seller.name} (${story.seller.gscSellerId})`],
      ['for', `${story.businessDate}, ${story.country}`],
      ['owed', story.money === null ? 'not known yet: its documents are not read' : moneyText(story.money)],
      ['status', story.reason === null ? story.status : `${story.status}: ${story.reason}`],
      ['rail', story.rail],
      ['next try', story.nextTryAt === null ? undefined : timeText(story.nextTryAt)],
      ['GSC’s closing', `${match ?? 'not compared yet'}${closed === null ? '' : `, ${moneyText(closed)}`}`],
    ]),
    `\n${bold('Documents')}\n${table(['document', 'kind', '>amount'], rows)}`,
    `\n${bold('History')}\n${timelineText(story.timeline)}`,
  ].join('\n')
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed, be it none' })}

Examples:
  remesa balance list --status blocked
  remesa balance list --date 2026-11-20 --query comercial --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa balance show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22
  remesa explain 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22       the same in sentences`

const deedHelp = (word: string, reason: string): string => `
Role: operator. The reason becomes part of the audit log. What may be paid already is left alone, and where money goes out again
after it ended a second person must agree: it says so, with what they type.

${exitCodes({ 0: 'it is done, or waits for a second person' })}

Examples:
  remesa balance ${word} 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "${reason}"`
