import { Command } from 'commander'
import { z } from 'zod'
import { type Api, type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { CannotError, type Context, type ExitCode, exitCodes } from '../context.ts'
import { readLimit } from '../read-arguments.ts'
import { asJson, counted, pairs, plain, table, timeText } from '../text.ts'

const deadLetter = z.looseObject({
  id: z.string(),
  topic: z.string(),
  reason: z.string(),
  receivedAt: z.string(),
  replayedAt: z.string().nullable(),
})

const replayed = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), outcome: z.string() })) })

interface ListOptions extends ApiOptions {
  readonly topic?: string
  readonly all?: true
  readonly limit: number
}

interface ReplayOptions extends DeedOptions {
  readonly topic?: string
}

/** What the API replays at once. */
const AT_ONCE = 200

/** `remesa deadletters …` */
export function deadLettersCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const commands = new Command('deadletters').description('Messages that were set aside with their reason.')

  usesApi(commands.command('list', { isDefault: true }).description('Those that nobody has replayed, newest first.'))
    .option('--topic <name>', 'of one topic')
    .option('--all', 'those that were replayed, too')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ topic, all, limit, ...options }: ListOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/dead-letters', pageOf(deadLetter), {
        topic,
        limit,
        waiting: all ? undefined : 'true',
      })
      const rows = answer.items.map((one) => [
        ...[one.id, one.topic, timeText(one.receivedAt), one.replayedAt === null ? 'waits' : 'replayed', one.reason],
      ])
      const text = table(['id', 'topic', 'at', 'state', 'reason'], rows, 'No dead letter waits.')
      context.out(options.json ? asJson(answer) : answer.next === null ? text : `${text}\n… and more: --limit, --topic`)
      ended(answer.items.some(({ replayedAt }) => replayedAt === null) ? 1 : 0)
    })

  usesApi(commands.command('show').description('A dead letter with what it said, masked.').argument('<id>'))
    .addHelpText('after', SHOW_HELP)
    .action(async (id: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get(`/v1/dead-letters/${inPath(id)}`, deadLetter)
      context.out(options.json ? asJson(answer) : letterText(answer))
    })

  acts(
    commands
      .command('replay')
      .description('Delivers dead letters again, to whoever set them aside.')
      .argument('[ids...]'),
  )
    .option('--topic <name>', 'all of a topic that wait, instead of ids')
    .addHelpText('after', REPLAY_HELP)
    .action(async (named: readonly string[], options: ReplayOptions) => {
      if ((named.length === 0) === (options.topic === undefined)) throw new CannotError('Give either ids or --topic.')
      const api = await openApi(context, options, 'operator')
      const ids = options.topic === undefined ? named : await waitingOf(api, options.topic)
      const outcomes: z.output<typeof replayed>['items'] = []
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const key = from === 0 ? options.key : `${options.key}-${from}`
        const deed = { key, body: { ids: ids.slice(from, from + AT_ONCE), reason: options.reason } }
        outcomes.push(...(await api.post('/v1/dead-letters/replay', replayed, deed)).items)
      }
      const none = `No dead letter of ${plain(options.topic ?? '')} waits.`
      const text = outcomes.length === 0 ? none : outcomesText(context, outcomes)
      context.out(options.json ? asJson({ items: outcomes }) : text)
      ended(outcomes.every(({ outcome }) => outcome === 'replayed') ? 0 : 1)
    })
  return commands
}

async function waitingOf(api: Api, topic: string): Promise<readonly string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await api.get('/v1/dead-letters', pageOf(deadLetter), { topic, cursor, waiting: 'true', limit: 200 })
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return ids
}

function letterText({ id, topic, reason, receivedAt, replayedAt, ...rest }: z.output<typeof deadLetter>): string {
  const { subscription, payload, attributes } = rest
  return [
    pairs([
      ['dead letter', id],
      ['topic', topic],
      ['subscription', typeof subscription === 'string' ? subscription : undefined],
      ['at', timeText(receivedAt)],
      ['replayed', replayedAt === null ? 'no' : timeText(replayedAt)],
      ['reason', reason],
    ]),
    ...(payload === undefined ? [] : ['', asLines(payload)]),
    ...(attributes === undefined ? [] : ['', asLines(attributes)]),
  ].join('\n')
}

const WHY_NOT: Readonly<Record<string, string>> = {
  not_found: 'there is none of this id',
  replayed_before: 'it was replayed before',
  unreadable: 'it is no JSON object, and would come straight back',
}

function outcomesText({ colours }: Context, outcomes: z.output<typeof replayed>['items']): string {
  const left = outcomes.filter(({ outcome }) => outcome !== 'replayed')
  return [
    ...left.map(({ id, outcome }) => `${colours.red('✗')} ${plain(id)}: ${WHY_NOT[outcome] ?? plain(outcome)}`),
    `${counted(outcomes.length - left.length, 'dead letter')} on the way again.`,
  ].join('\n')
}

/** Each line without what could drive a terminal. */
const asLines = (value: unknown): string => asJson(value).split('\n').map(plain).join('\n')

const LIST_HELP = `
${exitCodes({ 0: 'none that is shown waits', 1: 'some do' })}

Examples:
  remesa deadletters
  remesa deadletters list --topic booking_event_topic --json`

const SHOW_HELP = `
${exitCodes({ 0: 'it is shown' })}

Examples:
  remesa deadletters show 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22`

const REPLAY_HELP = `
Role: operator. Mend the cause first, or they come straight back. Handlers are safe to be given a message twice.

${exitCodes({ 0: 'all are on the way', 1: 'some cannot be, and it says why' })}

Examples:
  remesa deadletters replay 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "the deploy that could not read it is rolled back"
  remesa deadletters replay --topic booking_event_topic --reason "the marketplace has mended its events"`
