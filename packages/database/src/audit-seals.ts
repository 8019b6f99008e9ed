import { createHash } from 'node:crypto'
import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

const FIRST_DIGEST = '0'.repeat(64)
const DIGEST_BYTES = 32
const ROWS_PER_SEAL = 5_000

/**
 * Seals the audit rows of every transaction that is over, in batches: each row is digested, and each seal's digest
 * covers its rows and the seal before it. Rows of transactions younger than one still running wait for the next
 * call, so that no row appears later before the sealed ones. May run in several processes at once: one goes first.
 * @returns how many rows were sealed, and the last digest: written down elsewhere, it also proves that the end of
 *   the log was not cut off
 */
export async function sealAuditLog(database: Database): Promise<{ sealed: number; lastDigest: string }> {
  let sealed = 0
  for (;;) {
    const seal = await database.transaction().execute(sealOnce)
    sealed += seal.rows
    if (seal.rows < ROWS_PER_SEAL) return { sealed, lastDigest: seal.digest }
  }
}

async function sealOnce(tx: Transaction<Schema>): Promise<{ rows: number; digest: string }> {
  await sql`lock table audit_seals in share row exclusive mode`.execute(tx)
  const last = await tx.selectFrom('audit_seals').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst()
  const after = last ? sql`(transaction_id, id) > (${last.last_transaction_id}::xid8, ${last.last_row_id})` : sql`true`
  const rows = await readRows(
    tx,
    sql`where transaction_id < pg_snapshot_xmin(pg_current_snapshot()) and ${after}
      order by transaction_id, id limit ${ROWS_PER_SEAL}`,
  )
  const previous = last?.digest ?? FIRST_DIGEST
  const end = rows.at(-1)
  if (!end) return { rows: 0, digest: previous }
  const ids = rows.map(({ id }) => id)
  const digests = Buffer.concat(rows.map(digestOfRow))
  const digest = digestOfSeal(previous, ids, digests)
  await sql`
    insert into audit_seals (row_ids, row_digests, last_transaction_id, last_row_id, previous_digest, digest)
    values (${ids}::bigint[], ${digests}, ${end.transaction_id}::xid8, ${end.id}, ${previous}, ${digest})`.execute(tx)
  return { rows: rows.length, digest }
}

/** One thing wrong with the audit log. */
export type AuditProblem =
  | { readonly kind: 'row_edited' | 'row_missing' | 'row_added'; readonly rowId: bigint }
  /** A seal was edited, or one before it removed: what it says of its rows proves nothing. */
  | { readonly kind: 'seal_broken'; readonly sealId: bigint }
  /** The digest that was written down elsewhere is no longer among the seals: the end of the log was cut off. */
  | { readonly kind: 'seal_missing'; readonly digest: string }

export interface AuditVerdict {
  readonly problems: readonly AuditProblem[]
  readonly sealedRows: number
  /** Rows too young for a seal: nothing is known of them yet. */
  readonly unsealedRows: number
  readonly lastDigest: string
}

/**
 * Reads the whole audit log against its seals, a seal's rows at a time.
 * @param options.knownDigest - what `sealAuditLog` returned once, kept where the database's owner cannot reach it
 * @returns every problem found; none means that no sealed row was edited, removed, or slipped in
 */
export async function verifyAuditLog(
  database: Database,
  options: { knownDigest?: string } = {},
): Promise<AuditVerdict> {
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const problems: AuditProblem[] = []
      const known = new Set([FIRST_DIGEST])
      let sealedRows = 0
      let lastDigest = FIRST_DIGEST
      let end = { transactionId: '0', rowId: 0n }
      for (let sealId = 0n; ; ) {
        const seal = await tx
          .selectFrom('audit_seals')
          .selectAll()
          .where('id', '>', sealId)
          .orderBy('id')
          .limit(1)
          .executeTakeFirst()
        if (!seal) break
        if (
          seal.previous_digest !== lastDigest ||
          seal.digest !== digestOfSeal(seal.previous_digest, seal.row_ids, seal.row_digests)
        ) {
          problems.push({ kind: 'seal_broken', sealId: seal.id })
        }
        problems.push(...(await problemsOfRows(tx, seal)))
        known.add(seal.digest)
        sealedRows += seal.row_ids.length
        lastDigest = seal.digest
        end = { transactionId: seal.last_transaction_id, rowId: seal.last_row_id }
        sealId = seal.id
      }
      problems.push(...(await rowsAdded(tx, end)))
      if (options.knownDigest !== undefined && !known.has(options.knownDigest)) {
        problems.push({ kind: 'seal_missing', digest: options.knownDigest })
      }
      const { rows } = await sql<{ count: number }>`
        select count(*)::int as count from audit_log
        where (transaction_id, id) > (${end.transactionId}::xid8, ${end.rowId})`.execute(tx)
      return { problems, sealedRows, unsealedRows: rows[0]?.count ?? 0, lastDigest }
    })
}

async function problemsOfRows(
  tx: Transaction<Schema>,
  seal: { row_ids: bigint[]; row_digests: Buffer },
): Promise<AuditProblem[]> {
  const rows = await readRows(tx, sql`where id = any(${seal.row_ids}::bigint[])`)
  const found = new Map(rows.map((row) => [row.id, digestOfRow(row)]))
  return seal.row_ids.flatMap((rowId, index): AuditProblem[] => {
    const digest = found.get(rowId)
    if (!digest) return [{ kind: 'row_missing', rowId }]
    const sealed = seal.row_digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
    return digest.equals(sealed) ? [] : [{ kind: 'row_edited', rowId }]
  })
}

/**
 * Rows that claim to be as old as sealed ones, and that no seal knows; and rows that claim to be of a transaction that has
 * not begun yet: they would never be old enough to be sealed.
 */
async function rowsAdded(
  tx: Transaction<Schema>,
  end: { transactionId: string; rowId: bigint },
): Promise<AuditProblem[]> {
  const { rows } = await sql<{ id: bigint }>`
    select id from audit_log where (transaction_id, id) <= (${end.transactionId}::xid8, ${end.rowId})
    except select unnest(row_ids) from audit_seals
    union select id from audit_log where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
    order by id`.execute(tx)
  return rows.map(({ id }) => ({ kind: 'row_added', rowId: id }))
}

// Everything but the id is text as PostgreSQL writes it, to the last microsecond and digit, so that no value is
// rounded before it is digested. jsonb has one spelling for equal values.
interface SealedRow {
  readonly id: bigint
  readonly transaction_id: string
  readonly fields: readonly (string | null)[]
}

async function readRows(tx: Transaction<Schema>, which: RawBuilder<unknown>): Promise<SealedRow[]> {
  const { rows } = await sql<SealedRow>`
    select id, transaction_id, array[
      to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      actor, action, subject_type, subject_id, reason, before::text, after::text
    ] as fields
    from audit_log ${which}`.execute(tx)
  return rows
}

/** SHA-256 of a JSON array of strings and nulls, which has one spelling only. */
const digestOfRow = ({ id, transaction_id, fields }: SealedRow): Buffer =>
  sha256(JSON.stringify([id.toString(), transaction_id, ...fields])).digest()

const digestOfSeal = (previous: string, rowIds: readonly bigint[], rowDigests: Buffer): string =>
  sha256(JSON.stringify([previous, rowIds.map(String), rowDigests.toString('hex')])).digest('hex')

const sha256 = (text: string) => createHash('sha256').update(text)
