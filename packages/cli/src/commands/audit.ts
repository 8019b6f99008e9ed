import { type AuditEntry, findAuditEntries } from '@remesa/database/audit-rows'
import { type AuditProblem, type AuditVerdict, verifyAuditLog } from '@remesa/database/audit-seals'
import { Command, InvalidArgumentError } from 'commander'
import type { Context, ExitCode } from '../context.ts'
import { readsDatabase, withDatabase } from '../reads-database.ts'

/** `remesa audit …`: the log of who decided what. */
export function auditCommands(context: Context, ended: (code: ExitCode) => void): Command {
  const audit = new Command('audit').description('The log of every decision: who, what, why, before and after.')
  readsDatabase(
    audit
      .command('verify')
      .description('Proves that the audit log is as it was written, or names each row that is not.')
      .option(
        '--digest <hex>',
        'a digest that was written down earlier: also proves that no end was cut off',
        readDigest,
      )
      .option('--json', 'for programs'),
  )
    .addHelpText('after', VERIFY_HELP)
    .action(async ({ digest, json, databaseUrl }: { digest?: string; json?: true; databaseUrl?: string }) => {
      const found = await withDatabase(context, databaseUrl, async (database) => {
        const verdict = await verifyAuditLog(database, digest === undefined ? {} : { knownDigest: digest })
        const ids = verdict.problems.flatMap((problem) => ('rowId' in problem ? [problem.rowId] : []))
        return { verdict, rows: new Map((await findAuditEntries(database, ids)).map((row) => [row.id, row])) }
      })
      context.out(json ? asJson(found) : asText(context, found))
      ended(found.verdict.problems.length === 0 ? 0 : 1)
    })
  return audit
}

interface Found {
  readonly verdict: AuditVerdict
  /** What the rows that are not as they were say now, by their ids. */
  readonly rows: ReadonlyMap<bigint, AuditEntry>
}

function readDigest(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError('A digest is 64 hexadecimal digits, as this command printed it.')
}

function asText({ colours }: Context, { verdict, rows }: Found): string {
  const { problems, sealedRows, unsealedRows, lastDigest } = verdict
  return [
    ...problems.map((problem) => `${colours.red('✗')} ${sentenceOf(problem, rows)}`),
    problems.length === 0
      ? `${colours.green('✓')} ${sealedRows} rows are as they were written.`
      : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${sealedRows} sealed rows.`,
    ...(unsealedRows > 0 ? [`${unsealedRows} rows are too young to be sealed; nothing is proven of them yet.`] : []),
    `Last digest: ${lastDigest}`,
  ].join('\n')
}

function sentenceOf(problem: AuditProblem, rows: Found['rows']): string {
  switch (problem.kind) {
    case 'row_edited':
      return `row ${problem.rowId} was edited${nowSaying(rows.get(problem.rowId))}`
    case 'row_missing':
      return `row ${problem.rowId} was removed`
    case 'row_added':
      return `row ${problem.rowId} was inserted among older ones${nowSaying(rows.get(problem.rowId))}`
    case 'seal_broken':
      return `seal ${problem.sealId} was edited, or one before it was removed; what it says of its rows proves nothing`
    case 'seal_missing':
      return `the end of the log was cut off: no seal has the digest ${problem.digest}`
  }
}

const nowSaying = (row: AuditEntry | undefined): string =>
  row
    ? `; it says now: ${row.occurredAt.toISOString()} ${row.actor} ${row.action} ${row.subject.type} ${row.subject.id}`
    : ''

const asJson = ({ verdict, rows }: Found): string =>
  JSON.stringify(
    {
      clean: verdict.problems.length === 0,
      ...verdict,
      problems: verdict.problems.map((problem) => {
        const row = 'rowId' in problem ? rows.get(problem.rowId) : undefined
        return row ? { ...problem, row } : problem
      }),
    },
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  )

const VERIFY_HELP = `
Every minute the scheduler seals the audit rows that are new: it digests each row, and each seal covers its rows and the
seal before it. This command reads the whole log against its seals, and changes nothing.

Whoever can write to the database could also cut off the end of the log together with its seals. To find that, too, keep
the last digest that this command prints where they cannot reach it, and give it with --digest the next time.

Exit codes: 0 nothing is wrong, 1 it names what is, 2 it was used wrongly or the database cannot be read.

Examples:
  remesa audit verify
  remesa audit verify --digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  remesa audit verify --json --database-url postgres://remesa@localhost/remesa`
