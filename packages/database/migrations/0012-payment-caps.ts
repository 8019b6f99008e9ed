import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- How much may go out at most. Claims that would go beyond wait.
create table payment_caps (
  id uuid primary key default gen_random_uuid(),
  -- Null: all of them together.
  rail text references rails (name),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  scope text not null check (scope in ('payee_day', 'rail_hour', 'run')),
  -- Minor units.
  amount bigint not null check (amount >= 0),
  reason text not null check (reason <> ''),
  set_by text not null check (set_by <> ''),
  set_at timestamptz not null,
  -- By which it was raised last.
  approval_id uuid references control_approvals (id),
  constraint payment_caps_one_each unique nulls not distinct (rail, currency, scope)
);

-- When the try that this attempt is at, or was accepted by, began: what a cap counts.
alter table payment_attempts add column begun_at timestamptz not null default now();
update payment_attempts set begun_at = first_called_at;

alter table control_approvals drop constraint control_approvals_kind_check;
alter table control_approvals add constraint control_approvals_kind_check check (kind in ('rail_restart', 'cap_change'));
`

const WALLS = `
-- One person sets or lowers a cap; it takes two to raise or remove it.
create function refuse_lone_raise() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.currency, new.scope) is distinct from (old.id, old.currency, old.scope)
      or new.rail is distinct from old.rail then
      raise exception 'cap % stays what it is a cap on', old.id using errcode = 'restrict_violation';
    end if;
    if new.amount <= old.amount then return new; end if;
  end if;
  if exists (
    select from control_approvals a where a.kind = 'cap_change' and a.subject_id = old.id::text and a.status = 'approved'
      and a.wish->>'from' = old.amount::text
      and case when tg_op = 'UPDATE' then a.id = new.approval_id and a.wish->>'to' = new.amount::text
        else a.wish->'to' = 'null'::jsonb end
      and a.decided_at >= old.set_at
  ) then
    return case when tg_op = 'UPDATE' then new else old end;
  end if;
  raise exception 'cap % is lowered by one person, and raised or removed by two', old.id
    using errcode = 'restrict_violation';
end $$;
create trigger takes_two_to_raise before update or delete on payment_caps for each row
  execute function refuse_lone_raise();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
