import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- A row is made by the first word about a booking, whatever it is: it is the lock under which everything about the
-- booking is decided. What it holds is null until we hear of its completion.
create table bookings (
  booking_id text primary key check (booking_id <> ''),
  provider_id text check (provider_id <> ''),
  -- As the marketplace named it; null: it named none.
  stripe_account_id text check (stripe_account_id <> ''),
  currency text check (currency ~ '^[A-Z]{3}$'),
  provider_share bigint check (provider_share >= 0),
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (num_nulls(provider_id, currency, provider_share, completed_at) in (0, 4)),
  check (stripe_account_id is null or completed_at is not null)
);

create table tips (
  tip_id text primary key check (tip_id <> ''),
  booking_id text not null references bookings (booking_id),
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  added_at timestamptz not null,
  status text not null check (status in ('paid', 'failed', 'refunded')),
  -- When the marketplace said so: of two words the later one counts.
  status_at timestamptz not null
);
create index tips_by_booking on tips (booking_id);

create table disputes (
  dispute_id text primary key check (dispute_id <> ''),
  booking_id text not null references bookings (booking_id),
  opened_at timestamptz not null,
  resolved_at timestamptz,
  -- What the customer gets back; zero for nothing.
  refund_amount bigint check (refund_amount >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  -- When the marketplace said how it was resolved: of two words the later one counts.
  resolution_at timestamptz,
  check (num_nulls(resolved_at, refund_amount, currency, resolution_at) in (0, 4))
);
create index disputes_by_booking on disputes (booking_id);

create table payouts (
  id uuid primary key default gen_random_uuid(),
  booking_id text not null references bookings (booking_id),
  -- 1 is the booking's own; what became due after that had gone is paid by further ones.
  sequence integer not null check (sequence > 0),
  provider_id text not null check (provider_id <> ''),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null default 'scheduled' check (status in ('scheduled', 'on_hold', 'processing', 'transferred', 'failed',
    'cancelled')),
  amount bigint not null check (amount >= 0),
  -- Of the amount: kept back at release against what the provider owes us.
  set_off bigint not null default 0 check (set_off >= 0),
  -- Of the amount: taken back after it was transferred, or being taken back.
  corrected bigint not null default 0 check (corrected >= 0),
  due_at timestamptz not null,
  hold_reason text check (hold_reason <> ''),
  held_by text check (held_by in ('disputes', 'operator')),
  -- Disputes that an operator released it in spite of.
  overridden_disputes text[] not null default '{}',
  cancelled_by text check (cancelled_by in ('rules', 'operator')),
  released_at timestamptz,
  failure_reason text,
  transferred_at timestamptz,
  -- It was wanted back when it ended: its booking is to be looked at.
  look_wanted boolean not null default false,
  -- The sweep for lost timers leaves it alone until then.
  swept_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (booking_id, sequence),
  check (set_off <= amount and corrected <= amount),
  check ((status = 'on_hold') = (hold_reason is not null)),
  check ((status = 'on_hold') = (held_by is not null)),
  check ((status = 'cancelled') = (cancelled_by is not null)),
  check ((status = 'transferred') = (transferred_at is not null)),
  check ((status in ('processing', 'transferred')) = (released_at is not null)),
  check (status in ('processing', 'transferred') or set_off = 0),
  check (status = 'transferred' or corrected = 0),
  check ((status = 'failed') = (failure_reason is not null)),
  check (status not in ('processing', 'transferred') or amount > 0)
);
create index payouts_by_provider on payouts (provider_id, created_at);
create index payouts_by_status on payouts (status, updated_at);
create index payouts_due on payouts (due_at) where status = 'scheduled';
create index payouts_look_wanted on payouts (updated_at) where look_wanted;

-- One engine, two owners: a transfer pays a winner's part of a job, or a payout of a booking.
alter table payout_transfers
  alter column job_id drop not null,
  alter column contest_id drop not null,
  add column payout_id uuid references payouts (id),
  -- Its booking wants it back: no new attempt begins.
  add column withdraw_requested boolean not null default false,
  drop constraint payout_transfers_status_check,
  add constraint payout_transfers_status_check check (status in ('awaiting_destination', 'pending', 'processing',
    'completed', 'retryable', 'failed_terminal', 'withdrawn')),
  add constraint payout_transfers_one_owner check (num_nulls(job_id, contest_id) in (0, 2)
    and (payout_id is null) = (job_id is not null)),
  add constraint payout_transfers_withdrawn_of_bookings check (payout_id is not null
    or (status <> 'withdrawn' and not withdraw_requested));
-- Of the transfers of one payout at most one may move money, or has moved it.
create unique index payout_transfers_one_per_payout on payout_transfers (payout_id)
  where status not in ('failed_terminal', 'withdrawn');
create index payout_transfers_by_payout on payout_transfers (payout_id) where payout_id is not null;
`

const WALLS = `
drop trigger keeps_its_debt_and_its_end on payout_transfers;
create trigger keeps_its_debt_and_its_end before update on payout_transfers for each row
  when (old.status in ('completed', 'failed_terminal', 'withdrawn')
    or (old.job_id, old.contest_id, old.payout_id, old.user_id, old.amount, old.currency)
      is distinct from (new.job_id, new.contest_id, new.payout_id, new.user_id, new.amount, new.currency))
  execute function refuse_transfer_change();

-- What a transfer moves for a payout is what its release said, to whom it said, and while it is being released.
create function transfer_pays_its_payout() returns trigger language plpgsql as $$
begin
  if not exists (select from payouts p where p.id = new.payout_id and p.status = 'processing'
      and p.amount - p.set_off = new.amount and p.currency = new.currency and p.provider_id = new.user_id) then
    raise exception 'payout % is not being released with this transfer', new.payout_id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger pays_its_payout before insert on payout_transfers for each row
  when (new.payout_id is not null) execute function transfer_pays_its_payout();

create function refuse_payout_change() returns trigger language plpgsql as $$
begin
  raise exception 'payout % has ended as %, or what was released was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $$;
-- Whose it is never changes; what was released is fixed until it is withdrawn; of what was transferred only more may be
-- taken back; what was cancelled stays so.
create trigger keeps_what_was_released before update on payouts for each row
  when ((old.booking_id, old.sequence, old.provider_id, old.currency)
      is distinct from (new.booking_id, new.sequence, new.provider_id, new.currency)
    or old.status = 'cancelled'
    or (old.status = 'transferred' and (new.status <> 'transferred' or new.corrected < old.corrected))
    or (old.status in ('processing', 'transferred') and new.status in ('processing', 'transferred')
      and (old.amount, old.set_off) is distinct from (new.amount, new.set_off)))
  execute function refuse_payout_change();

-- A booking never pays more than its share and the tips that were paid for it: the wall behind every calculation.
create function payout_within_its_booking() returns trigger language plpgsql as $$
declare
  gone numeric;
  earned numeric;
begin
  select coalesce(sum(p.amount - p.corrected), 0) + new.amount into gone from payouts p
    where p.booking_id = new.booking_id and p.currency = new.currency and p.id <> new.id
      and p.status in ('processing', 'transferred');
  select coalesce((select b.provider_share from bookings b
      where b.booking_id = new.booking_id and b.currency = new.currency), 0)
    + coalesce((select sum(t.amount) from tips t
      where t.booking_id = new.booking_id and t.currency = new.currency and t.status = 'paid'), 0) into earned;
  if gone > earned then
    raise exception 'booking % would pay % %, and share and tips are %', new.booking_id, gone, new.currency, earned
      using errcode = 'check_violation', constraint = 'payout_within_its_booking';
  end if;
  return new;
end $$;
create trigger stays_within_its_booking before update on payouts for each row
  when (new.status in ('processing', 'transferred') and old.status not in ('processing', 'transferred'))
  execute function payout_within_its_booking();

create function refuse_booking_change() returns trigger language plpgsql as $$
begin
  raise exception 'booking % was completed otherwise', old.booking_id using errcode = 'restrict_violation';
end $$;
create trigger keeps_its_completion before update on bookings for each row
  when (old.completed_at is not null
    and ((old.provider_id, old.currency, old.provider_share, old.completed_at)
        is distinct from (new.provider_id, new.currency, new.provider_share, new.completed_at)
      or (old.stripe_account_id is not null and old.stripe_account_id is distinct from new.stripe_account_id)))
  execute function refuse_booking_change();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
