import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const CHANGES = `
-- What a pay-day paid is summed up whenever somebody looks: by this index alone, not by every attempt there ever was.
create index payment_attempts_paid on payment_attempts (payable_id) include (rail, currency, amount)
  where payable_type = 'seller_balance' and state = 'paid';

-- The list of reconciliations, of which there are some every day, is read from its newest end.
create index reconciliation_reports_newest on reconciliation_reports (started_at, id);
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(CHANGES).execute(database)
}
