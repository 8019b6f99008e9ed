import type { Currency } from './currency.ts'
import type { RailName } from './rail.ts'
import type { SellerProfile } from './seller.ts'
import type { BlockedReason } from './seller-balance.ts'

export type PayableSeller = Pick<SellerProfile, 'operationType' | 'status' | 'fpayId' | 'payoneerPayeeId'>

export type RailChoice =
  | { readonly rail: RailName; readonly destination: string }
  | { readonly blocked: Extract<BlockedReason, 'bank_id_missing' | 'rail_currency' | 'seller_closed'> }

/**
 * How a seller is paid: local ones through FPay, in whatever currency NetSuite owes them; international ones through
 * Payoneer, in USD only. A suspended seller may not sell, but is still paid what it is owed.
 */
export function chooseRail(seller: PayableSeller, balance: { readonly currency: Currency }): RailChoice {
  if (seller.status === 'closed') return { blocked: 'seller_closed' }
  if (seller.operationType === 'local') return to('fpay', seller.fpayId)
  if (balance.currency !== 'USD') return { blocked: 'rail_currency' }
  return to('payoneer', seller.payoneerPayeeId)
}

function to(rail: RailName, account: string | null): RailChoice {
  const destination = account?.trim()
  return destination ? { rail, destination } : { blocked: 'bank_id_missing' }
}
