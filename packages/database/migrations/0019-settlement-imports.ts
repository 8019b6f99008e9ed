import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
alter table control_approvals drop constraint control_approvals_kind_check;
alter table control_approvals add constraint control_approvals_kind_check
  check (kind in ('rail_restart', 'cap_change', 'plan_rule_change', 'seller_cooling_release', 'user_cooling_release', 'balance_repayment',
    'transfer_repayment', 'debt_settlement', 'settlement_import'));

-- What one person brought within a day is summed before each import.
create index audit_log_of_imports on audit_log (actor, occurred_at)
  where action in ('settlement.imported', 'settlement.replaced');
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
