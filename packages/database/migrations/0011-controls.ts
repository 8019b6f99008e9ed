import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- What one person asked for about payments as a whole, and another must agree to.
create table control_approvals (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('rail_restart')),
  -- The rail.
  subject_id text not null check (subject_id <> ''),
  -- What is asked for, and of what it is: what is agreed to is this, and nothing else.
  wish jsonb not null,
  reason text not null check (reason <> ''),
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
  constraint control_approvals_are_anothers check (decided_by <> requested_by)
);
create unique index control_approvals_one_open on control_approvals (kind, subject_id) where status = 'open';
create index control_approvals_newest on control_approvals (requested_at, id);

-- Which rails people stopped. Apart from rails.paused_until, by which a rail rests that refuses our credentials.
create table rail_stops (
  rail text primary key references rails (name),
  -- Stops so far: names the one that a restart is about.
  stops integer not null default 0 check (stops >= 0),
  -- Null while it runs.
  stopped_at timestamptz,
  stopped_by text check (stopped_by <> ''),
  reason text check (reason <> ''),
  -- How it was restarted last.
  restart_approval_id uuid references control_approvals (id),
  check ((stopped_at is null) = (stopped_by is null) and (stopped_at is null) = (reason is null))
);
insert into rail_stops (rail) select name from rails;
`

const WALLS = `
create function refuse_control_approval_change() returns trigger language plpgsql as $$
begin
  raise exception 'approval % has ended as %, or what was asked for was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $$;
create trigger keeps_what_was_asked_for before update on control_approvals for each row
  when (old.status <> 'open'
    or (old.kind, old.subject_id, old.wish, old.reason, old.requested_by, old.requested_at)
      is distinct from (new.kind, new.subject_id, new.wish, new.reason, new.requested_by, new.requested_at))
  execute function refuse_control_approval_change();
create trigger keeps_what_was_asked_for_whole before delete on control_approvals for each row
  execute function refuse_control_approval_change();

-- One person stops, two restart: also by hand, and also for code with a bug in it.
create function refuse_lone_restart() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.rail = old.rail then
    if old.stopped_at is null and new.stopped_at is not null and new.stops = old.stops + 1 then return new; end if;
    if old.stopped_at is not null and new.stopped_at is null and new.stops = old.stops and exists (
      select from control_approvals a where a.id = new.restart_approval_id and a.kind = 'rail_restart'
        and a.subject_id = old.rail and a.status = 'approved' and a.wish->>'stop' = old.stops::text
    ) then return new; end if;
  end if;
  raise exception 'rail % is stopped by one person, and restarted by two', old.rail using errcode = 'restrict_violation';
end $$;
create trigger takes_two_to_restart before update or delete on rail_stops for each row
  execute function refuse_lone_restart();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
