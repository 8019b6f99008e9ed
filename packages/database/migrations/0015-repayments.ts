import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- Times that two people had it paid again after it had ended unpaid: names the one that an approval is about.
alter table seller_balances add column repayments integer not null default 0 check (repayments >= 0);
alter table payout_transfers add column repayments integer not null default 0 check (repayments >= 0);

alter table control_approvals drop constraint control_approvals_kind_check;
alter table control_approvals add constraint control_approvals_kind_check
  check (kind in ('rail_restart', 'cap_change', 'plan_rule_change', 'seller_cooling_release', 'user_cooling_release', 'balance_repayment',
    'transfer_repayment', 'debt_settlement'));
`

const WALLS = `
-- What failed for good, or came back, is paid again by two people and not by one: also by hand, and by code with a bug in it.
create function refuse_lone_repayment() returns trigger language plpgsql as $$
begin
  if new.repayments = old.repayments + 1 and exists (
    select from control_approvals a where a.kind = tg_argv[0] and a.subject_id = old.id::text and a.status = 'approved'
      and a.wish->>'repayment' = new.repayments::text
  ) then return new; end if;
  raise exception '% % is paid again by two people, after it ended as %', tg_table_name, old.id, old.status
    using errcode = 'restrict_violation';
end $$;
create trigger takes_two_to_pay_again before update on seller_balances for each row
  when (old.repayments <> new.repayments or (old.status in ('failed', 'returned') and old.status <> new.status))
  execute function refuse_lone_repayment('balance_repayment');
create trigger takes_two_to_pay_again before update on payout_transfers for each row
  when (old.repayments <> new.repayments)
  execute function refuse_lone_repayment('transfer_repayment');

-- Its end stays its end, but for a contest's transfer that failed: a booking's payout is released anew instead.
drop trigger keeps_its_debt_and_its_end on payout_transfers;
create trigger keeps_its_debt_and_its_end before update on payout_transfers for each row
  when (old.status in ('completed', 'withdrawn')
    or (old.status = 'failed_terminal' and (old.job_id is null or new.status <> 'pending'
      or new.repayments <> old.repayments + 1))
    or old.job_id is distinct from new.job_id or old.contest_id is distinct from new.contest_id
    or old.payout_id is distinct from new.payout_id or old.user_id is distinct from new.user_id
    or old.amount is distinct from new.amount or old.currency is distinct from new.currency)
  execute function refuse_transfer_change();

-- A debt is forgiven by two people.
create function refuse_lone_forgiveness() returns trigger language plpgsql as $$
begin
  if exists (
    select from ledger_entries e join control_approvals a on e.idempotency_key = 'receivable_settled:' || a.id
    where e.id = new.entry_id and a.kind = 'debt_settlement' and a.status = 'approved' and a.wish->>'how' = 'forgiven'
      and a.wish->>'amount' = (-new.amount)::text and a.wish->>'currency' = new.currency
  ) then return null; end if;
  raise exception 'a debt is forgiven by two people' using errcode = 'restrict_violation';
end $$;
create trigger takes_two_to_forgive after insert on ledger_postings for each row
  when (new.account = 'receivable_settled:forgiven') execute function refuse_lone_forgiveness();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
