import { stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { createAccountOwners } from '@remesa/csv/account-owners'
import { createProblems } from '@remesa/csv/problems'
import { readSettlementFiles } from '@remesa/csv/settlement-files'
import { minorUnitsOf } from '@remesa/csv/values'
import { z } from 'zod'
import type { Api } from './api.ts'
import { CannotError, type Context } from './context.ts'
import { wishLines, wishText } from './control-wishes.ts'
import { counted, plain } from './text.ts'

/** As the API takes it: amounts in minor units. */
export interface SettlementToSend {
  readonly settlementId: string
  readonly contestId: string
  readonly currency: string
  readonly total: string
  readonly status: string
  readonly winners: readonly {
    readonly userId: string
    readonly stripeAccountId: string | null
    readonly amount: string
    readonly currency: string
  }[]
}

const imported = z.looseObject({
  settlementId: z.string(),
  result: z.string(),
  problem: z.looseObject({ rule: z.string(), found: z.string() }).nullable(),
})
export type Imported = z.output<typeof imported>
const approval = z.looseObject({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  wish: z.record(z.string(), z.unknown()),
})
const answer = z.looseObject({ settlements: z.array(imported), approval: approval.nullable() })

/** What became of settlements that were sent. */
export interface Sent {
  readonly settlements: readonly Imported[]
  /** Those that wait for a second person: each part is one. */
  readonly approvals: readonly z.output<typeof approval>[]
}

// What one request of the API takes; kept below its 4 MiB.
const MOST_SETTLEMENTS = 200
const MOST_WINNERS = 20_000
const MOST_BYTES = 3_000_000
const MOST_FILE_BYTES = 32 * 1024 * 1024

/**
 * Reads settlements and their winners, all of them before anything is sent.
 * @param files.winners - default `winners.csv` beside the settlements
 * @throws CannotError when something is wrong with them; each place was written to `err`
 */
export async function readSettlementFile(
  context: Pick<Context, 'err'>,
  files: { readonly settlements: string; readonly winners: string | undefined },
): Promise<readonly SettlementToSend[]> {
  const directory = dirname(files.settlements)
  const winnersFile = files.winners ?? join(directory, 'winners.csv')
  for (const file of [files.settlements, winnersFile]) await refuseLarge(file)
  const problems = createProblems()
  const names = { settlements: basename(files.settlements), winners: relative(directory, winnersFile) }
  const parts = { problems, owners: createAccountOwners(), mostWinners: MOST_WINNERS }
  const { settlements, winners } = await readSettlementFiles(directory, names, parts)
  const lines = problems.lines()
  for (const line of lines) context.err(plain(line))
  if (lines.length > 0) throw new CannotError('The files are not right; nothing was sent.')
  const winnersOf = Map.groupBy(winners, ({ settlementId }) => settlementId)
  return settlements.map((one) => ({
    ...one,
    total: minorUnitsOf(one.total, one.currency).toString(),
    winners: (winnersOf.get(one.settlementId) ?? []).map(({ userId, stripeAccountId, amount, currency: own }) => {
      const currency = own ?? one.currency
      return { userId, stripeAccountId, amount: minorUnitsOf(amount, currency).toString(), currency }
    }),
  }))
}

async function refuseLarge(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0, // whoever reads it says what is the matter
  )
  if (size > MOST_FILE_BYTES) throw new CannotError(`${plain(file)} is larger than 32 MiB: split it by settlements.`)
}

/**
 * Sends settlements in parts, each of which is stored whole or not at all, under keys of its own: sent again with the same
 * key they are answered as they were.
 * @throws CannotError with what the API said, and how far it had come
 */
export async function sendSettlements(
  api: Api,
  settlements: readonly SettlementToSend[],
  options: {
    readonly key: string
    readonly reason: string
    readonly replace: boolean
    readonly onProgress: (sent: number) => void
  },
): Promise<Sent> {
  const parts = inParts(settlements)
  const done: Imported[] = []
  const approvals: z.output<typeof approval>[] = []
  for (const [index, part] of parts.entries()) {
    const body = { reason: options.reason, replace: options.replace, settlements: part }
    const key = parts.length === 1 ? options.key : `${options.key}:${index + 1}`
    try {
      const said = await api.post('/v1/settlements', answer, { key, body })
      done.push(...said.settlements)
      if (said.approval) approvals.push(said.approval)
    } catch (error) {
      if (!(error instanceof CannotError) || done.length === 0) throw error
      throw new CannotError(
        `${error.message} ${counted(done.length, 'settlement')} before it stand${approvals.length > 0 ? ', or wait for a second person (remesa approve lists them)' : ''}; type it again then.`,
      )
    }
    if (parts.length > 1) options.onProgress(done.length)
  }
  return { settlements: done, approvals }
}

/** In their order, as many at once as a request takes. */
export function inParts(settlements: readonly SettlementToSend[]): readonly (readonly SettlementToSend[])[] {
  const parts: SettlementToSend[][] = []
  let room = { settlements: 0, winners: 0, bytes: 0 }
  for (const one of settlements) {
    const bytes = Buffer.byteLength(JSON.stringify(one)) + 1
    if (room.settlements < 1 || room.winners < one.winners.length || room.bytes < bytes) {
      parts.push([])
      room = { settlements: MOST_SETTLEMENTS, winners: MOST_WINNERS, bytes: MOST_BYTES }
    }
    parts.at(-1)?.push(one)
    room = {
      settlements: room.settlements - 1,
      winners: room.winners - one.winners.length,
      bytes: room.bytes - bytes,
    }
  }
  return parts
}

const SHOWN = 20

/** What came of it, what waits for whom, and which break a rule. */
export function importedText({ colours }: Pick<Context, 'colours'>, { settlements: done, approvals }: Sent): string {
  const count = (result: string): number => done.filter((one) => one.result === result).length
  const broken = done.flatMap(({ settlementId, problem }) =>
    problem ? [`  ${plain(settlementId)}: ${plain(problem.rule)}, ${plain(problem.found)}`] : [],
  )
  const sums = ['new', 'replaced', 'unchanged'].map((result) => `${count(result)} ${result}`).join(', ')
  const waits = count('waits')
  return [
    waits === 0
      ? `${colours.green('✓')} ${counted(done.length, 'settlement')}: ${sums}`
      : `${colours.yellow('!')} ${counted(done.length, 'settlement')}: ${sums}, ${waits} for a second person to approve: nothing is stored of those yet`,
    ...(waits > 0 ? ['  They look at what waits with: remesa approve; then they type:'] : []),
    ...approvals.flatMap(({ id, kind, wish }) => [
      `  remesa approve ${plain(id)} --reason "…"`,
      ...[plain(wishText(kind, wish)), ...wishLines(kind, wish)].map((line) => `    ${line}`),
    ]),
    ...(approvals.length > 1 ? ['  Each of them is a part of the file, and is decided by itself.'] : []),
    ...(broken.length > 0
      ? [
          `${colours.yellow('!')} ${counted(broken.length, 'settlement')} that nobody is paid of, for a rule of payment:`,
        ]
      : []),
    ...broken.slice(0, SHOWN),
    ...(broken.length > SHOWN ? [`  … and ${broken.length - SHOWN} more`] : []),
  ].join('\n')
}
