import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
create table countries (
  id text primary key check (id ~ '^[a-z]{2}$'),
  name text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  enabled boolean not null,
  erp_subsidiary_id text,
  erp_bank_account_id text,
  erp_payables_account_id text
);
create table erp_currencies (
  currency text primary key check (currency ~ '^[A-Z]{3}$'),
  erp_id text not null
);

create table sellers (
  id uuid primary key default gen_random_uuid(),
  gsc_seller_id text not null unique,
  legal_name text not null,
  tax_id text not null,
  email text,
  phone text,
  operation_type text not null check (operation_type in ('local', 'international')),
  type text not null check (type in ('3P', '1P')),
  status text not null check (status in ('active', 'suspended', 'closed')),
  fpay_id text,
  payoneer_payee_id text,
  erp_id text unique,
  erp_customer_id text unique,
  erp_synced_digest text,
  profile_sequence bigint,
  profile_event_time timestamptz,
  day_balance_generated boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sellers_to_generate on sellers (id) where not day_balance_generated;
create table seller_countries (
  seller_id uuid not null references sellers (id),
  country text not null check (country ~ '^[a-z]{2}$'),
  position integer not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  enabled boolean not null,
  primary key (seller_id, country)
);

create table pay_day_runs (
  id uuid primary key default gen_random_uuid(),
  business_date date not null unique,
  resets integer not null default 1 check (resets > 0),
  opened_at timestamptz not null default now(),
  initialized_at timestamptz
);
-- One run initializes at a time: sellers.day_balance_generated speaks of that one.
create unique index pay_day_runs_one_initializing on pay_day_runs ((true)) where initialized_at is null;

create table seller_balances (
  id uuid primary key default gen_random_uuid(),
  run_id uuid not null references pay_day_runs (id),
  seller_id uuid not null references sellers (id),
  country text not null references countries (id),
  business_date date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null default 'initialized' check (status in ('initialized', 'retrieved', 'no_payment_due', 'payable',
    'blocked', 'paying', 'payment_pending', 'awaiting_funds', 'paid', 'failed', 'returned')),
  amount_owed bigint,
  blocked_reason text,
  closing_match text check (closing_match in ('matched', 'missing', 'different')),
  attempts integer not null default 0 check (attempts >= 0),
  funds_refusals integer not null default 0 check (funds_refusals >= 0),
  next_try_at timestamptz,
  status_checks integer not null default 0 check (status_checks >= 0),
  erp_vendor_payment_id text,
  erp_told_at timestamptz,
  gsc_told_at timestamptz,
  report_lease_expires_at timestamptz,
  jobs jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (seller_id, country, business_date),
  check ((status = 'blocked') = (blocked_reason is not null)),
  check (amount_owed is not null or status in ('initialized', 'blocked')),
  check (status not in ('payable', 'paying', 'payment_pending', 'awaiting_funds', 'paid', 'failed', 'returned')
    or amount_owed > 0)
);
create index seller_balances_by_date on seller_balances (business_date, status);
create index seller_balances_open on seller_balances (status, updated_at)
  where status not in ('no_payment_due', 'paid', 'failed', 'blocked', 'returned');

-- One document is owed in one balance only: a bill whose date is edited in NetSuite cannot be paid on two days.
create table seller_balance_documents (
  erp_id text primary key,
  seller_balance_id uuid not null references seller_balances (id),
  type text not null check (type in ('vendorBill', 'invoice')),
  tran_id text not null,
  currency text not null,
  amount bigint not null check (amount > 0)
);
create index seller_balance_documents_by_balance on seller_balance_documents (seller_balance_id);

create table seller_closings (
  settlement_id text primary key,
  gsc_seller_id text not null,
  country text not null,
  business_date date not null,
  currency text not null,
  amount bigint not null,
  received_at timestamptz not null default now(),
  unique (gsc_seller_id, country, business_date)
);

create table rails (
  name text primary key check (name in ('fpay', 'payoneer', 'stripe')),
  paused_until timestamptz,
  paused_reason text
);
insert into rails (name) values ('fpay'), ('payoneer'), ('stripe');

create table payment_attempts (
  id uuid primary key default gen_random_uuid(),
  payable_type text not null check (payable_type in ('seller_balance', 'payout_transfer')),
  payable_id uuid not null,
  rail text not null references rails (name),
  generation integer not null check (generation > 0),
  idempotency_key text not null unique,
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  destination text not null,
  instruction jsonb not null,
  state text not null check (state in ('claimed', 'postponed', 'accepted', 'paid', 'declined', 'reversed')),
  calls integer not null default 1 check (calls >= 0),
  lease_token uuid,
  lease_expires_at timestamptz,
  provider_reference text,
  last_facts jsonb,
  refusal_reason text,
  created_at timestamptz not null default now(),
  first_called_at timestamptz not null default now(),
  accepted_at timestamptz,
  settled_at timestamptz,
  updated_at timestamptz not null default now(),
  unique (payable_type, payable_id, generation),
  check ((state = 'claimed') = (lease_token is not null and lease_expires_at is not null)),
  check (state not in ('accepted', 'paid', 'reversed') or provider_reference is not null)
);
-- The first of the two walls against paying twice: a payable has at most one attempt that is, or may be, paid.
create unique index payment_attempts_one_live on payment_attempts (payable_type, payable_id)
  where state in ('claimed', 'postponed', 'accepted', 'paid');
-- One payment at the provider belongs to one attempt.
create unique index payment_attempts_one_reference on payment_attempts (rail, provider_reference)
  where provider_reference is not null;
create index payment_attempts_abandoned on payment_attempts (lease_expires_at) where state = 'claimed';

create table ledger_entries (
  id bigint generated always as identity primary key,
  idempotency_key text not null unique,
  kind text not null,
  payable_type text,
  payable_id uuid,
  occurred_at timestamptz not null default now(),
  transaction_id xid8 not null default pg_current_xact_id()
);
create index ledger_entries_by_payable on ledger_entries (payable_type, payable_id);
create table ledger_postings (
  entry_id bigint not null references ledger_entries (id),
  line smallint not null,
  account text not null check (account ~ '^[a-z_]+(:[A-Za-z0-9_-]+)*$'),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount bigint not null check (amount <> 0),
  primary key (entry_id, line)
);
create index ledger_postings_by_account on ledger_postings (account, currency);
-- What is owed to each payee. The second wall against paying twice: it may never fall below zero.
create table ledger_payee_balances (
  account text not null,
  currency text not null,
  balance bigint not null constraint payee_is_never_below_zero check (balance >= 0),
  primary key (account, currency)
);

create table audit_log (
  id bigint generated always as identity primary key,
  occurred_at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject_type text not null,
  subject_id text not null,
  reason text,
  before jsonb,
  after jsonb,
  transaction_id xid8 not null default pg_current_xact_id()
);
create index audit_log_by_subject on audit_log (subject_type, subject_id, id);
-- A seal names its rows and digests each, so that an edited, missing or added row is found by its id.
create table audit_seals (
  id bigint generated always as identity primary key,
  row_ids bigint[] not null check (cardinality(row_ids) > 0),
  row_digests bytea not null check (length(row_digests) = 32 * cardinality(row_ids)),
  -- Every row up to here, by transaction and then by id, is in this seal or an earlier one.
  last_transaction_id xid8 not null,
  last_row_id bigint not null,
  previous_digest text not null unique,
  digest text not null unique,
  sealed_at timestamptz not null default now()
);
create index audit_log_by_transaction on audit_log (transaction_id, id);

create table finance_alerts (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  dedup_key text not null unique,
  severity text not null check (severity in ('info', 'warning', 'critical')),
  subject_type text not null,
  subject_id text not null,
  business_date date,
  details jsonb not null default '{}',
  status text not null default 'open' check (status in ('open', 'acknowledged', 'resolved')),
  note text,
  times integer not null default 1 check (times > 0),
  raised_at timestamptz not null default now(),
  last_raised_at timestamptz not null default now(),
  send_lease_expires_at timestamptz,
  sent_at timestamptz
);
create index finance_alerts_by_subject on finance_alerts (subject_type, subject_id);
create index finance_alerts_open on finance_alerts (raised_at) where status = 'open';
create index finance_alerts_unsent on finance_alerts (raised_at) where sent_at is null;

create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  ordering_key text,
  data jsonb not null,
  attributes jsonb not null default '{}',
  deliver_at timestamptz not null default now()
);
create index outbox_due on outbox (deliver_at, id) where ordering_key is null;
create index outbox_keys_due on outbox (deliver_at, id) where ordering_key is not null;
create index outbox_due_by_key on outbox (topic, ordering_key, id) where ordering_key is not null;

