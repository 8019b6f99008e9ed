import { type Database, openDatabase } from '@remesa/database/connection'
import { type Command, Option } from 'commander'

/** What commands work with; `main.ts` makes it. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line that was asked for. */
  readonly out: (text: string) => void
  /** Writes a line about what went wrong. */
  readonly err: (text: string) => void
}

/** How a command ended: 0 all is well, 1 it found problems, 2 it could not do what was asked. */
export type ExitCode = 0 | 1 | 2

/** A command cannot do what was asked: its message is one line for a person. Exit code 2. */
export class CannotError extends Error {
  override readonly name = 'CannotError'
}

/** Adds what every command has that reads the database itself. */
export const readsDatabase = (command: Command): Command =>
  command.addOption(new Option('--database-url <url>', 'postgres://… (default: DATABASE_URL of the environment)'))

/**
 * Opens the database, works, and closes it.
 * @throws CannotError when none is named, or it cannot be reached or read; no password is in its message
 */
export async function withDatabase<Result>(
  { env }: Context,
  given: string | undefined,
  work: (database: Database) => Promise<Result>,
  { poolSize = 1 }: { readonly poolSize?: number } = {},
): Promise<Result> {
  const url = given ?? (env.DATABASE_URL || undefined)
  if (url === undefined) throw new CannotError('Which database? Set DATABASE_URL, or give --database-url.')
  if (!/^postgres(ql)?:\/\//.test(url)) throw new CannotError('The database’s URL must begin with postgres://.')
  const database = openDatabase({
    url,
    poolSize,
    applicationName: 'remesa',
    onIdleError: () => {}, // the next query says it
    silentMs: 0, // the whole log is read: it may take as long as it takes
  })
  try {
    return await work(database)
  } catch (error) {
    if (error instanceof CannotError) throw error
    throw new CannotError(`The database could not be read: ${reasonOf(error)}`)
  } finally {
    await database.destroy()
  }
}

/** A connection that failed at several addresses says so in its parts only. */
function reasonOf(error: unknown): string {
  const one = error instanceof AggregateError ? error.errors[0] : error
  return Error.isError(one) && one.message !== '' ? one.message : String(one)
}
