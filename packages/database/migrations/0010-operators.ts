import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

// What operators page through and search by, when there is much of it. Two columns that are read backwards need no
// descending index.
const INDEXES = `
create index seller_balances_newest on seller_balances (business_date, id);
-- Serves what is counted by date and status, and the newest of one status.
drop index seller_balances_by_date;
create index seller_balances_by_date on seller_balances (business_date, status, id);
create index seller_balance_documents_by_number on seller_balance_documents (tran_id);

create index sellers_by_name on sellers (legal_name, id);
create index sellers_by_words on sellers using gin (to_tsvector('simple', legal_name));
create index sellers_by_tax_id on sellers (tax_id);

create index payout_transfers_newest on payout_transfers (created_at, id);
create index payout_transfers_newest_by_status on payout_transfers (status, created_at, id);
create index payout_transfers_by_user on payout_transfers (user_id, created_at, id);

create index finance_alerts_newest on finance_alerts (raised_at, id);
create index finance_alerts_newest_by_status on finance_alerts (status, raised_at, id);

-- What is nobody's own: a few accounts with most of the postings, of which sums are read.
create index ledger_postings_of_ours on ledger_postings (account, currency) include (amount)
  where account not like 'payee:%' and account not like 'receivable:%';

create index dead_letters_newest on dead_letters (received_at, id);
create index dead_letters_waiting on dead_letters (received_at, id) where replayed_at is null;

create index audit_log_by_action on audit_log (action, id);
-- Of people: services are in nearly every row, and found without an index.
create index audit_log_by_operator on audit_log (actor, id) where actor like 'operator:%';
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(INDEXES).execute(database)
}