create table dead_letters (
  id uuid primary key default gen_random_uuid(),
  topic text not null,
  subscription text not null,
  message_id text not null,
  ordering_key text,
  data bytea not null,
  attributes jsonb not null,
  reason text not null,
  received_at timestamptz not null default now(),
  replayed_at timestamptz,
  unique (subscription, message_id)
);

-- Callbacks that were taken in, so that a repeated or replayed one is answered and goes no further.
create table webhook_events (
  provider text not null,
  event_id text not null,
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);

create table admin_jobs (
  name text primary key,
  schedule text not null,
  time_zone text not null,
  enabled boolean not null default true,
  next_run_at timestamptz,
  last_run_at timestamptz,
  last_duration_ms integer,
  last_outcome text check (last_outcome in ('succeeded', 'failed')),
  last_error text
);
`

const WALLS = `
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on ledger_postings
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on audit_seals
  for each statement execute function refuse_change();

-- At commit every entry sums to zero in each of its currencies. A session keeps the plans of its functions: made while
-- the tables are new and small they would read the whole table for every entry, so they are held to the indexes.
create function entry_sums_to_zero() returns trigger language plpgsql set enable_seqscan = off as $$
declare bad record;
begin
  select p.currency, sum(p.amount) as total into bad from ledger_postings p where p.entry_id = new.id
    group by p.currency having sum(p.amount) <> 0 limit 1;
  if found then
    raise exception 'ledger entry % does not sum to zero: % % is left over', new.idempotency_key, bad.total, bad.currency
      using errcode = 'check_violation';
  end if;
  if not exists (select from ledger_postings p where p.entry_id = new.id) then
    raise exception 'ledger entry % has no postings', new.idempotency_key using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger sums_to_zero after insert on ledger_entries
  deferrable initially deferred for each row execute function entry_sums_to_zero();

-- Postings come with their entry or not at all, and keep the payees' balances, which may not fall below zero.
create function keep_payee_balances() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if exists (select from added a join ledger_entries e on e.id = a.entry_id
             where e.transaction_id <> pg_current_xact_id()) then
    raise exception 'a recorded ledger entry takes no further postings' using errcode = 'restrict_violation';
  end if;
  insert into ledger_payee_balances (account, currency, balance)
    select distinct account, currency, 0 from added where account like 'payee:%' order by account, currency
    on conflict do nothing;
  perform from ledger_payee_balances b
    where (b.account, b.currency) in (select account, currency from added where account like 'payee:%')
    order by b.account, b.currency for update;
  update ledger_payee_balances b set balance = b.balance + d.amount
    from (select account, currency, sum(amount) as amount from added where account like 'payee:%' group by 1, 2) d
    where b.account = d.account and b.currency = d.currency;
  return null;
end $$;
create trigger keeps_payee_balances after insert on ledger_postings
  referencing new table as added for each statement execute function keep_payee_balances();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
