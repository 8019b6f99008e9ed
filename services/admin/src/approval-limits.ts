import { isCurrency } from '@remesa/domain/currency'

/** Up to which amount, in minor units of each currency, one person may release or cancel a payout alone. */
export type ApprovalLimits = ReadonlyMap<string, bigint>

/** What is configured when nothing is: everything takes two. */
export const NO_LIMITS: ApprovalLimits = new Map()

/** @param text - `USD:100000,CLP:900000`, minor units @returns undefined when it is none, or names a currency twice */
export function readApprovalLimits(text: string): ApprovalLimits | undefined {
  const limits = new Map<string, bigint>()
  for (const part of text.split(',')) {
    const [, code = '', amount = ''] = /^\s*([A-Z]{3}):(\d{1,18})\s*$/.exec(part) ?? []
    if (!isCurrency(code) || limits.has(code)) return undefined
    limits.set(code, BigInt(amount))
  }
  return limits
}

/** @param amount - minor units of `currency`; a currency that has no limit always takes two people */
export function takesTwo(limits: ApprovalLimits, { amount, currency }: { amount: bigint; currency: string }): boolean {
  const limit = limits.get(currency)
  return limit === undefined || amount > limit
}
