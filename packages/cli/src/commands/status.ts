import { Command } from 'commander'
import { type ApiOptions, openApi, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { providersText, system, systemProblems } from '../system.ts'
import { asJson, counted } from '../text.ts'
import { alertText, elsewhereText, runText, type Today, today, waitsForPeople } from '../today.ts'

/** `remesa status`: did today's money go out, and does anything wait for a person? */
export const statusCommands = (context: Context, ended: (code: ExitCode) => void): Command =>
  usesApi(new Command('status').description('Did today’s money go out, and does anything wait for a person?'))
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const [state, parts] = await Promise.all([api.get('/v1/today', today), api.get('/v1/system', system)])
      const { colours } = context
      const problems = systemProblems(parts)
      const lines = [
        runText(state),
        elsewhereText(state),
        providersText(parts),
        ...state.alerts.map((one) => alertText(context, one)),
        moreText(state),
        ...problems.map(({ says, mend }) => `${colours.red('✗')} ${says} ${mend}`),
      ]
      const isWell = state.alerts.length === 0 && problems.length === 0 && !waitsForPeople(state)
      if (isWell) lines.push(`${colours.green('✓')} nothing waits for a person`)
      context.out(
        options.json ? asJson({ today: state, system: parts }) : lines.filter((line) => line !== '').join('\n'),
      )
      ended(isWell ? 0 : 1)
    })

/** The worst alone are named. */
const moreText = ({ alerts, alertsWaiting }: Today): string =>
  alertsWaiting > alerts.length ? `… and ${counted(alertsWaiting - alerts.length, 'more alert')}: remesa alerts` : ''

const HELP = `
${exitCodes({ 0: 'nothing waits for a person', 1: 'something does, and is named' })}

Examples:
  remesa status                        of the local stack
  REMESA_URL=https://pay.example.com REMESA_TOKEN=… remesa status
  remesa status --json`
