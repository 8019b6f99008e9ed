import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- What customers paid, as Stripe told us by webhooks: the side of billing reconciliation that is ours.
create table payments (
  -- The PaymentIntent's id when the charge has one, else the charge's.
  payment_id text primary key check (payment_id <> ''),
  charge_id text not null check (charge_id <> ''),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount bigint not null check (amount >= 0),
  -- Of the two below: what is known of its refunds, and what the charge itself says, whichever tells of more.
  refunded bigint not null default 0 check (refunded >= 0),
  created timestamptz not null,
  description text,
  disputed boolean not null default false,
  source text not null check (source in ('webhook', 'sync', 'manual')),
  -- The charge's own word, and when Stripe said all of this; null for what a person entered.
  charge_refunded bigint not null default 0 check (charge_refunded >= 0),
  charge_disputed boolean not null default false,
  last_event_at timestamptz,
  recorded_at timestamptz not null default now(),
  check (source = 'manual' or last_event_at is not null)
);
create index payments_by_created on payments (created, payment_id);

-- Refunds and disputes may be told of before their payment, or without it, so neither refers to it.
create table payment_refunds (
  refund_id text primary key check (refund_id <> ''),
  payment_id text not null check (payment_id <> ''),
  amount bigint not null check (amount >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null check (status in ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
  created timestamptz not null,
  last_event_at timestamptz not null,
  recorded_at timestamptz not null default now()
);
create index payment_refunds_by_payment on payment_refunds (payment_id);
create index payment_refunds_by_created on payment_refunds (created, refund_id);

create table payment_disputes (
  dispute_id text primary key check (dispute_id <> ''),
  payment_id text not null check (payment_id <> ''),
  status text not null check (status <> ''),
  created timestamptz not null,
  last_event_at timestamptz not null,
  recorded_at timestamptz not null default now()
);
create index payment_disputes_by_payment on payment_disputes (payment_id);
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
