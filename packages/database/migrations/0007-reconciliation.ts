import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
create table reconciliation_reports (
  id uuid primary key default gen_random_uuid(),
  -- What was compared: billing.
  kind text not null check (kind <> ''),
  -- Half-open, in UTC.
  window_from timestamptz not null,
  window_to timestamptz not null,
  include_refunds boolean not null,
  tolerance_percentage numeric not null check (tolerance_percentage >= 0),
  reporting_currency text not null check (reporting_currency ~ '^[A-Z]{3}$'),
  status text not null default 'running' check (status in ('running', 'success', 'discrepancy_found', 'error')),
  severity text check (severity in ('none', 'warning', 'critical')),
  -- The ReconciliationResult.
  result jsonb,
  -- Why it could not be finished.
  error text,
  -- What was read of the other side so far; null once it is compared and gone, or another run goes on with it.
  reading_id uuid,
  reading_since timestamptz,
  lease_token uuid,
  lease_expires_at timestamptz,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  duration_ms double precision,
  check (window_from < window_to),
  check ((status = 'running') = (finished_at is null)),
  check ((status = 'running') = (result is null)),
  check ((status = 'running') = (lease_token is not null)),
  check ((status = 'error') = (error is not null)),
  check ((lease_token is null) = (lease_expires_at is null)),
  check ((reading_id is null) = (reading_since is null))
);
create index reconciliation_reports_by_window on reconciliation_reports (kind, window_from, started_at);
create unique index reconciliation_reports_reading on reconciliation_reports (reading_id) where reading_id is not null;

create table reconciliation_findings (
  id bigint generated always as identity primary key,
  report_id uuid not null references reconciliation_reports (id) on delete cascade,
  category text not null check (category in ('missing_in_database', 'missing_in_stripe', 'amount_mismatch',
    'refund_mismatch', 'currency_mismatch', 'duplicate', 'timing')),
  payment_id text not null check (payment_id <> ''),
  -- Set when it is about one refund of a payment made before the window.
  refund_id text,
  stripe_currency text,
  stripe_amount bigint,
  stripe_refunded bigint,
  stripe_created timestamptz,
  database_currency text,
  database_amount bigint,
  database_refunded bigint,
  database_created timestamptz,
  -- What Stripe has more, and what the database has more: positive, minor units.
  over_currency text,
  over_amount bigint check (over_amount > 0),
  under_currency text,
  under_amount bigint check (under_amount > 0),
  source text check (source in ('webhook', 'sync', 'manual')),
  status text not null default 'open' check (status in ('open', 'assigned', 'resolved')),
  assignee text,
  note text,
  decided_at timestamptz,
  check ((over_currency is null) = (over_amount is null)),
  check ((under_currency is null) = (under_amount is null)),
  check (stripe_currency is not null or database_currency is not null),
  check (status <> 'assigned' or assignee is not null),
  check ((status = 'open') = (decided_at is null))
);
create index reconciliation_findings_by_report on reconciliation_findings (report_id, id);
create index reconciliation_findings_by_category on reconciliation_findings (report_id, category, id);

-- What was read of the other side, until it is compared. Unlogged: it can be read again, and a database that crashed
-- has lost all of it together, progress included, so that what is left is never taken for the whole.
create unlogged table reconciliation_slices (
  reading_id uuid not null,
  kind text not null check (kind in ('charges', 'refunds', 'margin', 'look_ups')),
  number integer not null,
  slice_from timestamptz not null,
  slice_to timestamptz not null,
  -- The last object that was read; reading goes on after it.
  after text,
  -- How many rows of the staging below came by it.
  staged bigint not null default 0,
  pages integer not null default 0,
  done boolean not null default false,
  primary key (reading_id, kind, number)
);
create unlogged table reconciliation_staged_payments (
  reading_id uuid not null,
  payment_id text not null,
  charge_id text not null,
  currency text not null,
  amount bigint not null,
  refunded bigint not null,
  created timestamptz not null,
  -- How many of its charges were made in the window; 0 of one that was only looked for.
  charges integer not null,
  primary key (reading_id, payment_id)
);
create unlogged table reconciliation_staged_refunds (
  reading_id uuid not null,
  refund_id text not null,
  payment_id text not null,
  currency text not null,
  amount bigint not null,
  created timestamptz not null,
  primary key (reading_id, refund_id)
);
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
