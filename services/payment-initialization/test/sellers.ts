import { upsertSellerProfiles } from '@remesa/database/sellers'
import { currency } from '@remesa/domain/currency'
import type { SellerStatus } from '@remesa/domain/seller'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { COUNTRIES, type World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { initializeBalances } from '../src/initialize-balances.ts'
import { resetPayments } from '../src/reset-payments.ts'

export interface Seller {
  readonly name: string
  /** Countries, with `!` before one that is not enabled for this seller. Default `cl`. */
  readonly countries?: readonly string[]
  readonly status?: SellerStatus
}

export async function forgetSellers({ database }: World): Promise<void> {
  await sql`truncate sellers, pay_day_runs, outbox cascade`.execute(database)
}

export async function addSellers(world: World, ...sellers: readonly Seller[]): Promise<void> {
  const event = { sequence: 1n, eventTime: new Date('2026-11-20T12:00:00Z') }
  const events = sellers.map(({ name, countries = ['cl'], status = 'active' }) => ({
    event,
    profile: {
      gscSellerId: name,
      legalName: name,
      taxId: '76192083-9',
      email: null,
      phone: null,
      operationType: 'international' as const, // any tax id, any country
      type: '3P' as const,
      status,
      countries: countries.map((written) => {
        const country = written.replace('!', '')
        const own = COUNTRIES.find(({ id }) => id === country)?.currency ?? 'USD'
        return { country, currency: currency(own), enabled: !written.startsWith('!') }
      }),
      fpayId: null,
      payoneerPayeeId: null,
    },
  }))
  await world.database
    .transaction()
    .execute((tx) => upsertSellerProfiles(tx, events, { updatable: UPDATABLE_FIELDS, actor: 'test' }))
}

/** The handlers as the service makes them. */
export const handlers = (
  world: World,
  changes: { now?: string; batchSize?: number; info?: (about: object, message: string) => void } = {},
) => {
  const { database } = world
  const { now, batchSize = 500, info } = changes
  const logger = world.logger.child({})
  if (info) logger.info = ((about: object, message: string) => info(about, message)) as typeof logger.info
  return {
    reset: resetPayments({
      database,
      timeZone: 'America/Santiago',
      now: () => (now ? Temporal.Instant.from(now) : Temporal.Now.instant()),
      logger,
    }),
    initialize: initializeBalances({ database, batchSize, nudge: () => {}, logger }),
  }
}

/** Each balance as `seller/country`, in order. */
export async function balancesOf(world: World, date: string): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select s.gsc_seller_id || '/' || b.country as name from seller_balances b join sellers s on s.id = b.seller_id
    where b.business_date = ${date} order by 1`.execute(world.database)
  return rows.map(({ name }) => name)
}

/** What retrieval was asked for since this was called last, each balance as `seller/country`, in order. */
export async function queuedForRetrieval(world: World): Promise<readonly string[]> {
  const ids = (await world.take(topics.balanceDataRetrieval)).map(({ data }) => data.sellerBalanceId)
  const { rows } = await sql<{ name: string }>`
    select s.gsc_seller_id || '/' || b.country as name
    from unnest(${ids}::uuid[]) as q(id) join seller_balances b using (id) join sellers s on s.id = b.seller_id
    order by 1`.execute(world.database)
  return rows.map(({ name }) => name)
}

export async function runsOf(world: World) {
  const { rows } = await sql<{ date: string; resets: number; initialized: boolean }>`
    select business_date::text as date, resets, initialized_at is not null as initialized
    from pay_day_runs order by business_date`.execute(world.database)
  return rows
}

export async function marked(world: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from sellers where day_balance_generated`.execute(world.database)
  return rows[0]?.n ?? 0
}
