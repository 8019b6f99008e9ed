import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { readLimit } from '../read-arguments.ts'
import { deedText, waiting } from '../second-person.ts'
import { asJson, money, moneyText, pairs, plain, table, timeText } from '../text.ts'
import { timeline, timelineText } from '../timeline.ts'

const transfer = z.looseObject({
  id: z.string(),
  userId: z.string(),
  money,
  status: z.string(),
  reason: z.string().nullable(),
  settlementId: z.string().nullable(),
  bookingId: z.string().nullable(),
  attempts: z.number(),
  nextTryAt: z.string().nullable(),
})
const transferStory = z.looseObject({ transfer, timeline })
const deedAnswer = z.looseObject({ transfer, approval: waiting })

interface ListOptions extends ApiOptions {
  readonly status?: string
  readonly query?: string
  readonly limit: number
}

/** `remesa transfer …` */
export function transferCommands(context: Context): Command {
  const commands = new Command('transfer').description('Stripe transfers to the winners of contests and to providers.')

  usesApi(commands.command('list').description('Transfers, newest first.'))
    .option('--status <status>', 'for instance awaiting_destination, retryable, failed_terminal')
    .option('-q, --query <text>', 'an id of the transfer, its job, payout, user or contest, or Stripe’s')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ status, query, limit, ...options }: ListOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/transfers', pageOf(transfer), { status, q: query, limit })
      const rows = answer.items.map((one) => [
        ...[one.id, one.settlementId ?? one.bookingId, one.userId, moneyText(one.money), one.status, one.reason],
      ])
      const text = table(['id', 'of', 'to', '>amount', 'status', 'reason'], rows)
      context.out(options.json ? asJson(answer) : answer.next === null ? text : `${text}\n… and more: --limit, --query`)
    })

  usesApi(commands.command('show').description('A transfer with its whole history.').argument('<id>'))
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/transfers/${inPath(id)}`, transferStory)
      context.out(options.json ? asJson(answer) : storyText(context, answer))
    })

  acts(
    commands
      .command('retry')
      .description(
        'Tries one now that waits for its next try or its turn. Has a contest’s that failed for good paid again: that takes two people.',
      )
      .argument('<id>'),
  )
    .addHelpText('after', RETRY_HELP)
    .action(async (id: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { key: options.key, body: { reason: options.reason } }
      const answer = await api.post(`/v1/transfers/${inPath(id)}/retry`, deedAnswer, deed)
      const { id: transferId, status, money: owed } = answer.transfer
      const state = `transfer ${plain(transferId)}: ${plain(status)}, ${moneyText(owed)}`
      context.out(options.json ? asJson(answer) : deedText(context, state, answer.approval))
    })
  return commands
}

function storyText(context: Context, { transfer: one, timeline: story }: z.output<typeof transferStory>): string {
  return [
    pairs([
      ['transfer', one.id],
      ['of', one.settlementId ? `settlement ${one.settlementId}` : `booking ${one.bookingId}`],
      ['to', one.userId],
      ['amount', moneyText(one.money)],
      ['status', one.reason === null ? one.status : `${one.status}: ${one.reason}`],
      ['tries', one.attempts],
      ['next try', one.nextTryAt === null ? undefined : timeText(one.nextTryAt)],
    ]),
    `\n${context.colours.bold('History')}\n${timelineText(story)}`,
  ].join('\n')
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed, be it none' })}

Examples:
  remesa transfer list --status failed_terminal
  remesa transfer list --query CT-LOGO-2026 --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa transfer show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22`

const RETRY_HELP = `
Role: operator. A transfer that failed is paid to the account that its payee has on record now, under a new key: what Stripe
refused is certain not to have been made. One of a booking is not retried: its payout is (remesa payout retry).

${exitCodes({ 0: 'it is done, or waits for a second person' })}

Examples:
  remesa transfer retry 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "she has opened another account"`
