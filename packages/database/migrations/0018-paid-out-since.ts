import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- Since when Stripe says that this account pays out to a bank, or did so once: whatever bank account it is told to have
-- after that came in the place of another, though nobody told us of that one.
alter table user_stripe_accounts add column paid_out_since timestamptz;
update user_stripe_accounts set paid_out_since = last_event_created where payouts_enabled;
`

const WALLS = `
create or replace function follow_stripe_destination() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (tg_op = 'UPDATE' and new.user_id <> old.user_id) then
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
    new.paid_out_since := null;
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
drop trigger follows_destination on user_stripe_accounts;
create trigger follows_destination before insert or delete or update of user_id, stripe_account_id,
  destination_changed_at, destination_release_id on user_stripe_accounts for each row
  execute function follow_stripe_destination();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
