import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- What a run may send out at most without an approved plan.
create table payment_plan_rules (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('pay_day', 'payouts')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Minor units; at zero nothing goes without one.
  amount bigint not null check (amount >= 0),
  reason text not null check (reason <> ''),
  set_by text not null check (set_by <> ''),
  set_at timestamptz not null,
  -- By which it was raised last.
  approval_id uuid references control_approvals (id),
  constraint payment_plan_rules_one_each unique (kind, currency)
);

-- What a run would pay, as somebody saw it before anything was paid.
create table payment_plans (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('pay_day', 'payouts')),
  -- A pay-day's business date; for payouts the UTC day on which it was planned.
  run date not null,
  -- SHA-256 of the lines that are paid.
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  line_count integer not null check (line_count >= 0),
  -- What it pays by rail and currency, and what it leaves out by reason.
  totals jsonb not null,
  -- What each rail had, as far as it said.
  funds jsonb not null,
  reason text not null check (reason <> ''),
  state text not null default 'planned' check (state in ('planned', 'approved', 'applied', 'void')),
  planned_by text not null check (planned_by <> ''),
  planned_at timestamptz not null,
  approved_by text check (approved_by <> ''),
  approved_at timestamptz,
  applied_by text check (applied_by <> ''),
  applied_at timestamptz,
  voided_by text check (voided_by <> ''),
  voided_at timestamptz,
  -- Of one that is void: what had drifted, as far as it is listed, and how much in all.
  drift jsonb,
  drift_count integer check (drift_count > 0),
  check ((approved_by is null) = (approved_at is null)),
  check (state <> 'approved' or approved_by is not null),
  check (state <> 'planned' or approved_by is null),
  check ((state = 'applied') = (applied_at is not null) and (applied_by is null) = (applied_at is null)),
  check ((state = 'void') = (voided_at is not null) and (voided_by is null) = (voided_at is null)),
  check ((drift is null) = (voided_at is null) and (drift_count is null) = (voided_at is null)),
  constraint payment_plans_are_approved_by_another check (approved_by <> planned_by)
);
create index payment_plans_newest on payment_plans (planned_at, id);

create table payment_plan_lines (
  plan_id uuid not null references payment_plans (id),
  payable_type text not null check (payable_type in ('seller_balance', 'payout_transfer', 'booking_payout')),
  payable_id uuid not null,
  -- The seller, or the user at the marketplace.
  payee_id text not null,
  -- Minor units; null for a balance whose documents are not read.
  amount bigint,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  rail text references rails (name),
  destination text,
  -- Of the payable, when it was planned.
  status text not null,
  -- Why it is not paid; null for a line that is.
  left_out text check (left_out <> ''),
  primary key (plan_id, payable_id),
  check (left_out is not null
    or (amount > 0 and rail is not null and destination is not null and payable_type <> 'booking_payout')),
  check (left_out is null or destination is null)
);
-- A claim asks which plans pay it.
create index payment_plan_lines_payable on payment_plan_lines (payable_id) where left_out is null;
create index payment_plan_lines_left_out on payment_plan_lines (plan_id, left_out, payable_id);

alter table control_approvals drop constraint control_approvals_kind_check;
alter table control_approvals add constraint control_approvals_kind_check
  check (kind in ('rail_restart', 'cap_change', 'plan_rule_change'));
`

const WALLS = `
-- The same text as code makes of the lines, so that what is approved and applied is what was hashed.
create function payment_plan_hash(plan uuid) returns text language sql stable as $$
  select encode(sha256(convert_to(coalesce(string_agg(
    payable_id || ' ' || amount || ' ' || currency || ' ' || rail || ' '
      || octet_length(convert_to(destination, 'UTF8')) || ':' || destination || chr(10),
    '' order by payable_id), ''), 'UTF8')), 'hex')
  from payment_plan_lines where plan_id = plan and left_out is null
$$;

-- A plan is what it was; only its state goes on, and a second person approves what stands in it.
create function refuse_plan_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and (new.id, new.kind, new.run, new.hash, new.line_count, new.totals, new.funds, new.reason, new.planned_by,
      new.planned_at) is not distinct from (old.id, old.kind, old.run, old.hash, old.line_count, old.totals, old.funds,
      old.reason, old.planned_by, old.planned_at)
    and (new.state = 'approved' or (new.approved_by, new.approved_at) is not distinct from (old.approved_by, old.approved_at))
    and (new.state in ('applied', 'void') and old.state in ('planned', 'approved')
      or new.state = 'approved' and old.state = 'planned') then
    if new.state = 'void' or payment_plan_hash(new.id) = new.hash then return new; end if;
    raise exception 'the lines of plan % are not those of its hash', old.id using errcode = 'restrict_violation';
  end if;
  raise exception 'plan % is %, and stays what it is', old.id, old.state using errcode = 'restrict_violation';
end $$;
create trigger keeps_what_was_planned before update or delete on payment_plans for each row
  execute function refuse_plan_change();

create function refuse_born_approved() returns trigger language plpgsql as $$
begin
  raise exception 'plan % begins as planned', new.id using errcode = 'restrict_violation';
end $$;
create trigger begins_as_planned before insert on payment_plans for each row when (new.state <> 'planned')
  execute function refuse_born_approved();

create function refuse_line_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' and exists (select from payment_plans where id = new.plan_id and state = 'planned') then
    return new;
  end if;
  raise exception 'the lines of a plan stay what they are' using errcode = 'restrict_violation';
end $$;
create trigger keeps_its_lines before insert or update or delete on payment_plan_lines for each row
  execute function refuse_line_change();

-- One person sets or lowers a rule; it takes two to raise or remove it.
create function refuse_lone_rule_raise() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.kind, new.currency) is distinct from (old.id, old.kind, old.currency) then
      raise exception 'rule % stays what it is a rule for', old.id using errcode = 'restrict_violation';
    end if;
    if new.amount <= old.amount then return new; end if;
  end if;
  if exists (
    select from control_approvals a where a.kind = 'plan_rule_change' and a.subject_id = old.id::text
      and a.status = 'approved' and a.wish->>'from' = old.amount::text
      and case when tg_op = 'UPDATE' then a.id = new.approval_id and a.wish->>'to' = new.amount::text
        else a.wish->'to' = 'null'::jsonb end
      and a.decided_at >= old.set_at
  ) then
    return case when tg_op = 'UPDATE' then new else old end;
  end if;
  raise exception 'rule % is lowered by one person, and raised or removed by two', old.id
    using errcode = 'restrict_violation';
end $$;
create trigger takes_two_to_raise before update or delete on payment_plan_rules for each row
  execute function refuse_lone_rule_raise();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
