import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
alter table payment_attempts
  drop constraint payment_attempts_payable_type_check,
  add constraint payment_attempts_payable_type_check
    check (payable_type in ('seller_balance', 'payout_transfer', 'payout_reversal'));

-- What is taken back of a payout after it was transferred. One without a transfer is of money that never left, since it
-- was kept back at release: nothing can be reversed, and the provider owes it again at once.
create table payout_reversals (
  id uuid primary key default gen_random_uuid(),
  payout_id uuid not null references payouts (id),
  transfer_id uuid references payout_transfers (id),
  provider_id text not null check (provider_id <> ''),
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null default 'pending' check (status in ('pending', 'processing', 'retryable', 'reversed', 'refused')),
  -- Tries begun, each counted when it begins; refusals are those of them that the rail's own trouble ended.
  attempts integer not null default 0 check (attempts >= 0),
  refusals integer not null default 0 check (refusals >= 0 and refusals <= attempts),
  next_try_at timestamptz,
  -- When somebody must have it in hand: the scheduler queues it again a while after.
  due_at timestamptz,
  failure_reason text,
  provider_reference text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  updated_at timestamptz not null default now(),
  check (transfer_id is not null or status = 'refused'),
  check ((status in ('pending', 'processing', 'retryable')) = (due_at is not null)),
  check ((status = 'retryable') = (next_try_at is not null)),
  check ((status in ('reversed', 'refused')) = (ended_at is not null)),
  check ((status = 'reversed') = (provider_reference is not null)),
  check (status not in ('processing', 'retryable', 'reversed') or attempts > 0),
  check (status <> 'refused' or failure_reason is not null)
);
create index payout_reversals_by_payout on payout_reversals (payout_id);
create index payout_reversals_by_transfer on payout_reversals (transfer_id) where transfer_id is not null;
create index payout_reversals_due on payout_reversals (due_at) where due_at is not null;

-- What each provider owes us, as a negative sum. Never more is set off than is owed: it may never rise above zero.
create table ledger_receivable_balances (
  account text not null,
  currency text not null,
  balance bigint not null constraint receivable_is_never_above_zero check (balance <= 0),
  primary key (account, currency)
);
`

const WALLS = `
-- Never more is taken back than was transferred, whether it comes back or is owed to us for it. The payout's row is
-- locked, so that of two that are asked for at once the second is counted with the first.
create function reverses_what_was_transferred() returns trigger language plpgsql as $$
declare payout payouts; transfer payout_transfers; taken bigint; asked bigint;
begin
  select * into payout from payouts where id = new.payout_id for update;
  if payout.status is distinct from 'transferred' or payout.provider_id <> new.provider_id
      or payout.currency <> new.currency then
    raise exception 'payout % was not transferred to % in %', new.payout_id, new.provider_id, new.currency
      using errcode = 'check_violation';
  end if;
  select coalesce(sum(amount), 0), coalesce(sum(amount) filter (where transfer_id is not null), 0) into asked, taken
    from payout_reversals where payout_id = new.payout_id;
  if asked + new.amount > payout.amount then
    raise exception 'payout % is of %: % more cannot be taken back after %', new.payout_id, payout.amount, new.amount, asked
      using errcode = 'check_violation';
  end if;
  if new.transfer_id is not null then
    select * into transfer from payout_transfers where id = new.transfer_id;
    if transfer.payout_id is distinct from new.payout_id or transfer.status <> 'completed' then
      raise exception 'transfer % has not moved payout %', new.transfer_id, new.payout_id using errcode = 'check_violation';
    end if;
    if taken + new.amount > transfer.amount then
      raise exception 'transfer % is of %: % more cannot be taken back after %', new.transfer_id, transfer.amount,
        new.amount, taken using errcode = 'check_violation';
    end if;
  end if;
  return new;
end $$;
create trigger reverses_what_was_transferred before insert on payout_reversals for each row
  execute function reverses_what_was_transferred();

create function refuse_reversal_change() returns trigger language plpgsql as $$
begin
  raise exception 'payout reversal % has ended as %, or what it takes back was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $$;
create trigger keeps_its_amount_and_its_end before update on payout_reversals for each row
  when (old.status in ('reversed', 'refused')
    or (old.payout_id, old.transfer_id, old.provider_id, old.amount, old.currency)
      is distinct from (new.payout_id, new.transfer_id, new.provider_id, new.amount, new.currency))
  execute function refuse_reversal_change();
create trigger is_never_removed before delete on payout_reversals for each row
  execute function refuse_reversal_change();

-- As payees' balances are kept, with the other sign.
create function keep_receivable_balances() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if not exists (select from added where account like 'receivable:%') then
    return null;
  end if;
  insert into ledger_receivable_balances (account, currency, balance)
    select account, currency, 0 from added where account like 'receivable:%'
      group by account, currency order by account collate "C", currency collate "C"
    on conflict do nothing;
  perform from ledger_receivable_balances b
    where (b.account, b.currency) in (select account, currency from added where account like 'receivable:%')
    order by b.account collate "C", b.currency collate "C" for update;
  update ledger_receivable_balances b set balance = b.balance + d.amount
    from (select account, currency, sum(amount) as amount from added where account like 'receivable:%' group by 1, 2) d
    where b.account = d.account and b.currency = d.currency;
  return null;
end $$;
create trigger keeps_receivable_balances after insert on ledger_postings
  referencing new table as added for each statement execute function keep_receivable_balances();
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
  await sql.raw(WALLS).execute(database)
}
