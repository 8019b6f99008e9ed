import { type Database, openDatabase } from '@remesa/database/connection'
import { type Command, Option } from 'commander'
import { CannotError, type Context } from './context.ts'
import { reasonOf } from './errors.ts'
import { findLocalStack } from './local-stack.ts'

/** Adds what every command has that reads the database itself. */
export const readsDatabase = (command: Command): Command =>
  command.addOption(
    new Option('--database-url <url>', 'postgres://… (default: DATABASE_URL of the environment, or the local stack’s)'),
  )

/**
 * Opens the database, works, and closes it.
 * @throws CannotError when none is named, or it cannot be reached or read; no password is in its message
 */
export async function withDatabase<Result>(
  context: Context,
  given: string | undefined,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const url = given ?? (context.env.DATABASE_URL || (await findLocalStack(context))?.environment.DATABASE_URL)
  if (url === undefined) throw new CannotError('Which database? Set DATABASE_URL, or give --database-url.')
  if (!/^postgres(ql)?:\/\//.test(url)) throw new CannotError('The database’s URL must begin with postgres://.')
  const database = openDatabase({
    url,
    poolSize: 1,
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
