import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- What a document came to in all when it was counted: payments lower what is open of it, only an edit changes this.
alter table seller_balance_documents add column total bigint;

-- Documents that people were told of, since they came or changed after their day's balance was retrieved, and how.
create table late_documents (
  erp_id text primary key,
  business_date date not null,
  change text not null,
  told_at timestamptz not null
);

-- How far NetSuite was asked for such documents, and who is at it now.
create table late_document_sweep (
  id boolean primary key default true check (id),
  swept_until timestamptz,
  lease_token uuid,
  lease_expires_at timestamptz,
  check ((lease_token is null) = (lease_expires_at is null))
);
insert into late_document_sweep default values;
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
