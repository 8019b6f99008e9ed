import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { CannotError, type Context, type ExitCode, exitCodes } from '../context.ts'
import { asJson, plain, timeText } from '../text.ts'

const rail = z.looseObject({
  name: z.string(),
  stopped: z.looseObject({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
  paused: z.looseObject({ until: z.string() }).nullable(),
  restart: z.looseObject({ id: z.string(), requestedBy: z.string(), reason: z.string() }).nullable(),
})
type Rail = z.output<typeof rail>
const answer = z.looseObject({ rail })

/** `remesa rails` */
export const railsCommands = (context: Context, ended: (code: ExitCode) => void): Command =>
  usesApi(new Command('rails').description('The rails that money goes out by, and which of them run.'))
    .addHelpText('after', RAILS_HELP)
    .action(async (options: ApiOptions) => {
      const rails = await readRails(context, options)
      context.out(options.json ? asJson({ items: rails }) : rails.map((one) => railText(context, one)).join('\n'))
      ended(rails.every(({ stopped, paused }) => !stopped && !paused) ? 0 : 1)
    })

/** `remesa stop RAIL` */
export const stopCommands = (context: Context): Command =>
  acts(
    new Command('stop')
      .description('Stops a rail at once: no worker claims anything new for it. Two people restart it.')
      .argument('<rail>', 'fpay, payoneer or stripe'),
  )
    .addHelpText('after', STOP_HELP)
    .action(async (name: string, options: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const deed = { key: options.key, body: { reason: options.reason } }
      const done = await api.post(`/v1/rails/${inPath(name)}/stop`, answer, deed)
      context.out(options.json ? asJson(done) : railText(context, done.rail))
    })

/** `remesa restart RAIL` */
export const restartCommands = (context: Context): Command =>
  acts(
    new Command('restart')
      .description('Asks for a stopped rail to be restarted; or, as the second person, agrees to it.')
      .argument('<rail>', 'fpay, payoneer or stripe'),
  )
    .option('--approve', 'agrees to what somebody else asked for; the rail runs at once')
    .option('--refuse', 'refuses it')
    .addHelpText('after', RESTART_HELP)
    .action(async (name: string, options: DeedOptions & { approve?: true; refuse?: true }) => {
      if (options.approve && options.refuse) throw new CannotError('Either --approve or --refuse.')
      const deed = { key: options.key, body: { reason: options.reason } }
      const verdict = options.approve ? 'approve' : options.refuse ? 'refuse' : undefined
      const api = await openApi(context, options, verdict ? 'approver' : 'operator')
      if (verdict) {
        const { id } = await openRestart(context, options, name)
        await api.post(`/v1/control-approvals/${inPath(id)}/${verdict}`, z.looseObject({}), deed)
      } else {
        await api.post(`/v1/rails/${inPath(name)}/restart`, answer, deed)
      }
      const now = (await readRails(context, options)).find((one) => one.name === name)
      if (!now) throw new CannotError(`There is no rail ${plain(name)}.`)
      context.out(options.json ? asJson({ rail: now }) : railText(context, now))
    })

async function readRails(context: Context, options: ApiOptions): Promise<readonly Rail[]> {
  const api = await openApi(context, options, 'viewer')
  return (await api.get('/v1/rails', pageOf(rail))).items
}

async function openRestart(context: Context, options: ApiOptions, name: string): Promise<{ readonly id: string }> {
  const restart = (await readRails(context, options)).find((one) => one.name === name)?.restart
  if (!restart) throw new CannotError(`Nobody has asked for a restart of ${plain(name)}.`)
  return restart
}

function railText({ colours }: Context, { name, stopped, paused, restart }: Rail): string {
  const lines = [
    `${stopped || paused ? colours.red('✗') : colours.green('✓')} ${plain(name)}: ${stopped ? 'stopped' : paused ? 'paused' : 'runs'}`,
  ]
  if (stopped) lines.push(`  since ${timeText(stopped.at)} by ${plain(stopped.by)}: ${plain(stopped.reason)}`)
  if (paused) lines.push(`  it refuses our credentials, and rests until ${timeText(paused.until)}`)
  if (restart) {
    lines.push(
      `  ${plain(restart.requestedBy)} asks for a restart: ${plain(restart.reason)}`,
      `  A second person agrees with: remesa restart ${plain(name)} --approve --reason "…"`,
    )
  }
  return lines.join('\n')
}

const RAILS_HELP = `
${exitCodes({ 0: 'all run', 1: 'one is stopped, or rests since it refuses our credentials' })}

Examples:
  remesa rails
  remesa rails --json`

const STOP_HELP = `
Role: operator. What was claimed before is finished, since only the rail's answer tells whether it was paid. What is to be paid
waits, and goes on by itself within five minutes of the restart. Money that comes back (reversals) is not stopped.

${exitCodes({ 0: 'it is stopped' })}

Examples:
  remesa stop fpay --reason "amounts of Peru look wrong"`

const RESTART_HELP = `
Role: operator to ask, approver to agree, never the same person. Somebody who stops the rail again meanwhile voids the wish.

${exitCodes({ 0: 'it is asked for, or decided' })}

Examples:
  remesa restart fpay --reason "the amounts are mended"
  remesa restart fpay --approve --reason "checked three of them"`
