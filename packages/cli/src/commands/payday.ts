import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, type DeedOptions, openApi, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { readDay, readSeconds } from '../read-arguments.ts'
import { asJson } from '../text.ts'
import { runText, type Today, today, waitsForPeople } from '../today.ts'

interface StatusOptions extends ApiOptions {
  readonly date?: string
  readonly wait?: number
}

/** The scheduler's job that opens a pay-day. */
const JOB = 'payment-reset'
const POLL_MS = 1_000

/** `remesa payday …`: what sellers are owed for a business date, and its payment. */
export function paydayCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const payday = new Command('payday').description('The run that pays sellers what they are owed for a business date.')

  usesApi(payday.command('status', { isDefault: true }).description('How far it is.'))
    .option('--date <day>', 'a business date, such as 2026-11-20 (default: the newest run’s)', readDay)
    .option('--wait <seconds>', 'until it is finished', readSeconds)
    .addHelpText('after', STATUS_HELP)
    .action(async ({ date, wait = 0, ...options }: StatusOptions) => {
      const api = await openApi(context, options, 'viewer')
      const deadline = performance.now() + wait * 1_000
      let state: Today
      for (;;) {
        state = await api.get('/v1/today', today, { date })
        if (state.run?.state === 'finished' || performance.now() >= deadline) break
        await sleep(POLL_MS)
      }
      context.out(options.json ? asJson(state) : runText(state))
      const isLate = wait > 0 && state.run?.state !== 'finished'
      if (isLate) context.err(`It is not finished after ${wait} s.`)
      ended(isLate || waitsForPeople(state) ? 1 : 0)
    })

  acts(
    payday
      .command('run')
      .description('Opens the pay-day of yesterday in the marketplace’s zone, as the schedule does at 06:00.'),
  )
    .addHelpText('after', RUN_HELP)
    .action(async ({ reason, key, ...options }: DeedOptions) => {
      const api = await openApi(context, options, 'operator')
      const answer = await api.post(`/v1/jobs/${JOB}/run`, z.looseObject({}), { key, body: { reason } })
      context.out(options.json ? asJson(answer) : 'It is asked for. How far it is: remesa payday status')
    })
  return payday
}

const STATUS_HELP = `
${exitCodes({ 0: 'nothing of it waits for a person', 1: 'something does, or it is not finished after --wait' })}

Examples:
  remesa payday status
  remesa payday status --date 2026-11-20 --wait 600 && echo paid`

const RUN_HELP = `
A pay-day that was opened already is not opened again: it goes on where it stands, and nobody is paid twice.

${exitCodes({ 0: 'it is asked for' })}

Examples:
  remesa payday run --reason "the scheduler was down at six"`
