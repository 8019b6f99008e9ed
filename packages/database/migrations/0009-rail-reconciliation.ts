import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- The reports are those of billing, with the books that were compared as their kind; what is found differs.
create table rail_reconciliation_findings (
  id bigint generated always as identity primary key,
  -- Deferred: findings come before their report, which is written once it is known what they come to.
  report_id uuid not null references reconciliation_reports (id) on delete cascade deferrable initially deferred,
  category text not null check (category in ('paid_not_recorded', 'recorded_not_paid', 'amount', 'currency',
    'duplicate', 'timing')),
  -- Somebody must act before the next pay-day.
  urgent boolean not null,
  payable_type text,
  payable_id uuid,
  -- The other side's payment. An amount or a currency that could not be read is null.
  provider_reference text,
  provider_key text,
  provider_state text check (provider_state in ('pending', 'paid', 'rejected')),
  provider_currency text,
  provider_amount bigint,
  provider_taken_back bigint,
  provider_at timestamptz,
  -- Ours: of a rail the payment attempt's id, of NetSuite the seller balance's.
  recorded_id uuid,
  recorded_reference text,
  recorded_state text,
  recorded_currency text,
  recorded_amount bigint,
  recorded_taken_back bigint,
  recorded_at timestamptz,
  -- What the other side has more, and what we have more: positive, minor units.
  over_currency text,
  over_amount bigint check (over_amount > 0),
  under_currency text,
  under_amount bigint check (under_amount > 0),
  status text not null default 'open' check (status in ('open', 'assigned', 'resolved')),
  assignee text,
  note text,
  decided_at timestamptz,
  check ((provider_reference is null) = (provider_state is null)),
  check ((recorded_id is null) = (recorded_state is null)),
  check (provider_reference is not null or recorded_id is not null),
  check ((over_currency is null) = (over_amount is null)),
  check ((under_currency is null) = (under_amount is null)),
  check (category <> 'timing' or not urgent),
  check (status <> 'assigned' or assignee is not null),
  check ((status = 'open') = (decided_at is null))
);
create index rail_reconciliation_findings_by_report on rail_reconciliation_findings (report_id, id);

-- What was read of the other side, until it is compared. Unlogged: it can be read again.
create unlogged table rail_staged_payments (
  reading_id uuid not null,
  reference text not null,
  key text,
  payable_id uuid,
  mentions text,
  currency text,
  amount bigint,
  taken_back bigint not null,
  state text not null check (state in ('pending', 'paid', 'rejected')),
  at timestamptz not null,
  changed_at timestamptz,
  -- False for what was read only so that a payment at the edge is not taken for missing.
  in_window boolean not null,
  staged_at timestamptz not null default now(),
  primary key (reading_id, reference)
);
create index rail_staged_payments_left_behind on rail_staged_payments (staged_at);

create index payment_attempts_by_time on payment_attempts (rail, (coalesce(accepted_at, first_called_at)), id);
create index seller_balances_by_vendor_payment on seller_balances (erp_vendor_payment_id)
  where erp_vendor_payment_id is not null;
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
