import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- The marketplace writes these two. They hold whatever it wrote: what cannot be paid must be storable to be refused.
create table settlements (
  settlement_id text primary key check (settlement_id <> ''),
  contest_id text not null check (contest_id <> ''),
  currency text not null,
  total bigint not null,
  status text not null,
  -- Ours: the rule it broke when it was looked at last.
  rejected_rule text,
  rejected_at timestamptz,
  created_at timestamptz not null default now(),
  check ((rejected_rule is null) = (rejected_at is null))
);
create index settlements_by_contest on settlements (contest_id);
create table settlement_winners (
  id bigint generated always as identity primary key,
  settlement_id text not null references settlements (settlement_id),
  user_id text not null check (user_id <> ''),
  stripe_account_id text,
  amount bigint not null,
  currency text not null
);
create index settlement_winners_by_settlement on settlement_winners (settlement_id);

create table user_stripe_accounts (
  user_id text primary key check (user_id <> ''),
  stripe_account_id text not null unique check (stripe_account_id <> ''),
  transfers_active boolean not null default false,
  payouts_enabled boolean not null default false,
  details_submitted boolean not null default false,
  disabled_reason text,
  -- When Stripe said so; null: it has not told us of this account yet.
  last_event_created timestamptz,
  updated_at timestamptz not null default now(),
  check (last_event_created is not null or not (transfers_active or payouts_enabled or details_submitted))
);
create index user_stripe_accounts_unverified on user_stripe_accounts (updated_at) where last_event_created is null;

create table payout_jobs (
  id uuid primary key default gen_random_uuid(),
  settlement_id text not null unique references settlements (settlement_id),
  status text not null default 'pending' check (status in ('pending', 'processing', 'complete')),
  transfers_total integer not null check (transfers_total > 0),
  transfers_completed integer not null default 0 check (transfers_completed >= 0),
  transfers_failed integer not null default 0 check (transfers_failed >= 0),
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  updated_at timestamptz not null default now(),
  check (transfers_completed + transfers_failed <= transfers_total),
  check (status <> 'complete' or transfers_completed + transfers_failed = transfers_total),
  check (status <> 'pending' or transfers_completed + transfers_failed = 0),
  check ((status = 'complete') = (completed_at is not null))
);
create index payout_jobs_open on payout_jobs (created_at) where status <> 'complete';

create table payout_transfers (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references payout_jobs (id),
  contest_id text not null check (contest_id <> ''),
  user_id text not null check (user_id <> ''),
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- The account that its newest attempt pays.
  destination text,
  status text not null default 'pending' check (status in ('awaiting_destination', 'pending', 'processing', 'completed',
    'retryable', 'failed_terminal')),
  held_reason text,
  -- Tries begun, each counted when it begins; the two below are those of them that ended in a refusal.
  attempts integer not null default 0 check (attempts >= 0),
  refusals integer not null default 0 check (refusals >= 0),
  funds_refusals integer not null default 0 check (funds_refusals >= 0),
  next_try_at timestamptz,
  -- When somebody must have it in hand: the scheduler queues it again a while after.
  due_at timestamptz,
  failure_reason text,
  provider_reference text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  updated_at timestamptz not null default now(),
  -- Nobody is paid twice for one contest.
  unique (contest_id, user_id),
  check ((status = 'awaiting_destination') = (held_reason is not null)),
  check ((status in ('pending', 'processing', 'retryable')) = (due_at is not null)),
  check ((status = 'retryable') = (next_try_at is not null)),
  check ((status = 'completed') = (completed_at is not null)),
  check (status not in ('processing', 'completed') or (destination is not null and attempts > 0)),
  check (status <> 'completed' or provider_reference is not null),
  check (status <> 'failed_terminal' or failure_reason is not null),
  check (refusals + funds_refusals <= attempts)
);
create index payout_transfers_by_job on payout_transfers (job_id);
create index payout_transfers_due on payout_transfers (due_at) where due_at is not null;
create index payout_transfers_awaiting on payout_transfers (user_id) where status = 'awaiting_destination';
`

const WALLS = `
create function refuse_transfer_change() returns trigger language plpgsql as $$
begin
  raise exception 'payout transfer % has ended as %, or what it owes was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $$;
create trigger keeps_its_debt_and_its_end before update on payout_transfers for each row
  when (old.status in ('completed', 'failed_terminal')
    or (old.job_id, old.contest_id, old.user_id, old.amount, old.currency)
      is distinct from (new.job_id, new.contest_id, new.user_id, new.amount, new.currency))
  execute function refuse_transfer_change();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
