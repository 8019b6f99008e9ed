import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const CHANGES = `
-- A refund that Stripe has not ended yet: it is no refund of the window, and none that is missing either.
alter table reconciliation_staged_refunds add column pending boolean not null default false;

-- Refunds that only the database has, and that Stripe was not asked about: there were too many.
alter table reconciliation_findings drop constraint reconciliation_findings_category_check;
alter table reconciliation_findings add constraint reconciliation_findings_category_check
  check (category in ('missing_in_database', 'missing_in_stripe', 'amount_mismatch', 'refund_mismatch',
    'currency_mismatch', 'duplicate', 'not_looked_up', 'timing'));
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(CHANGES).execute(database)
}
