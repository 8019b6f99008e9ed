import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, usesApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { actionAnswer, actionText, payout, payoutMoney } from '../payouts.ts'
import { readLimit } from '../read-arguments.ts'
import { asJson, moneyText, pairs, plain, table, timeText } from '../text.ts'

const row = z.looseObject({ id: z.string(), amount: z.string(), currency: z.string(), status: z.string() })
const payoutPage = z.looseObject({ payouts: z.array(payout), next: z.string().nullable() })
const payoutStory = z.looseObject({
  payout,
  booking: z.looseObject({ completedAt: z.string().nullable() }),
  tips: z.array(z.looseObject({ tipId: z.string(), amount: z.string(), currency: z.string(), status: z.string() })),
  disputes: z.array(z.looseObject({ disputeId: z.string(), openedAt: z.string(), resolvedAt: z.string().nullable() })),
  transfers: z.array(row.extend({ failureReason: z.string().nullable(), heldReason: z.string().nullable() })),
  audit: z.array(
    z.looseObject({ occurredAt: z.string(), actor: z.string(), action: z.string(), reason: z.string().nullable() }),
  ),
  approvals: z.array(
    z.looseObject({ id: z.string(), action: z.string(), status: z.string(), requestedBy: z.string() }),
  ),
})

/** What may be done to a payout: the word, the API’s path, what it is for, an example’s reason. */
const DEEDS = [
  [
    'hold',
    'hold',
    'Keeps it from being paid until it is resumed, released or cancelled.',
    'the customer called, look into it first',
  ],
  [
    'resume',
    'resume',
    'Undoes somebody’s hold, and nothing else: it is paid when it would have been. What a dispute holds stays held.',
    'looked into it: all is well',
  ],
  [
    'release',
    'force-release',
    'Pays it now, whatever its delay, a hold, and the disputes that are open now. Above the limit it takes two people.',
    'the customer withdrew the dispute by phone',
  ],
  [
    'cancel',
    'cancel',
    'Never pays it, nor anything more of its booking by itself. Above the limit it takes two people.',
    'the booking was a test',
  ],
  [
    'retry',
    'retry',
    'Pays one that failed again. Above the limit it takes two people.',
    'the provider’s account is mended',
  ],
] as const

interface ListOptions extends ApiOptions {
  readonly status?: string
  readonly provider?: string
  readonly booking?: string
  readonly limit: number
}

/** `remesa payout …` */
export function payoutCommands(context: Context): Command {
  const commands = new Command('payout').description('Payouts of bookings to their providers.')

  usesApi(commands.command('list').description('Payouts, newest first.'))
    .option('--status <status>', 'scheduled, on_hold, processing, transferred, failed or cancelled')
    .option('--provider <id>', 'of one provider')
    .option('--booking <id>', 'of one booking')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ status, provider, booking, limit, ...options }: ListOptions) => {
      const api = await openApi(context, options, 'viewer')
      const query = { status, providerId: provider, bookingId: booking, limit }
      const answer = await api.get('/v1/payouts', payoutPage, query)
      const rows = answer.payouts.map((one) => [
        ...[one.id, one.bookingId, one.providerId, payoutMoney(one), one.status],
        ...[timeText(one.dueAt), one.holdReason ?? one.failureReason],
      ])
      const text = table(['id', 'booking', 'provider', '>amount', 'status', 'due', 'reason'], rows, 'no payout')
      context.out(
        options.json ? asJson(answer) : answer.next === null ? text : `${text}\n… and more: --limit, --status`,
      )
    })

  usesApi(commands.command('show').description('A payout with its whole history.').argument('<id>'))
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/payouts/${inPath(id)}`, payoutStory)
      context.out(options.json ? asJson(answer) : storyText(context, answer))
    })

  for (const [word, path, what, reason] of DEEDS) {
    acts(commands.command(word).description(what).argument('<id>'))
      .addHelpText('after', deedHelp(word, reason))
      .action(async (id: string, options: DeedOptions) => {
        const api = await openApi(context, options, 'operator')
        const deed = { key: options.key, body: { reason: options.reason } }
        const answer = await api.post(`/v1/payouts/${inPath(id)}/${path}`, actionAnswer, deed)
        context.out(options.json ? asJson(answer) : actionText(context, answer))
      })
  }
  return commands
}

function storyText(context: Context, { payout: one, ...story }: z.output<typeof payoutStory>): string {
  const { bold } = context.colours
  const open = story.approvals.filter(({ status }) => status === 'open')
  return [
    pairs([
      ['payout', one.id],
      ['booking', `${one.bookingId}, completed ${timeText(story.booking.completedAt)}`],
      ['provider', one.providerId],
      ['amount', payoutMoney(one)],
      ['status', [one.status, one.holdReason ?? one.failureReason].filter(Boolean).join(': ')],
      ['due', timeText(one.dueAt)],
      ['tips', story.tips.map((tip) => `${moneyText(tip)} ${tip.status}`).join(', ') || 'none'],
      [
        'disputes',
        story.disputes.map((it) => `${it.disputeId} ${it.resolvedAt === null ? 'open' : 'resolved'}`).join(', ') ||
          'none',
      ],
    ]),
    ...open.map((it) => `Waits for a second person to ${plain(it.action)} it: remesa approve ${it.id}`),
    `\n${bold('Transfers')}\n${table(
      ['id', '>amount', 'status', 'reason'],
      story.transfers.map((it) => [it.id, moneyText(it), it.status, it.heldReason ?? it.failureReason]),
    )}`,
    `\n${bold('Decisions')}\n${table(
      ['at', 'who', 'what', 'why'],
      story.audit.map((it) => [timeText(it.occurredAt), it.actor, it.action.replaceAll(/[._]/g, ' '), it.reason]),
    )}`,
  ].join('\n')
}

const LIST_HELP = `
${exitCodes({ 0: 'they are listed, be it none' })}

Examples:
  remesa payout list --status on_hold
  remesa payout list --provider provider-7 --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa payout show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22`

const deedHelp = (word: string, reason: string): string => `
Role: operator. The reason becomes part of the audit log. Where a second person must agree it says so, with what they type.

${exitCodes({ 0: 'it is done, or waits for a second person' })}

Examples:
  remesa payout ${word} 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "${reason}"`
