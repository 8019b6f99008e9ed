import type { EndedPayment } from '@remesa/database/payment-reports'
import type { GscClient } from '@remesa/gsc-client/gsc-client'

/** GSC settles with 3P sellers, by the closings that matched; it is not told of other payments (design §6.2). */
export const needNotKnow = ({ sellerType, closingMatch, settlementId }: EndedPayment): boolean =>
  sellerType !== '3P' || closingMatch !== 'matched' || settlementId === null

/**
 * Tells GSC how the payment of a settlement ended.
 * @returns GSC's code when it refuses to be told, which stays so: a person compares the settlement
 * @throws ProviderError when it has to be told again
 */
export async function tellGsc(
  gsc: Pick<GscClient, 'notifySettlementPayment'>,
  payment: EndedPayment,
): Promise<string | undefined> {
  const { settlementId, sellerBalanceId, outcome, repayments } = payment
  if (settlementId === null) throw new Error(`seller balance ${sellerBalanceId} has no settlement to tell GSC of`)
  const status = outcome === 'paid' ? 'PAID' : 'REJECTED'
  // What two people have paid again may end as it ended before: other news, which the first key would not carry.
  const key = [sellerBalanceId, status, ...(repayments > 0 ? [repayments] : [])].join(':')
  const answer = await gsc.notifySettlementPayment(settlementId, key, {
    gscSellerId: payment.gscSellerId,
    country: payment.country,
    money: payment.money,
    rail: payment.rail,
    providerReference: payment.reference ?? sellerBalanceId, // refused before the rail gave it a name
    result:
      outcome === 'paid'
        ? { status: 'PAID', paidAt: payment.settledAt }
        : { status: 'REJECTED', reasonCode: payment.refusalReason ?? 'UNKNOWN' },
  })
  return typeof answer === 'string' ? undefined : answer.refused
}
