import { sql } from 'kysely'
import type { Database } from './connection.ts'

/** What a server says of itself. */
export interface ServerFacts {
  /** As people write it: `18.1`. */
  readonly version: string
  readonly majorVersion: number
  /** Its clock. */
  readonly now: Date
  /** Whether what it has committed survives a crash of it: `synchronous_commit` is not off. */
  readonly commitsDurably: boolean
  /** A standby, or a database that is set so: nothing can be written. */
  readonly isReadOnly: boolean
}

export async function serverFacts(database: Database): Promise<ServerFacts> {
  const { rows } = await sql<{ version: string; number: number; now: Date; durable: boolean; readOnly: boolean }>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      clock_timestamp() as now, current_setting('synchronous_commit') <> 'off' as durable,
      current_setting('transaction_read_only')::boolean as "readOnly"`.execute(database)
  const [row] = rows
  if (!row) throw new Error('the server said nothing of itself')
  const { version, number, now, durable, readOnly } = row
  return {
    version: version.split(' ', 1)[0] ?? version,
    majorVersion: Math.floor(number / 10_000),
    now,
    commitsDurably: durable,
    isReadOnly: readOnly,
  }
}
