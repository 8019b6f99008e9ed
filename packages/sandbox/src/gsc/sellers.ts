import { randomUUID } from 'node:crypto'
import type { MarketplaceSeller } from '../marketplace.ts'

/** An event about a seller that is still to be published (facts: marketplace §3.1). */
export interface SellerEvent {
  readonly eventId: string
  readonly eventType: 'SellerCreated' | 'SellerUpdated'
  readonly eventVersion: 2
  readonly eventTime: string
  /** Per seller, increasing. */
  readonly sequence: number
  readonly seller: {
    readonly sellerId: string
    /** Upper case. */
    readonly country: string
    readonly operationType: 'local' | 'international'
    /** The FPay id: null in the first event, for the account is opened later. */
    readonly accountNumber: string | null
  }
}

interface Entry {
  seller: MarketplaceSeller
  /** What GSC shows: null until the account was opened. */
  accountNumber: string | null
  version: number
  updatedAt: Date
  readonly unpublished: SellerEvent[]
}

/** Sellers as GSC knows them, and the events that tell of them. */
export interface Sellers {
  /** Adds sellers. One that is known and differs is updated; one that is the same changes nothing. */
  load(sellers: readonly MarketplaceSeller[]): void
  /** @returns the seller's detail and its version, or undefined when it is unknown */
  detail(gscSellerId: string): { body: object; version: number } | undefined
  /** The account was opened: from now on it is shown, and an event says so. */
  giveFpayId(gscSellerId: string, fpayId: string): void
  change(gscSellerId: string, changes: Partial<Omit<MarketplaceSeller, 'gscSellerId'>>): void
  /** Opens the accounts that the marketplace says sellers have, where that has not been done. */
  openAccounts(): void
  /** Events still to be published, oldest first per seller. */
  unpublished(): SellerEvent[]
  markPublished(event: SellerEvent): void
  count(): number
}

/** @param firstSequence - the sequence of a seller's first event */
export function createSellers({ firstSequence, now }: { firstSequence: number; now: () => Date }): Sellers {
  const entries = new Map<string, Entry>()

  const get = (gscSellerId: string): Entry => {
    const entry = entries.get(gscSellerId)
    if (entry === undefined) throw new Error(`there is no seller ${gscSellerId}`)
    return entry
  }

  function tell(entry: Entry, eventType: SellerEvent['eventType']): void {
    const { seller } = entry
    entry.unpublished.push({
      eventId: randomUUID(),
      eventType,
      eventVersion: 2,
      eventTime: now().toISOString(),
      sequence: entry.version,
      seller: {
        sellerId: seller.gscSellerId,
        country: firstCountryOf(seller),
        operationType: seller.operationType,
        accountNumber: entry.accountNumber,
      },
    })
  }

  function update(entry: Entry, changes: Partial<Pick<Entry, 'seller' | 'accountNumber'>>): void {
    Object.assign(entry, changes, { version: entry.version + 1, updatedAt: now() })
    tell(entry, 'SellerUpdated')
  }

  return {
    load(sellers) {
      for (const seller of sellers) {
        const known = entries.get(seller.gscSellerId)
        if (known !== undefined) {
          if (JSON.stringify(known.seller) !== JSON.stringify(seller)) update(known, { seller })
          continue
        }
        const entry = { seller, accountNumber: null, version: firstSequence, updatedAt: now(), unpublished: [] }
        entries.set(seller.gscSellerId, entry)
        tell(entry, 'SellerCreated')
      }
    },
    detail(gscSellerId) {
      const entry = entries.get(gscSellerId)
      return entry && { body: detailOf(entry), version: entry.version }
    },
    giveFpayId: (gscSellerId, fpayId) => update(get(gscSellerId), { accountNumber: fpayId }),
    change(gscSellerId, changes) {
      const entry = get(gscSellerId)
      update(entry, { seller: { ...entry.seller, ...changes } })
    },
    openAccounts() {
      for (const entry of entries.values()) {
        const { fpayId } = entry.seller
        if (fpayId !== null && entry.accountNumber === null) update(entry, { accountNumber: fpayId })
      }
    },
    unpublished: () => [...entries.values()].flatMap(({ unpublished }) => unpublished),
    markPublished(event) {
      const { unpublished } = get(event.seller.sellerId)
      const at = unpublished.indexOf(event)
      if (at >= 0) unpublished.splice(at, 1)
    },
    count: () => entries.size,
  }
}

const TAX_ID_TYPES: Readonly<Record<string, string>> = { CL: 'RUT', PE: 'RUC', CO: 'NIT' }

const firstCountryOf = (seller: MarketplaceSeller): string => (seller.countries[0]?.country ?? '').toUpperCase()

/** The seller's detail (facts: marketplace §3.2). */
function detailOf({ seller, accountNumber, version, updatedAt }: Entry): object {
  const country = firstCountryOf(seller)
  const isLocal = seller.operationType === 'local'
  return {
    sellerId: seller.gscSellerId,
    legalName: seller.legalName,
    tradeName: seller.legalName,
    taxId: { type: (isLocal ? TAX_ID_TYPES[country] : undefined) ?? 'OTHER', value: seller.taxId },
    email: `payments@${seller.gscSellerId.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.example`,
    phone: null,
    country,
    operationType: seller.operationType,
    sellerType: seller.type,
    countries: Object.fromEntries(
      seller.countries.map(({ country: id, currency, enabled }) => [id, { currency, enabled }]),
    ),
    payment: { provider: isLocal ? 'FPAY' : 'PAYONEER', accountNumber, payeeId: seller.payoneerPayeeId },
    status: 'ACTIVE',
    version,
    updatedAt: updatedAt.toISOString(),
  }
}
