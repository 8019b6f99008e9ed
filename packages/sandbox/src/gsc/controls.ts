import { z } from 'zod'
import type { Controls } from '../kit/provider.ts'
import { type MarketplaceClosing, type MarketplaceSeller, marketplaceSeller } from '../marketplace.ts'
import type { Notification } from './settlements.ts'

/** What the marketplace does at GSC, and what GSC was told. */
export interface GscKnobs {
  /** Adds sellers; a known one that differs is updated. */
  loadSellers(sellers: readonly MarketplaceSeller[]): void
  /** Adds settlements. */
  loadClosings(closings: readonly MarketplaceClosing[]): void
  /**
   * Publishes what is new of sellers to `seller-profile`: first that they were created, then, unless `openAccounts` is
   * false, that those with an FPay id have their account. Nothing new: nothing is published.
   * @throws Error when Pub/Sub does not take an event; the rest is published by the next call
   */
  publishSellerEvents(options?: { openAccounts?: boolean }): Promise<{ created: number; updated: number }>
  /** Publishes the closings that have not been, or all of them again, to `seller_closing_topic`. */
  publishClosings(options?: { again?: boolean }): Promise<{ published: number }>
  /** The seller's account was opened; the event goes out with the next `publishSellerEvents`. */
  giveFpayId(gscSellerId: string, fpayId: string): void
  /** As `giveFpayId`, for anything else: a new name, another tax id. */
  changeSeller(gscSellerId: string, changes: Partial<Omit<MarketplaceSeller, 'gscSellerId'>>): void
  /** The next reads of the seller find nothing: its event came before it could be read. */
  hideSeller(gscSellerId: string, times: number): void
  revokeTokens(): void
  books(): GscBooks
}

export interface GscBooks {
  /** Payments of settlements that GSC was told of, in order; repeats are here once. */
  readonly notifications: readonly Notification[]
  readonly sellers: number
  readonly settlements: number
}

const seller = z.strictObject({ gscSellerId: z.string() })

/** The knobs as the control process offers them. */
export function gscControls(gsc: GscKnobs): Controls {
  return {
    books: () => gsc.books(),
    giveFpayId: (input) => {
      const { gscSellerId, fpayId } = seller.extend({ fpayId: z.string().min(1) }).parse(input)
      gsc.giveFpayId(gscSellerId, fpayId)
    },
    changeSeller: (input) => {
      const changes = marketplaceSeller.omit({ gscSellerId: true }).partial()
      const given = seller.extend({ changes }).parse(input)
      gsc.changeSeller(given.gscSellerId, withoutUndefined(given.changes))
    },
    hideSeller: (input) => {
      const { gscSellerId, times } = seller.extend({ times: z.int().positive().default(1) }).parse(input)
      gsc.hideSeller(gscSellerId, times)
    },
    revokeTokens: () => gsc.revokeTokens(),
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

const withoutUndefined = <T extends object>(given: T): Defined<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>
