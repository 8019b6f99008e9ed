import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- Where the seller's money goes, as last known: the rail and the account there.
alter table sellers add column destination text;
-- When another account came in the place of an earlier one; null: never.
alter table sellers add column destination_changed_at timestamptz;
-- By which two people let the newest change pass before its time.
alter table sellers add column destination_release_id uuid references control_approvals (id);
alter table sellers add check (destination_release_id is null or destination_changed_at is not null);
update sellers set destination = case operation_type
  when 'local' then 'fpay ' || nullif(trim(fpay_id), '') else 'payoneer ' || nullif(trim(payoneer_payee_id), '') end;

-- As above; the bank accounts behind a Stripe account, by currency, as far as Stripe has told of them.
alter table user_stripe_accounts add column destination_changed_at timestamptz;
alter table user_stripe_accounts add column destination_release_id uuid references control_approvals (id);
alter table user_stripe_accounts add column bank_accounts jsonb not null default '{}';
alter table user_stripe_accounts add check (destination_release_id is null or destination_changed_at is not null);

-- What is held because of a change goes on at next_try_at.
alter table payout_transfers drop constraint payout_transfers_check2;
alter table payout_transfers add constraint payout_transfers_check2 check (
  (status = 'retryable' or (held_reason is not null and held_reason = 'destination_changed')) = (next_try_at is not null));
create index payout_transfers_cooling on payout_transfers (next_try_at) where held_reason = 'destination_changed';
create index seller_balances_cooling on seller_balances (next_try_at) where blocked_reason = 'destination_changed';

alter table control_approvals drop constraint control_approvals_kind_check;
alter table control_approvals add constraint control_approvals_kind_check
  check (kind in ('rail_restart', 'cap_change', 'plan_rule_change', 'seller_cooling_release', 'user_cooling_release'));
`

const WALLS = `
-- A change is never taken back or made older; it passes by time, or by two people who speak of this very change.
create function refuse_lone_release(payee text, id text, was timestamptz, becomes timestamptz, release uuid) returns void
language plpgsql as $$
begin
  if becomes is distinct from was then
    raise exception 'the change of the account of % % is kept', payee, id using errcode = 'restrict_violation';
  end if;
  if release is null or not exists (
    select from control_approvals a
    where a.id = release and a.kind = payee || '_cooling_release' and a.subject_id = refuse_lone_release.id
      and a.status = 'approved' and (a.wish->>'changedAt')::timestamptz = was
  ) then
    raise exception 'it takes two people to pay % % before its time', payee, id using errcode = 'restrict_violation';
  end if;
end $$;

create function follow_seller_destination() returns trigger language plpgsql as $$
declare
  goes_to text := case new.operation_type when 'local' then 'fpay ' || nullif(trim(new.fpay_id), '')
    else 'payoneer ' || nullif(trim(new.payoneer_payee_id), '') end;
begin
  if tg_op = 'INSERT' then
    new.destination := goes_to;
    new.destination_changed_at := null;
    new.destination_release_id := null;
    return new;
  end if;
  -- Without an account it is still known where the money went before.
  new.destination := coalesce(goes_to, old.destination);
  if new.destination <> old.destination then
    new.destination_changed_at := date_trunc('milliseconds', now());
    new.destination_release_id := null;
  elsif (new.destination_changed_at, new.destination_release_id)
    is distinct from (old.destination_changed_at, old.destination_release_id) then
    perform refuse_lone_release('seller', old.id::text, old.destination_changed_at, new.destination_changed_at,
      new.destination_release_id);
  end if;
  return new;
end $$;
create trigger follows_destination before insert or update of operation_type, fpay_id, payoneer_payee_id, destination,
  destination_changed_at, destination_release_id on sellers for each row execute function follow_seller_destination();

create function follow_stripe_destination() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'the account of % gives way to another by an update', old.user_id using errcode = 'restrict_violation';
  end if;
  if tg_op = 'INSERT' then
    new.destination_changed_at := null;
    new.destination_release_id := null;
    return new;
  end if;
  if new.stripe_account_id <> old.stripe_account_id then
    new.destination_changed_at := date_trunc('milliseconds', now());
    new.destination_release_id := null;
    new.bank_accounts := '{}';
  elsif new.destination_changed_at > coalesce(old.destination_changed_at, '-infinity') then
    -- Behind the same Stripe account, another bank account.
    new.destination_changed_at := date_trunc('milliseconds', new.destination_changed_at);
    new.destination_release_id := null;
  elsif (new.destination_changed_at, new.destination_release_id)
    is distinct from (old.destination_changed_at, old.destination_release_id) then
    perform refuse_lone_release('user', old.user_id, old.destination_changed_at, new.destination_changed_at,
      new.destination_release_id);
  end if;
  return new;
end $$;
create trigger follows_destination before insert or delete or update of stripe_account_id, destination_changed_at,
  destination_release_id on user_stripe_accounts for each row execute function follow_stripe_destination();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
