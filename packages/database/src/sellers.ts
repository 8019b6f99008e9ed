import type { Currency } from '@remesa/domain/currency'
import type { SellerProfile } from '@remesa/domain/seller'
import {
  type EventPosition,
  isStale,
  judgeUpdate,
  type SellerUpdate,
  type UpdatableField,
} from '@remesa/domain/seller-updates'
import { keptTaxId } from '@remesa/domain/tax-id'
import { type Selectable, sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A seller as GSC tells it after an event, and which event it was. */
export interface SellerProfileEvent {
  readonly profile: SellerProfile
  readonly event: EventPosition
}

export interface SellerUpsert {
  readonly gscSellerId: string
  /** Null when a new seller was refused: it is not kept. */
  readonly sellerId: string | null
  readonly created: boolean
  /** `stale`: an event as new as this one, or newer, was applied before; nothing was changed. */
  readonly update: SellerUpdate | { readonly kind: 'stale' }
}

/** A seller as NetSuite must know it. */
export interface SellerForVendorSync {
  readonly sellerId: string
  readonly profile: SellerProfile
  readonly erpId: string | null
  readonly erpCustomerId: string | null
  /** Digest of what NetSuite was last told; null when it must be told. */
  readonly syncedDigest: string | null
}

/**
 * Brings our sellers to what GSC says, each judged under its row's lock, so that of two events at once the newer one
 * stands. Of several events of one seller in the batch the newest counts and the others are stale.
 * @param options.updatable - the fields that go to NetSuite when they change
 * @param options.actor - who reports it, for the audit log
 * @returns one answer per event, in the order given
 */
export async function upsertSellerProfiles(
  tx: Transaction<Schema>,
  events: readonly SellerProfileEvent[],
  { updatable, actor }: { updatable: readonly UpdatableField[]; actor: string },
): Promise<readonly SellerUpsert[]> {
  const plans = await planAndInsertNew(tx, newestBySeller(events), updatable)
  const all = [...plans.values()]
  await writeSellers(
    tx,
    all.filter(({ before, update }) => before && (update.kind === 'changed' || update.kind === 'unchanged')),
  )
  await replaceCountries(
    tx,
    all.filter(({ update }) => update.kind === 'changed' && update.changed.includes('countries')),
  )
  await recordAudit(
    tx,
    all.flatMap((plan) => auditOf(plan, actor)),
  )
  return events.map((event) => {
    const { gscSellerId } = event.profile
    const plan = plans.get(gscSellerId)
    if (!plan) throw new Error(`seller ${gscSellerId} was not planned`)
    return plan.event === event
      ? { gscSellerId, sellerId: plan.sellerId, created: plan.sellerId !== null && !plan.before, update: plan.update }
      : { gscSellerId, sellerId: plan.sellerId, created: false, update: { kind: 'stale' } }
  })
}

/** Sellers by our id; one that does not exist is left out. */
export async function findSellersForVendorSync(
  database: Database,
  sellerIds: readonly string[],
): Promise<readonly SellerForVendorSync[]> {
  const { rows } = await sql<SellerRow>`
    ${selectSellers} where s.id = any(${sellerIds}::uuid[]) order by s.id`.execute(database)
  return rows.map((row) => ({
    sellerId: row.id,
    profile: profileOf(row),
    erpId: row.erp_id,
    erpCustomerId: row.erp_customer_id,
    syncedDigest: row.erp_synced_digest,
  }))
}

/** Our ids by GSC's; one that does not exist is left out. */
export async function findSellerIds(
  database: Database,
  gscSellerIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; gsc_seller_id: string }>`
    select id, gsc_seller_id from sellers where gsc_seller_id = any(${gscSellerIds}::text[])`.execute(database)
  return new Map(rows.map(({ id, gsc_seller_id }) => [gsc_seller_id, id]))
}

/**
 * Keeps NetSuite's ids of sellers, and the digest of what it was told of them.
 * @throws from the database when another seller has that vendor or customer
 */
