import { sql } from 'kysely'
import type { Database } from '../connection.ts'

/**
 * The schema as PostgreSQL has it after all migrations, as text in a fixed order, so that a review sees what a
 * migration did. Read from the catalogs, for the embedded PostgreSQL comes without pg_dump.
 */
export async function schemaText(database: Database): Promise<string> {
  const tables = await sql<{ name: string; lines: string[] }>`
    select c.relname as name, array(
      select format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
        || case when a.attidentity = 'a' then ' generated always as identity' else '' end
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
        || case when a.attnotnull then ' not null' else '' end
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) || array(
      select format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid))
      from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f')
      order by position(k.contype::text in 'pucf'), k.conname
    ) as lines
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and ${ours}
    order by c.relname`.execute(database)
  const indexes = await sql<{ table: string; line: string }>`
    select c.relname as table, pg_get_indexdef(i.indexrelid) as line
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace and ${ours}
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    order by x.relname`.execute(database)
  const triggers = await sql<{ table: string; line: string }>`
    select c.relname as table, pg_get_triggerdef(t.oid) as line
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
    order by t.tgname`.execute(database)
  const functions = await sql<{ line: string }>`
    select pg_get_functiondef(p.oid) as line from pg_proc p
    where p.pronamespace = 'public'::regnamespace order by p.proname`.execute(database)

  const of = (table: string, lines: readonly { table: string; line: string }[]) =>
    lines.filter((other) => other.table === table).map(({ line }) => `${line};`)
  const parts = tables.rows.map(({ name, lines }) =>
    [
      `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n);`,
      ...of(name, indexes.rows),
      ...of(name, triggers.rows),
    ].join('\n'),
  )
  const heading =
    '-- What the migrations make. Written by `pnpm --filter @remesa/database schema`; a test fails when it is stale.'
  return `${[heading, ...parts, ...functions.rows.map(({ line }) => `${line.trimEnd()};`)].join('\n\n')}\n`
}

/** Kysely's own tables, which tell what was migrated, are no part of the schema. */
const ours = sql`c.relname not like 'kysely%'`
