import type { ClosingMatch } from '@remesa/domain/closing'
import { matchClosing } from '@remesa/domain/closing'
import { type Currency, currency as currencyOf } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import type { Schema } from './schema.ts'

/** What a closing and a balance have in common. */
export interface ClosingKey {
  readonly gscSellerId: string
  /** Our country id, lower case. */
  readonly country: string
  readonly businessDate: string
}

/** GSC's own statement of what a seller is owed: compared with the balance, never trusted over it. */
export interface SellerClosing extends ClosingKey {
  readonly settlementId: string
  readonly money: Money
}

export interface ClosingsInserted {
  /** In the order given. `contradicts`: GSC said otherwise before, and what it said first is kept. */
  readonly answers: readonly (
    | { readonly closing: SellerClosing; readonly kind: 'inserted' | 'repeated' }
    | { readonly closing: SellerClosing; readonly kind: 'contradicts'; readonly kept: readonly SellerClosing[] }
  )[]
  /** Balances that had been retrieved before their closing came. `tellGsc`: their payment has ended meanwhile, too. */
  readonly matched: readonly {
    readonly sellerBalanceId: string
    readonly match: ClosingMatch
    readonly tellGsc: boolean
  }[]
  /** To raise in the same transaction. */
  readonly alerts: readonly NewAlert[]
}

/**
 * Stores closings, early, late or repeated, and matches the balances that were retrieved without them.
 * @param actor - who reports it, for the audit log
 */
export async function insertClosingsOnce(
  tx: Transaction<Schema>,
  closings: readonly SellerClosing[],
  actor: string,
): Promise<ClosingsInserted> {
  if (closings.length === 0) return { answers: [], matched: [], alerts: [] }
  const { rows: inserted } = await sql<{ settlement_id: string }>`
    insert into seller_closings (settlement_id, gsc_seller_id, country, business_date, currency, amount)
    select settlement_id, gsc_seller_id, country, business_date, currency, amount
    from jsonb_to_recordset(${JSON.stringify(closings.map(rowOf))}::jsonb) as t(settlement_id text, gsc_seller_id text,
      country text, business_date date, currency text, amount bigint)
    order by settlement_id
    on conflict do nothing
    returning settlement_id`.execute(tx)
  const fresh = new Set(inserted.map(({ settlement_id }) => settlement_id))
  const kept = await findKept(tx, closings)
  const answers = closings.map((closing): ClosingsInserted['answers'][number] => {
    const others = kept.filter((other) => isAbout(closing, other) && !isSame(closing, other))
    if (others.length > 0) return { closing, kind: 'contradicts', kept: others }
    return { closing, kind: fresh.delete(closing.settlementId) ? 'inserted' : 'repeated' }
  })
  const { matched, alerts } = await matchBalances(
    tx,
    answers.filter(({ kind }) => kind === 'inserted').map(({ closing }) => closing),
    actor,
  )
  return { answers, matched, alerts: [...alerts, ...answers.flatMap(contradictionAlert)] }
}

/** By settlement: whether a balance is owed for it is not known here. */
const contradictionAlert = (answer: ClosingsInserted['answers'][number]): NewAlert[] => {
  if (answer.kind !== 'contradicts') return []
  const { settlementId, gscSellerId, country, businessDate } = answer.closing
  return [
    {
      kind: 'closing_different',
      dedupKey: `closing_different:settlement:${settlementId}`,
      subject: { type: 'seller_closing', id: settlementId },
      businessDate,
      details: { gscSellerId, country, told: told(answer.closing), kept: answer.kept.map(told) },
    },
  ]
}

const told = ({ settlementId, businessDate, money }: SellerClosing) => ({
  settlementId,
  businessDate,
  amount: money.amount.toString(),
  currency: money.currency,
})

/** The closings of these sellers, countries and dates, as far as GSC has sent them. */
export async function findClosings(
  tx: Transaction<Schema>,
  keys: readonly ClosingKey[],
): Promise<(key: ClosingKey) => SellerClosing | undefined> {
  const { rows } = await sql<ClosingRow>`
    select c.* from seller_closings c
    join jsonb_to_recordset(${JSON.stringify(keys)}::jsonb)
      as k("gscSellerId" text, country text, "businessDate" date)
      on c.gsc_seller_id = k."gscSellerId" and c.country = k.country and c.business_date = k."businessDate"`.execute(tx)
  const found = new Map(rows.map((row) => [nameOf(closingOf(row)), closingOf(row)]))
  return (key) => found.get(nameOf(key))
}

/** @param subject.owed - what NetSuite says */
export const closingAlert = (
  kind: 'closing_missing' | 'closing_different',
  balance: { sellerBalanceId: string; businessDate: string; owed: Money },
  closing?: SellerClosing,
): NewAlert => ({
  kind,
  dedupKey: closingAlertKey(kind, balance.sellerBalanceId),
  subject: { type: 'seller_balance', id: balance.sellerBalanceId },
  businessDate: balance.businessDate,
  details: {
    owed: balance.owed.amount,
    currency: balance.owed.currency,
    ...(closing && {
      settlementId: closing.settlementId,
      closing: closing.money.amount,
      closingCurrency: closing.money.currency,
    }),
  },
})

const closingAlertKey = (kind: 'closing_missing' | 'closing_different', sellerBalanceId: string): string =>
  `${kind}:seller-balance:${sellerBalanceId}`

