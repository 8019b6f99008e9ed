import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- One row per matter that PagerDuty was ever told of, e.g. a day that was reconciled.
create table alert_incidents (
  kind text not null,
  dedup_key text not null check (dedup_key <> ''),
  is_open boolean not null,
  -- Triggers since it was opened last.
  times integer not null default 1 check (times > 0),
  opened_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (kind, dedup_key),
  check (is_open = (resolved_at is null))
);

create table alert_deliveries (
  id uuid primary key default gen_random_uuid(),
  -- What is told of one matter goes out in this order.
  position bigint generated always as identity unique,
  kind text not null,
  dedup_key text not null check (dedup_key <> ''),
  -- What it tells of, by id: told once per channel.
  report text not null check (report <> ''),
  channel text not null check (channel in ('slack', 'pagerduty')),
  action text not null check (action in ('post', 'trigger', 'resolve')),
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'sent', 'refused', 'disabled')),
  attempts integer not null default 0 check (attempts >= 0),
  lease_token uuid,
  lease_expires_at timestamptz,
  last_problem text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (kind, report, channel, action),
  check ((channel = 'slack') = (action = 'post')),
  check ((status = 'pending') = (ended_at is null)),
  check ((lease_token is null) = (lease_expires_at is null)),
  check (status = 'pending' or lease_token is null)
);
create index alert_deliveries_pending on alert_deliveries (kind, dedup_key, channel, position) where status = 'pending';
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
