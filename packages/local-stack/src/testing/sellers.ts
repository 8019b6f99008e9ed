import { randomUUID } from 'node:crypto'
import { recordRetrieved } from '@remesa/database/balance-retrieval'
import { insertClosingsOnce } from '@remesa/database/seller-closings'
import { recordVendorsSynced, upsertSellerProfiles } from '@remesa/database/sellers'
import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { currency as currencyOf } from '@remesa/domain/currency'
import { formatMajor, type Money } from '@remesa/domain/money'
import type { OperationType, SellerProfile, SellerType } from '@remesa/domain/seller'
import type { SellerDocument } from '@remesa/domain/seller-documents'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { currencyIdOf, subsidiaryIdOf } from '@remesa/sandbox/netsuite-ids'
import { sql } from 'kysely'
import { COUNTRIES, type World } from './world.ts'

/** The business date of everything here that names none. */
export const THE_DAY = businessDate('2026-11-20')

/** Valid ones, by country: a local seller's is checked by its first country's scheme. */
const TAX_IDS: Readonly<Record<string, string>> = { cl: '76192083-9', pe: '20131312955', co: '890903938-8' }

export interface SellerFacts {
  readonly gscSellerId?: string
  readonly operationType?: OperationType
  readonly type?: SellerType
  readonly status?: SellerProfile['status']
  /** One of {@link COUNTRIES}. Default `cl`. */
  readonly country?: string
  /** Default: the country's own; USD for an international seller. */
  readonly currency?: string
  /** FPay account of a local seller, Payoneer payee of an international one; null when it has none yet. */
  readonly account?: string | null
}

export interface TestSeller {
  readonly sellerId: string
  readonly gscSellerId: string
  readonly country: string
  readonly currency: string
  readonly profile: SellerProfile
  readonly vendorId: string
}

/** A seller as profile sync would leave it: known to GSC, to us, and to NetSuite as vendor and customer. */
export async function aSeller(world: World, facts: SellerFacts = {}): Promise<TestSeller> {
  const gscSellerId = facts.gscSellerId ?? `SC-${randomUUID().slice(0, 8)}`
  const country = facts.country ?? 'cl'
  const operationType = facts.operationType ?? 'local'
  const own = COUNTRIES.find(({ id }) => id === country)?.currency ?? 'USD'
  const code = facts.currency ?? (operationType === 'international' ? 'USD' : own)
  const account =
    facts.account === undefined ? `${operationType === 'local' ? 'FP' : 'PY'}-${gscSellerId}` : facts.account
  const profile: SellerProfile = {
    gscSellerId,
    legalName: `Comercial ${gscSellerId}`,
    taxId: TAX_IDS[country] ?? '76192083-9',
    email: null,
    phone: null,
    operationType,
    type: facts.type ?? '3P',
    status: facts.status ?? 'active',
    countries: [{ country, currency: currencyOf(code), enabled: true }],
    fpayId: operationType === 'local' ? account : null,
    payoneerPayeeId: operationType === 'international' ? account : null,
  }
  world.sandbox.gsc.loadSellers([
    {
      gscSellerId,
      legalName: profile.legalName,
      taxId: profile.taxId,
      operationType,
      type: profile.type,
      fpayId: profile.fpayId,
      payoneerPayeeId: profile.payoneerPayeeId,
      countries: [{ country, currency: code, enabled: true }],
    },
  ])
  const erp = await inNetSuite(world, profile)
  const sellerId = await world.database.transaction().execute(async (tx) => {
    const event = { sequence: null, eventTime: world.now() }
    const [upsert] = await upsertSellerProfiles(tx, [{ profile, event }], {
      updatable: UPDATABLE_FIELDS,
      actor: 'test',
    })
    if (!upsert?.sellerId) throw new Error(`seller ${gscSellerId} was refused`)
    await recordVendorsSynced(tx, [{ sellerId: upsert.sellerId, ...erp, digest: 'test' }], 'test')
    return upsert.sellerId
  })
  return { sellerId, gscSellerId, country, currency: code, profile, vendorId: erp.erpId }
}

/** Applies a change of a seller's profile, as an event of GSC's would. */
export async function changeSeller(world: World, seller: TestSeller, changes: Partial<SellerProfile>): Promise<void> {
  const profile = { ...seller.profile, ...changes }
  await world.database.transaction().execute(async (tx) => {
    const event = { sequence: null, eventTime: new Date(world.now().getTime() + 1_000) }
    const [upsert] = await upsertSellerProfiles(tx, [{ profile, event }], {
      updatable: UPDATABLE_FIELDS,
      actor: 'test',
    })
    if (upsert?.update.kind !== 'changed') throw new Error(`seller ${seller.gscSellerId} was not changed`)
  })
}

