import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- What an operator asked for under a key of their own, and what they were answered: asked again, it is answered the same.
create table admin_requests (
  actor text not null check (actor <> ''),
  key text not null check (key <> ''),
  -- SHA-256 of what was asked, in hex.
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  status integer not null check (status between 200 and 499),
  answer jsonb not null,
  answered_at timestamptz not null,
  primary key (actor, key)
);

-- What one person asked for and another must agree to.
create table approvals (
  id uuid primary key default gen_random_uuid(),
  payout_id uuid not null references payouts (id),
  action text not null check (action in ('force_release', 'cancel')),
  reason text not null check (reason <> ''),
  -- The payout as it stood when it was asked for: what is agreed to is this, and nothing else.
  seen_status text not null,
  seen_amount bigint not null check (seen_amount >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  seen_disputes text[] not null,
  -- What the deed was about then, by currency: of a cancel all that was open of the booking.
  seen_sums jsonb not null,
  requested_by text not null check (requested_by <> ''),
  requested_at timestamptz not null,
  status text not null default 'open' check (status in ('open', 'approved', 'refused', 'void')),
  -- Null for one that is void: nobody decided it.
  decided_by text check (decided_by <> ''),
  decision_reason text check (decision_reason <> ''),
  decided_at timestamptz,
  check ((status = 'open') = (decided_at is null)),
  check ((status in ('approved', 'refused')) = (decided_by is not null)),
  check (status in ('open', 'approved') or decision_reason is not null),
  constraint approvals_are_anothers check (decided_by <> requested_by)
);
create unique index approvals_one_open on approvals (payout_id) where status = 'open';
create index approvals_newest on approvals (requested_at desc, id desc);
create index approvals_newest_by_status on approvals (status, requested_at desc, id desc);
create index approvals_by_payout on approvals (payout_id);

create index payouts_newest on payouts (created_at desc, id desc);
create index payouts_newest_by_status on payouts (status, created_at desc, id desc);
`

const WALLS = `
create function refuse_approval_change() returns trigger language plpgsql as $$
begin
  raise exception 'approval % has ended as %, or what was asked for was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $$;
create trigger keeps_what_was_asked_for before update on approvals for each row
  when (old.status <> 'open'
    or (old.payout_id, old.action, old.reason, old.seen_status, old.seen_amount, old.currency, old.seen_disputes, old.seen_sums,
        old.requested_by, old.requested_at)
      is distinct from (new.payout_id, new.action, new.reason, new.seen_status, new.seen_amount, new.currency,
        new.seen_disputes, new.seen_sums, new.requested_by, new.requested_at))
  execute function refuse_approval_change();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
