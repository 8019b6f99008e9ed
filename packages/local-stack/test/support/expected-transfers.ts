import { readdirSync } from 'node:fs'
import { column, minorUnits, type Row, rowsOf } from './csv-files.ts'

// The independent check of settlements: who should have been transferred what, from the CSV files alone. It shares no
// rule, reader or arithmetic with the product, on purpose.

/** What should have become of one settlement: paid, or refused by a rule. */
export interface ExpectedSettlement {
  readonly settlementId: string
  /** The first rule that it breaks; undefined when it is paid. */
  readonly rule: string | undefined
}

/** What should have become of one winner of a settlement that is paid. */
export interface ExpectedTransfer {
  readonly settlementId: string
  readonly contestId: string
  readonly userId: string
  readonly currency: string
  /** Minor units. */
  readonly amount: bigint
  /** undefined when the user has none. */
  readonly account: string | undefined
  readonly status: 'completed' | 'failed_terminal' | 'awaiting_destination'
}

/** In the order of the files; nothing where there are none. */
export async function expectedTransfers(
  directory: string,
): Promise<{ settlements: readonly ExpectedSettlement[]; transfers: readonly ExpectedTransfer[] }> {
  if (!readdirSync(directory).includes('settlements.csv')) return { settlements: [], transfers: [] }
  const winnersOf = new Map<string, Row[]>()
  for await (const winner of rowsOf(directory, 'winners.csv')) {
    const settlementId = column(winner, 'settlement_id')
    winnersOf.set(settlementId, [...(winnersOf.get(settlementId) ?? []), winner])
  }
  const settlements: ExpectedSettlement[] = []
  const payable: { settlement: Row; winners: readonly Row[] }[] = []
  for await (const settlement of rowsOf(directory, 'settlements.csv')) {
    const settlementId = column(settlement, 'settlement_id')
    const winners = winnersOf.get(settlementId) ?? []
    const rule = brokenRule(settlement, winners)
    settlements.push({ settlementId, rule })
    if (rule === undefined) payable.push({ settlement, winners })
  }
  // A user's account is known once any settlement that is paid has named it.
  const accounts = new Map<string, string>()
  for (const { winners } of payable) {
    for (const winner of winners) {
      const account = column(winner, 'stripe_account_id')
      if (account !== '') accounts.set(column(winner, 'user_id'), account)
    }
  }
  const transfers = payable.flatMap(({ settlement, winners }) =>
    winners.map((winner) => {
      const userId = column(winner, 'user_id')
      const account = accounts.get(userId)
      return {
        settlementId: column(settlement, 'settlement_id'),
        contestId: column(settlement, 'contest_id'),
        userId,
        currency: column(settlement, 'currency'),
        amount: minorUnits(column(winner, 'amount'), column(settlement, 'currency')),
        account,
        status: endOfTransfer(account),
      }
    }),
  )
  return { settlements, transfers }
}

/** What Stripe should have transferred in all, per currency, minor units. */
export function totalsTransferred(transfers: readonly ExpectedTransfer[]): ReadonlyMap<string, bigint> {
  const totals = new Map<string, bigint>()
  for (const { status, currency, amount } of transfers) {
    if (status === 'completed') totals.set(currency, (totals.get(currency) ?? 0n) + amount)
  }
  return totals
}

/** Every currency that a file here is in. */
const CURRENCIES = ['USD', 'EUR', 'MXN', 'CLP', 'JPY', 'ISK', 'PEN', 'COP']

function brokenRule(settlement: Row, winners: readonly Row[]): string | undefined {
  const currency = column(settlement, 'currency')
  if (!['closed', 'completed'].includes(column(settlement, 'status'))) return 'not_closed'
  if (winners.length === 0) return 'no_winners'
  if (!CURRENCIES.includes(currency)) return 'unknown_currency'
  if (winners.some((winner) => (winner.currency ?? '') !== '' && winner.currency !== currency)) return 'mixed_currency'
  const amounts = winners.map((winner) => column(winner, 'amount'))
  if (amounts.some((amount) => amount.startsWith('-') || !/[1-9]/.test(amount))) return 'amount_not_positive'
  if (new Set(winners.map((winner) => column(winner, 'user_id'))).size < winners.length) return 'duplicate_winner'
  let sum = 0n
  for (const amount of amounts) sum += minorUnits(amount, currency)
  return sum === minorUnits(column(settlement, 'total'), currency) ? undefined : 'sum_differs'
}

/** Test accounts of Stripe's sandbox by what they make of a transfer, as its README lists them. */
const FAILED = ['acct_closed', 'acct_notallowed', 'acct_forbidden', 'acct_newcode']
const UNABLE = ['acct_missing', 'acct_nocap', 'acct_pending', 'acct_restricted']

function endOfTransfer(account: string | undefined): ExpectedTransfer['status'] {
  const isOneOf = (prefixes: readonly string[]): boolean => prefixes.some((prefix) => account?.startsWith(prefix))
  if (account === undefined || isOneOf(UNABLE)) return 'awaiting_destination'
  return isOneOf(FAILED) ? 'failed_terminal' : 'completed'
}
