import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { jobs } from '../jobs.ts'
import { asJson, plain, table, timeText } from '../text.ts'

/** `remesa jobs …`: what the scheduler starts. */
export function jobsCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const commands = new Command('jobs').description('What the scheduler starts, and when.')

  usesApi(commands.command('list', { isDefault: true }).description('Every job with its last and its next run.'))
    .addHelpText('after', LIST_HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/jobs', jobs)
      const rows = answer.items.map((one) => [
        ...[one.name, `${one.schedule} ${one.timeZone}`, timeText(one.lastRunAt), one.lastError ?? one.lastOutcome],
        one.enabled ? timeText(one.nextRunAt) : 'paused',
      ])
      context.out(
        options.json
          ? asJson(answer)
          : table(['job', 'when', 'last', 'outcome', 'next'], rows, 'No scheduler has run yet.'),
      )
      ended(answer.items.some(({ lastOutcome }) => lastOutcome === 'failed') ? 1 : 0)
    })

  for (const [word, what, done, reason] of [
    ['run', 'Runs it now, besides its schedule.', 'It is asked for', 'the bank was down at six'],
    ['pause', 'Keeps it from running until it is resumed.', 'Paused', 'month’s end, by hand'],
    ['resume', 'Lets it run by its schedule again.', 'Resumed', 'month’s end is over'],
  ] as const) {
    acts(commands.command(word).description(what).argument('<name>', 'as list shows it'))
      .addHelpText('after', deedHelp(word, reason))
      .action(async (name: string, options: DeedOptions) => {
        const api = await openApi(context, options, 'operator')
        const deed = { key: options.key, body: { reason: options.reason } }
        const answer = await api.post(`/v1/jobs/${inPath(name)}/${word}`, z.looseObject({}), deed)
        context.out(options.json ? asJson(answer) : `${done}: ${plain(name)}`)
      })
  }
  return commands
}

const LIST_HELP = `
${exitCodes({ 0: 'none failed the last time', 1: 'one did' })}

Examples:
  remesa jobs
  remesa jobs list --json`

const deedHelp = (word: string, reason: string): string => `
Role: operator. The reason becomes part of the audit log.

${exitCodes({ 0: 'it is done' })}

Examples:
  remesa jobs ${word} balance-sweep --reason "${reason}"`