async function matchBalances(
  tx: Transaction<Schema>,
  closings: readonly SellerClosing[],
  actor: string,
): Promise<Pick<ClosingsInserted, 'matched' | 'alerts'>> {
  if (closings.length === 0) return { matched: [], alerts: [] }
  // Locks every balance concerned, also one that is still `initialized`: its documents may be being recorded at this
  // moment by somebody who cannot see our closing, and who would leave it as missing for good. One look-up per closing,
  // by the unique index: joined freely, the planner pairs every closing with every balance of the date while the tables
  // are new and it knows nothing of them.
  const { rows } = await sql<{
    id: string
    gsc_seller_id: string
    country: string
    business_date: string
    currency: string
    amount_owed: bigint | null
    closing_match: ClosingMatch | null
    status: SellerBalanceStatus
  }>`
    select b.id, s.gsc_seller_id, b.country, b.business_date, b.currency, b.amount_owed, b.closing_match, b.status
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.id in (
      select found.id
      from jsonb_to_recordset(${JSON.stringify(closings.map(keyOf))}::jsonb)
        as k("gscSellerId" text, country text, "businessDate" date)
      join sellers s on s.gsc_seller_id = k."gscSellerId"
      cross join lateral (
        select b.id from seller_balances b
        where b.seller_id = s.id and b.country = k.country and b.business_date = k."businessDate" limit 1
      ) found
    )
    order by b.id for update of b`.execute(tx)
  const closingOfKey = new Map(closings.map((closing) => [nameOf(closing), closing]))
  const matched = rows.flatMap((row) => {
    const closing = closingOfKey.get(
      nameOf({ gscSellerId: row.gsc_seller_id, country: row.country, businessDate: row.business_date }),
    )
    if (row.closing_match !== 'missing' || row.amount_owed === null || !closing) return []
    const owed = { amount: row.amount_owed, currency: currencyOf(row.currency) }
    const match = matchClosing(owed, closing.money)
    const tellGsc = match === 'matched' && (row.status === 'paid' || row.status === 'failed')
    return [{ sellerBalanceId: row.id, businessDate: row.business_date, owed, closing, match, tellGsc }]
  })
  if (matched.length === 0) return { matched: [], alerts: [] }
  const rowsToMatch = matched.map(({ sellerBalanceId: id, match, tellGsc }) => ({ id, match, tellGsc }))
  // When its payment ended without a closing there was nothing to tell GSC of: now there is.
  await sql`
    update seller_balances b set closing_match = t.match, updated_at = now(),
      gsc_told_at = case when t."tellGsc" then null else b.gsc_told_at end
    from jsonb_to_recordset(${JSON.stringify(rowsToMatch)}::jsonb) as t(id uuid, match text, "tellGsc" boolean)
    where b.id = t.id`.execute(tx)
  await recordAudit(
    tx,
    matched.map(({ sellerBalanceId, closing, match }) => ({
      actor,
      action: 'seller_balance.closing_arrived',
      subject: { type: 'seller_balance', id: sellerBalanceId },
      before: { closingMatch: 'missing' },
      after: { closingMatch: match, settlementId: closing.settlementId },
    })),
  )
  await resolveAlerts(tx, {
    dedupKeys: matched.map(({ sellerBalanceId }) => closingAlertKey('closing_missing', sellerBalanceId)),
    note: 'The closing arrived.',
  })
  return {
    matched: matched.map(({ sellerBalanceId, match, tellGsc }) => ({ sellerBalanceId, match, tellGsc })),
    alerts: matched
      .filter(({ match }) => match === 'different')
      .map((balance) => closingAlert('closing_different', balance, balance.closing)),
  }
}

async function findKept(
  tx: Transaction<Schema>,
  closings: readonly SellerClosing[],
): Promise<readonly SellerClosing[]> {
  const { rows } = await sql<ClosingRow>`
    with told as (
      select * from jsonb_to_recordset(${JSON.stringify(closings.map(keyOf))}::jsonb)
        as k("settlementId" text, "gscSellerId" text, country text, "businessDate" date)
    )
    select * from seller_closings where settlement_id in (select "settlementId" from told)
    union
    select * from seller_closings where (gsc_seller_id, country, business_date)
      in (select "gscSellerId", country, "businessDate" from told)`.execute(tx)
  return rows.map(closingOf)
}

const isAbout = (a: SellerClosing, b: SellerClosing): boolean =>
  a.settlementId === b.settlementId || nameOf(a) === nameOf(b)

const isSame = (a: SellerClosing, b: SellerClosing): boolean =>
  a.settlementId === b.settlementId &&
  nameOf(a) === nameOf(b) &&
  a.money.amount === b.money.amount &&
  a.money.currency === b.money.currency

/** Without the amount, which JSON cannot hold. */
const keyOf = ({ money: _, ...key }: SellerClosing) => key

const nameOf = ({ gscSellerId, country, businessDate }: ClosingKey): string =>
  JSON.stringify([gscSellerId, country, businessDate])

interface ClosingRow {
  settlement_id: string
  gsc_seller_id: string
  country: string
  business_date: string
  currency: string
  amount: bigint
}

const closingOf = (row: ClosingRow): SellerClosing => ({
  settlementId: row.settlement_id,
  gscSellerId: row.gsc_seller_id,
  country: row.country,
  businessDate: row.business_date,
  money: { amount: row.amount, currency: row.currency as Currency },
})

const rowOf = (closing: SellerClosing) => ({
  settlement_id: closing.settlementId,
  gsc_seller_id: closing.gscSellerId,
  country: closing.country,
  business_date: closing.businessDate,
  currency: closing.money.currency,
  amount: closing.money.amount.toString(),
})
