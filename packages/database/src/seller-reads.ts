import type { Currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { OperationType, SellerStatus, SellerType } from '@remesa/domain/seller'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from './connection.ts'
import { payeeBalances } from './ledger.ts'

// Sellers as people look for them.

export interface SellerView {
  readonly id: string
  readonly gscSellerId: string
  readonly name: string
  /** In full; whoever shows it masks it. */
  readonly taxId: string
  readonly operationType: OperationType
  readonly type: SellerType
  readonly status: SellerStatus
  /** As people may be shown it: none, or which rail has one. */
  readonly account: 'fpay' | 'payoneer' | null
  readonly countries: readonly { readonly country: string; readonly currency: string; readonly enabled: boolean }[]
  readonly updatedAt: Date
}

export interface SellerDetails extends SellerView {
  /** In full; whoever shows them masks them. */
  readonly fpayId: string | null
  readonly payoneerPayeeId: string | null
  readonly erpId: string | null
  readonly createdAt: Date
  /** Owed and not yet on its way, by the ledger. */
  readonly owed: readonly Money[]
}

const COLUMNS = sql`
  s.id, s.gsc_seller_id as "gscSellerId", s.legal_name as name, s.tax_id as "taxId",
  s.operation_type as "operationType", s.type, s.status,
  case when s.operation_type = 'local' and s.fpay_id is not null then 'fpay'
    when s.operation_type = 'international' and s.payoneer_payee_id is not null then 'payoneer' end as account,
  (select coalesce(jsonb_agg(jsonb_build_object('country', c.country, 'currency', c.currency, 'enabled', c.enabled)
    order by c.position), '[]') from seller_countries c where c.seller_id = s.id) as countries,
  s.updated_at as "updatedAt"`

/** Sellers by name; an id in `after` that does not exist has none after it. */
export async function listSellers(
  database: Database,
  { q, after, limit }: { q?: string; after?: string; limit: number },
): Promise<readonly SellerView[]> {
  const found = q === undefined ? sql`true` : isUuid(q) ? sql`s.id = ${q}` : sql`s.id in (${sellersMatching(q)})`
  const later = after ? sql`(s.legal_name, s.id) > (select legal_name, id from sellers where id = ${after})` : sql`true`
  const { rows } = await sql<SellerView>`
    select ${COLUMNS} from sellers s where ${found} and ${later}
    order by s.legal_name, s.id limit ${limit}`.execute(database)
  return rows
}

/** @param id - ours, or GSC's */
export async function findSeller(database: Database, id: string): Promise<SellerDetails | undefined> {
  const { rows } = await sql<Omit<SellerDetails, 'owed'>>`
    select ${COLUMNS}, s.fpay_id as "fpayId", s.payoneer_payee_id as "payoneerPayeeId", s.erp_id as "erpId",
      s.created_at as "createdAt"
    from sellers s where ${isUuid(id) ? sql`s.id = ${id}` : sql`s.gsc_seller_id = ${id}`}`.execute(database)
  const [seller] = rows
  if (!seller) return undefined
  const owed = await payeeBalances(database, [seller.id])
  return { ...seller, owed: owed.map(({ money }) => money) }
}

/** What a seller has in the making: owed by NetSuite's word, and not ended. */
export async function openBalancesOf(database: Database, sellerId: string): Promise<readonly OpenBalance[]> {
  const { rows } = await sql<{
    id: string
    country: string
    businessDate: string
    status: string
    amount: bigint
    currency: Currency
  }>`
    select id, country, business_date as "businessDate", status, amount_owed as amount, currency from seller_balances
    where seller_id = ${sellerId} and amount_owed > 0 and status not in ('paid', 'no_payment_due')
    order by business_date, country`.execute(database)
  return rows.map(({ amount, currency, ...balance }) => ({ ...balance, money: { amount, currency } }))
}

export interface OpenBalance {
  readonly id: string
  readonly country: string
  readonly businessDate: string
  readonly status: string
  readonly money: Money
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (text: string): boolean => UUID.test(text)

/** PostgreSQL takes the `-42` of `Norte-42` for a number below zero, and keeps its sign. */
const beginningOf = (word: string): string => (/^\d/.test(word) ? `(${word}:* | '-${word}':*)` : `${word}:*`)

/**
 * A query of the ids of sellers that somebody means: by GSC's id, by the tax id however it is spelled, or by the
 * beginnings of words of their name. Every part of it has an index.
 */
export function sellersMatching(q: string): RawBuilder<unknown> {
  const words = q.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const byName =
    words.length === 0
      ? sql``
      : sql`
    union select id from sellers
    where to_tsvector('simple', legal_name) @@ to_tsquery('simple', ${words.map(beginningOf).join(' & ')})`
  return sql`
    select id from sellers where gsc_seller_id = ${q}
    union select id from sellers where tax_id = any(${spellingsOf(q)}::text[]) ${byName}`
}

/** As tax ids are kept: without dots and spaces, some with a dash before the check digit. */
function spellingsOf(q: string): readonly string[] {
  const bare = q.replaceAll(/[.\s]/g, '').toUpperCase()
  const digits = bare.replaceAll('-', '')
  return [...new Set([bare, digits, `${digits.slice(0, -1)}-${digits.slice(-1)}`])]
}
