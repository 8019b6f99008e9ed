import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const CHANGES = `
-- Tries that our own limiter let nothing of out. They are no attempts; the ledger's entries are named by both together.
alter table payout_transfers add column turned_away integer not null default 0 check (turned_away >= 0);

-- So a reversal waits for its next try without having had one.
alter table payout_reversals drop constraint payout_reversals_check6;
alter table payout_reversals add constraint payout_reversals_tried_while_in_hand
  check (status not in ('processing', 'reversed') or attempts > 0);
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(CHANGES).execute(database)
}
