import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { readLimit } from '../read-arguments.ts'
import { asJson } from '../text.ts'
import { alert, alertText } from '../today.ts'

interface ListOptions extends ApiOptions {
  readonly status: string
  readonly severity?: string
  readonly kind?: string
  readonly limit: number
}

/** `remesa alerts …` */
export function alertsCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const commands = new Command('alerts').description('Finance alerts: what only people can settle.')

  usesApi(commands.command('list', { isDefault: true }).description('Alerts, newest first.'))
    .option('--status <status>', 'open, acknowledged or resolved', 'open')
    .option('--severity <severity>', 'critical, warning or info')
    .option('--kind <kind>', 'such as closing_different')
    .option('--limit <count>', 'at most so many, 1 to 200', readLimit, 50)
    .addHelpText('after', LIST_HELP)
    .action(async ({ status, severity, kind, limit, ...options }: ListOptions) => {
      const api = await openApi(context, options, 'viewer')
      const answer = await api.get('/v1/alerts', pageOf(alert), { status, severity, kind, limit })
      const lines = answer.items.map((one) => alertText(context, one))
      if (answer.next !== null) lines.push('… and more: --limit, --severity, --kind')
      context.out(options.json ? asJson(answer) : lines.join('\n') || `No alert is ${status}.`)
      ended(answer.items.some((one) => one.status === 'open') ? 1 : 0)
    })

  for (const [word, path, what, reason] of [
    ['ack', 'acknowledge', 'Says that somebody is at it: it is no longer among those that wait.', 'asked the bank'],
    [
      'resolve',
      'resolve',
      'Closes it; should the matter come up again, it opens again.',
      'NetSuite is right, GSC was told',
    ],
  ] as const) {
    acts(commands.command(word).description(what).argument('<id>'))
      .addHelpText('after', deedHelp(word, reason))
      .action(async (id: string, options: DeedOptions) => {
        const api = await openApi(context, options, 'operator')
        const deed = { key: options.key, body: { note: options.reason } }
        const answer = await api.post(`/v1/alerts/${inPath(id)}/${path}`, z.looseObject({ alert }), deed)
        context.out(options.json ? asJson(answer) : `${answer.alert.status}: ${alertText(context, answer.alert)}`)
      })
  }
  return commands
}

const LIST_HELP = `
${exitCodes({ 0: 'none that is shown is open', 1: 'some are' })}

Examples:
  remesa alerts
  remesa alerts list --status acknowledged --severity critical --json`

const deedHelp = (word: string, reason: string): string => `
Role: operator. The reason is the alert’s note, and becomes part of the audit log.

${exitCodes({ 0: 'it is done' })}

Examples:
  remesa alerts ${word} 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "${reason}"`