async function inNetSuite(world: World, profile: SellerProfile) {
  const [first] = profile.countries
  if (!first) throw new Error('a seller of a test sells somewhere')
  const entity = {
    name: profile.legalName,
    gscSellerId: profile.gscSellerId,
    taxId: profile.taxId,
    subsidiaryId: subsidiaryIdOf(first.country),
    currencyId: currencyIdOf(first.currency),
    currencyIds: [currencyIdOf(first.currency)],
  }
  const externalId = `gsc-seller-${profile.gscSellerId}`
  const vendor = await world.netsuite.upsertVendor(externalId, entity)
  const customer = await world.netsuite.upsertCustomer(externalId, entity)
  return { erpId: vendor.erpId, erpCustomerId: customer.erpId }
}

export interface TestBalance extends TestSeller {
  readonly sellerBalanceId: string
  readonly businessDate: BusinessDate
}

/** An empty balance, as initialization leaves it. */
export async function anInitializedBalance(
  world: World,
  facts: SellerFacts & { date?: BusinessDate; seller?: TestSeller } = {},
): Promise<TestBalance> {
  const seller = facts.seller ?? (await aSeller(world, facts))
  const date = facts.date ?? THE_DAY
  const { rows } = await sql<{ id: string }>`
    with run as (
      insert into pay_day_runs (business_date, initialized_at) values (${date}, now())
      on conflict (business_date) do update set resets = pay_day_runs.resets returning id
    )
    insert into seller_balances (run_id, seller_id, country, business_date, currency)
    select run.id, ${seller.sellerId}, ${seller.country}, ${date}, ${seller.currency} from run
    returning id`.execute(world.database)
  const [row] = rows
  if (!row) throw new Error('no balance was made')
  return { ...seller, sellerBalanceId: row.id, businessDate: date }
}

export interface PayableBalance extends TestBalance {
  readonly money: Money
  /** GSC's settlement; null when it has sent none. */
  readonly settlementId: string | null
  /** NetSuite's ids of its bills, in their order. */
  readonly billIds: readonly string[]
}

export interface PayableFacts extends SellerFacts {
  readonly date?: BusinessDate
  readonly seller?: TestSeller
  /** Minor units owed. Default 100,000. */
  readonly amount?: bigint
  /** Bills and invoices, minor units; their difference is what is owed. Default: one bill of `amount`. */
  readonly bills?: readonly bigint[]
  readonly invoices?: readonly bigint[]
  /** What GSC says of it. Default `matched`. */
  readonly closing?: 'matched' | 'different' | 'missing'
}

/**
 * A balance as retrieval leaves it: documents in NetSuite and with us, closing matched, owed in the ledger, `payable`.
 * Its message is not in the outbox: deliver it.
 */
export async function aPayableBalance(world: World, facts: PayableFacts = {}): Promise<PayableBalance> {
  const balance = await anInitializedBalance(world, facts)
  const bills = facts.bills ?? [facts.amount ?? 100_000n]
  const invoices = facts.invoices ?? []
  const total = (amounts: readonly bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n)
  const code = currencyOf(balance.currency)
  const money = { amount: total(bills) - total(invoices), currency: code }
  const documents = [
    ...documentsOf(world, balance, 'vendorBill', bills),
    ...documentsOf(world, balance, 'invoice', invoices),
  ]
  const settlementId = facts.closing === 'missing' ? null : `ST-${balance.sellerBalanceId}`
  const closed = { ...money, amount: facts.closing === 'different' ? money.amount + 1n : money.amount }
  const { gscSellerId, country, businessDate: date } = balance
  if (settlementId) {
    const amount = formatMajor(closed.amount, code)
    world.sandbox.gsc.loadClosings([{ settlementId, gscSellerId, country, date, currency: code, amount }])
  }
  await world.database.transaction().execute(async (tx) => {
    if (settlementId) {
      const closing = { settlementId, gscSellerId, country, businessDate: date, money: closed }
      await insertClosingsOnce(tx, [closing], 'test')
    }
    const { recorded } = await recordRetrieved(tx, [{ sellerBalanceId: balance.sellerBalanceId, documents }], 'test')
    if (recorded[0]?.status !== 'payable') throw new Error(`the balance is ${recorded[0]?.status}, not payable`)
  })
  const billIds = documents.filter(({ type }) => type === 'vendorBill').map(({ erpId }) => erpId)
  return { ...balance, money, settlementId, billIds }
}

function documentsOf(
  world: World,
  { gscSellerId, country, currency, businessDate: date }: TestBalance,
  type: SellerDocument['type'],
  amounts: readonly bigint[],
): readonly SellerDocument[] {
  const code = currencyOf(currency)
  const tranIds = amounts.map((_, index) => `${type === 'vendorBill' ? 'VB' : 'INV'}-${gscSellerId}-${index + 1}`)
  const erpIds = world.sandbox.netsuite.loadDocuments(
    amounts.map((amount, index) => ({
      documentType: type,
      tranId: tranIds[index] ?? '',
      gscSellerId,
      country,
      date,
      currency,
      amount: formatMajor(amount, code),
    })),
  )
  return amounts.map((amount, index) => ({
    type,
    erpId: erpIds[index] ?? '',
    tranId: tranIds[index] ?? '',
    currency: code,
    amount,
  }))
}