export async function recordVendorsSynced(
  tx: Transaction<Schema>,
  synced: readonly { sellerId: string; erpId: string; erpCustomerId: string | null; digest: string }[],
  actor: string,
): Promise<void> {
  if (synced.length === 0) return
  // Old values and new in one statement: NetSuite's ids are where the money goes, so their change is audited.
  const { rows } = await sql<{ id: string; was_erp_id: string | null; was_erp_customer_id: string | null }>`
    update sellers s set erp_id = t."erpId", erp_customer_id = coalesce(t."erpCustomerId", s.erp_customer_id),
      erp_synced_digest = t.digest, updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(synced)}::jsonb) as t("sellerId" uuid, "erpId" text, "erpCustomerId" text,
      digest text)
    join (select id, erp_id, erp_customer_id from sellers
          where id = any(${synced.map(({ sellerId }) => sellerId)}::uuid[]) order by id for update) was on was.id = t."sellerId"
    where s.id = was.id
    returning s.id, was.erp_id as was_erp_id, was.erp_customer_id as was_erp_customer_id`.execute(tx)
  const before = new Map(rows.map((row) => [row.id, row]))
  await recordAudit(
    tx,
    synced.flatMap(({ sellerId, erpId, erpCustomerId }) => {
      const was = before.get(sellerId)
      if (!was) throw new Error(`seller ${sellerId} does not exist`)
      if (was.was_erp_id === erpId && (erpCustomerId ?? was.was_erp_customer_id) === was.was_erp_customer_id) return []
      return [
        {
          actor,
          action: 'seller.vendor_synced',
          subject: { type: 'seller', id: sellerId },
          before: { erpId: was.was_erp_id, erpCustomerId: was.was_erp_customer_id },
          after: { erpId, erpCustomerId },
        },
      ]
    }),
  )
}

type SellerRow = Selectable<Schema['sellers']> & {
  countries: { country: string; currency: string; enabled: boolean }[]
}

const selectSellers = sql`
  select s.*, (
    select coalesce(jsonb_agg(jsonb_build_object('country', c.country, 'currency', c.currency, 'enabled', c.enabled)
      order by c.position), '[]')
    from seller_countries c where c.seller_id = s.id
  ) as countries
  from sellers s`

const profileOf = (row: SellerRow): SellerProfile => ({
  gscSellerId: row.gsc_seller_id,
  legalName: row.legal_name,
  taxId: row.tax_id,
  email: row.email,
  phone: row.phone,
  operationType: row.operation_type,
  type: row.type,
  status: row.status,
  countries: row.countries.map(({ country, currency, enabled }) => ({
    country,
    currency: currency as Currency,
    enabled,
  })),
  fpayId: row.fpay_id,
  payoneerPayeeId: row.payoneer_payee_id,
})

/** In the order of ids, which is the order that rows are locked and inserted in. */
function newestBySeller(events: readonly SellerProfileEvent[]): ReadonlyMap<string, SellerProfileEvent> {
  const newest = new Map<string, SellerProfileEvent>()
  for (const event of events) {
    const { gscSellerId } = event.profile
    if (!isStale(event.event, newest.get(gscSellerId)?.event)) newest.set(gscSellerId, event)
  }
  return new Map([...newest].sort(([a], [b]) => (a < b ? -1 : 1)))
}

interface Plan {
  readonly event: SellerProfileEvent
  readonly sellerId: string | null
  /** As we had it; null for a new seller. */
  readonly before: SellerProfile | null
  readonly update: SellerUpsert['update']
}

async function planAndInsertNew(
  tx: Transaction<Schema>,
  newest: ReadonlyMap<string, SellerProfileEvent>,
  updatable: readonly UpdatableField[],
): Promise<ReadonlyMap<string, Plan>> {
  const plans = new Map<string, Plan>()
  // A seller that another transaction inserts meanwhile is neither found nor ours: it is there on the second look.
  while (plans.size < newest.size) {
    const left = [...newest.values()].filter(({ profile }) => !plans.has(profile.gscSellerId))
    const known = await lockSellers(tx, left)
    const accepted: { event: SellerProfileEvent; update: SellerUpdate }[] = []
    for (const event of left) {
      const { gscSellerId } = event.profile
      const row = known.get(gscSellerId)
      const update = row ? judgeKnown(event, row, updatable) : judgeUpdate(undefined, event.profile, updatable)
      if (row) plans.set(gscSellerId, { event, sellerId: row.id, before: profileOf(row), update })
      else if (update.kind === 'changed') accepted.push({ event, update })
      else plans.set(gscSellerId, { event, sellerId: null, before: null, update })
    }
    const inserted = await insertSellers(
      tx,
      accepted.map(({ event }) => event),
    )
    for (const { event, update } of accepted) {
      const sellerId = inserted.get(event.profile.gscSellerId)
      if (sellerId) plans.set(event.profile.gscSellerId, { event, sellerId, before: null, update })
    }
  }
  return plans
}

function judgeKnown(
  { profile, event }: SellerProfileEvent,
  row: SellerRow,
  updatable: readonly UpdatableField[],
): Plan['update'] {
  const last = row.profile_event_time && { sequence: row.profile_sequence, eventTime: row.profile_event_time }
  return isStale(event, last ?? undefined) ? { kind: 'stale' } : judgeUpdate(profileOf(row), profile, updatable)
}

