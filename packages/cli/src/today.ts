import { z } from 'zod'
import type { Context } from './context.ts'
import { ageText, counted, money, moneyText, plain, table, timeText } from './text.ts'

const counts = z.record(z.string(), z.number())

export const alert = z.looseObject({
  id: z.string(),
  kind: z.string(),
  severity: z.string(),
  sentence: z.string(),
  subject: z.object({ type: z.string(), id: z.string() }),
  details: z.looseObject({ document: z.string().optional().catch(undefined) }).optional(),
  status: z.string(),
  note: z.string().nullable(),
  times: z.number(),
  raisedAt: z.string(),
})
export type AlertJson = z.output<typeof alert>

/** What `GET /v1/today` answers. */
export const today = z.looseObject({
  businessDate: z.string(),
  run: z.looseObject({ openedAt: z.string(), initializedAt: z.string().nullable(), state: z.string() }).nullable(),
  stages: z.array(
    z.looseObject({
      name: z.string(),
      waiting: z.number(),
      done: z.number(),
      failed: z.number(),
      perMinute: z.number(),
      oldestSeconds: z.number().nullable(),
    }),
  ),
  balances: counts,
  paid: z.array(z.looseObject({ rail: z.string(), money, count: z.number() })),
  settlements: z.looseObject({ jobs: z.number(), complete: z.number(), rejected: z.number(), transfers: counts }),
  bookings: counts,
  alerts: z.array(alert),
  alertsWaiting: z.number(),
  at: z.string(),
})
export type Today = z.output<typeof today>

/** How far the run of a business date has come. */
export const runText = ({ businessDate, run, stages, balances, paid }: Today): string =>
  [
    `Pay-day of ${plain(businessDate)}: ${run ? `${plain(run.state)}, opened ${timeText(run.openedAt)}` : 'not opened yet'}`,
    table(
      ['stage', '>waiting', '>done', '>for people', '>per minute', '>oldest'],
      stages.map(({ name, waiting, done, failed, perMinute, oldestSeconds }) => [
        ...[name, waiting, done, failed, perMinute],
        ageText(oldestSeconds),
      ]),
    ),
    `Balances: ${countsText(balances)}`,
    `Paid: ${paid.map(({ rail, money: sum, count }) => `${moneyText(sum)} in ${count} by ${plain(rail)}`).join(', ') || 'nothing'}`,
  ].join('\n')

export const elsewhereText = ({ settlements, bookings }: Today): string => {
  const { jobs, complete, rejected, transfers } = settlements
  return [
    `Settlements: ${counted(jobs, 'job')}, ${complete} complete, ${rejected} rejected; transfers: ${countsText(transfers)}`,
    `Bookings: ${countsText(bookings)}`,
  ].join('\n')
}

/** An alert in one line: the id is what the other commands want. */
export function alertText(
  { colours }: Pick<Context, 'colours'>,
  { id, severity, sentence, subject, details }: AlertJson,
): string {
  const mark =
    severity === 'critical' ? colours.red('✗') : severity === 'warning' ? colours.yellow('!') : colours.dim('·')
  const about = [
    `${plain(subject.type)} ${plain(subject.id)}`,
    ...(details?.document === undefined ? [] : [`document ${plain(details.document)}`]),
    `alert ${plain(id)}`,
  ]
  return `${mark} ${plain(sentence)} ${colours.dim(`(${about.join('; ')})`)}`
}

/** Whether a stage has what only people can settle. */
export const waitsForPeople = ({ stages }: Today): boolean => stages.some(({ failed }) => failed > 0)

const countsText = (all: Readonly<Record<string, number>>): string =>
  Object.entries(all)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${plain(name)}`)
    .join(', ') || 'none'
