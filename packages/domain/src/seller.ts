import type { Currency } from './currency.ts'

export type OperationType = 'local' | 'international'
/** Whose goods are sold: a third party's, or the marketplace's own. Only 3P sellers are told of payments by GSC. */
export type SellerType = '3P' | '1P'
export type SellerStatus = 'active' | 'suspended' | 'closed'

/** One country a seller sells in, and the currency it is paid in there. */
export interface SellerCountry {
  /** Our country id: ISO 3166 alpha-2 in lower case, e.g. `cl`. */
  readonly country: string
  readonly currency: Currency
  readonly enabled: boolean
}

/** What GSC tells about a seller, in our words. */
export interface SellerProfile {
  readonly gscSellerId: string
  readonly legalName: string
  /** As GSC wrote it; normalised and checked by `taxIdProblem`. */
  readonly taxId: string
  readonly email: string | null
  readonly phone: string | null
  readonly operationType: OperationType
  readonly type: SellerType
  readonly status: SellerStatus
  /** In GSC's order; the first one gives the scheme of a local seller's tax id. */
  readonly countries: readonly SellerCountry[]
  /** FPay account; arrives later than the seller itself. */
  readonly fpayId: string | null
  readonly payoneerPayeeId: string | null
}