async function lockSellers(
  tx: Transaction<Schema>,
  events: readonly SellerProfileEvent[],
): Promise<ReadonlyMap<string, SellerRow>> {
  const { rows: locked } = await sql<{ id: string }>`
    select id from sellers where gsc_seller_id = any(${events.map(({ profile }) => profile.gscSellerId)}::text[])
    order by gsc_seller_id for update`.execute(tx)
  // Countries are read in a statement of their own: the one that waits for a lock still sees them as they were before.
  // Only of the rows that are locked: one that was inserted between the two may be changed by others as we judge it.
  const { rows } = await sql<SellerRow>`
    ${selectSellers} where s.id = any(${locked.map(({ id }) => id)}::uuid[])`.execute(tx)
  return new Map(rows.map((row) => [row.gsc_seller_id, row]))
}

async function insertSellers(
  tx: Transaction<Schema>,
  events: readonly SellerProfileEvent[],
): Promise<ReadonlyMap<string, string>> {
  if (events.length === 0) return new Map()
  const rows = await tx
    .insertInto('sellers')
    .values(
      events.map(({ profile, event }) => ({
        gsc_seller_id: profile.gscSellerId,
        legal_name: profile.legalName,
        tax_id: keptTaxId(profile, profile.taxId),
        email: profile.email,
        phone: profile.phone,
        operation_type: profile.operationType,
        type: profile.type,
        status: profile.status,
        fpay_id: profile.fpayId,
        payoneer_payee_id: profile.payoneerPayeeId,
        profile_sequence: event.sequence,
        profile_event_time: event.eventTime,
      })),
    )
    .onConflict((on) => on.column('gsc_seller_id').doNothing())
    .returning(['id', 'gsc_seller_id'])
    .execute()
  return new Map(rows.map(({ id, gsc_seller_id }) => [gsc_seller_id, id]))
}

/** Everything but the tax id, which never changes; its other spellings were judged to be the same one. */
async function writeSellers(tx: Transaction<Schema>, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  const rows = plans.map(({ sellerId, event: { profile, event } }) => ({
    ...profile,
    sellerId,
    sequence: event.sequence?.toString() ?? null,
    eventTime: event.eventTime.toISOString(),
  }))
  await sql`
    update sellers s set legal_name = t."legalName", email = t.email, phone = t.phone,
      operation_type = t."operationType", type = t.type, status = t.status, fpay_id = t."fpayId",
      payoneer_payee_id = t."payoneerPayeeId", profile_sequence = coalesce(t.sequence, s.profile_sequence),
      profile_event_time = greatest(t."eventTime", s.profile_event_time), updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t("sellerId" uuid, "legalName" text, email text,
      phone text, "operationType" text, type text, status text, "fpayId" text, "payoneerPayeeId" text, sequence bigint,
      "eventTime" timestamptz)
    where s.id = t."sellerId"`.execute(tx)
}

async function replaceCountries(tx: Transaction<Schema>, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  const known = plans.filter(({ before }) => before).map(({ sellerId }) => sellerId)
  await sql`delete from seller_countries where seller_id = any(${known}::uuid[])`.execute(tx)
  const rows = plans.flatMap(({ sellerId, event }) =>
    event.profile.countries.map((country, position) => ({ sellerId, position, ...country })),
  )
  await sql`
    insert into seller_countries (seller_id, country, position, currency, enabled)
    select "sellerId", country, position, currency, enabled
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t("sellerId" uuid, country text, position int,
      currency text, enabled boolean)`.execute(tx)
}

/** The log names which fields changed; names, addresses, tax ids and accounts themselves stay out of it. */
function auditOf({ event, sellerId, before, update }: Plan, actor: string): readonly AuditRow[] {
  const subject = { type: 'seller', id: sellerId ?? event.profile.gscSellerId }
  if (update.kind === 'refused') return [{ actor, action: 'seller.refused', subject, reason: update.alert }]
  if (update.kind !== 'changed') return []
  return [
    {
      actor,
      action: before ? 'seller.changed' : 'seller.created',
      subject,
      before: before && openFields(before, update.changed),
      after: { changed: update.changed, ...openFields(event.profile, update.changed) },
    },
  ]
}

function openFields(profile: SellerProfile, changed: readonly UpdatableField[]): object {
  const open = ['operationType', 'type', 'status', 'countries'] as const
  return Object.fromEntries(open.filter((field) => changed.includes(field)).map((field) => [field, profile[field]]))
}
