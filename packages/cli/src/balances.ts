import { z } from 'zod'
import { money, moneyText, table } from './text.ts'

/** A seller balance as a list has it. */
export const balance = z.looseObject({
  id: z.string(),
  seller: z.looseObject({ id: z.string(), gscSellerId: z.string(), name: z.string() }),
  country: z.string(),
  businessDate: z.string(),
  money: money.nullable(),
  status: z.string(),
  reason: z.string().nullable(),
  rail: z.string().nullable(),
})

export const balanceRows = (balances: readonly z.output<typeof balance>[]): string =>
  table(
    ['id', 'date', 'country', 'seller', '>owed', 'status', 'reason'],
    balances.map((one) => [
      ...[one.id, one.businessDate, one.country, one.seller.name],
      ...[moneyText(one.money), one.status, one.reason],
    ]),
  )
