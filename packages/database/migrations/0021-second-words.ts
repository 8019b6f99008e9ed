import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- To pay a payout that failed again takes two people above the limit, as to release or cancel one does.
alter table approvals drop constraint approvals_action_check;
alter table approvals add constraint approvals_action_check check (action in ('force_release', 'cancel', 'retry'));
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
