import type { Problems } from '@remesa/csv/problems'
import { earlierLines, isIn, type Reader, readAll, whole } from '@remesa/csv/rows'
import { readTable, type Table } from '@remesa/csv/table'
import { readSettlementAmount, readText } from '@remesa/csv/values'
import type { MarketplaceSettlement, MarketplaceWinner } from '@remesa/sandbox/marketplace'
import type { AccountOwners } from './account-owners.ts'

const SETTLEMENTS = {
  file: 'settlements.csv',
  columns: ['settlement_id', 'contest_id', 'currency', 'total', 'status'],
} as const
const WINNERS = {
  file: 'winners.csv',
  columns: ['settlement_id', 'user_id', 'stripe_account_id', 'amount', 'currency'],
  optional: ['currency'],
} as const

type SettlementColumn = (typeof SETTLEMENTS.columns)[number]
type WinnerColumn = (typeof WINNERS.columns)[number]

/**
 * Reads `settlements.csv` and `winners.csv`; a marketplace with neither has no settlements. Wrong is only what no
 * marketplace could have written. What breaks a rule of payment (an unknown currency, a sum that differs, a winner
 * named twice, nothing to pay, …) is the product's to refuse.
 * @param files - what is in the directory
 * @param parts.owners - learns of the winners' accounts
 */
export async function readSettlements(
  directory: string,
  files: readonly string[],
  { problems, owners }: { problems: Problems; owners: AccountOwners },
): Promise<{ settlements: MarketplaceSettlement[]; winners: MarketplaceWinner[] }> {
  if (!files.includes(SETTLEMENTS.file) && !files.includes(WINNERS.file)) return { settlements: [], winners: [] }
  const settlements = await readTable(directory, SETTLEMENTS, problems)
  const winners = await readTable(directory, WINNERS, problems)
  return {
    settlements: readAll(settlements, settlementReader()),
    winners: readAll(winners, winnerReader(settlements, owners)),
  }
}

function settlementReader(): Reader<SettlementColumn, MarketplaceSettlement> {
  const earlier = earlierLines()
  return (row) => {
    const settlementId = readText(row, 'settlement_id', 200)
    const line = settlementId && earlier(row, settlementId)
    if (line) row.refuse('settlement_id', `expected each settlement once, and line ${line} has it`)
    const contestId = readText(row, 'contest_id', 200)
    const currency = readText(row, 'currency', 20)
    const total = currency && readSettlementAmount(row, 'total', currency)
    return whole({ settlementId, contestId, currency, total, status: readText(row, 'status', 50) })
  }
}

function winnerReader(
  settlements: Table<SettlementColumn>,
  owners: AccountOwners,
): Reader<WinnerColumn, MarketplaceWinner> {
  const isSettlement = isIn(settlements, 'settlement_id')
  const currencyOf = new Map(settlements.rows.map((row) => [row.text('settlement_id'), row.text('currency')]))
  return (row) => {
    const settlementId = row.text('settlement_id')
    if (!isSettlement(settlementId)) row.refuse('settlement_id', `expected a settlement of ${SETTLEMENTS.file}`)
    const userId = readText(row, 'user_id', 200)
    const stripeAccountId = owners.readAccountOf(userId, row, WINNERS.file)
    const ownCurrency = row.text('currency') === '' ? undefined : readText(row, 'currency', 20)
    const currency = ownCurrency ?? currencyOf.get(settlementId) ?? ''
    const winner = whole({
      settlementId,
      userId,
      stripeAccountId,
      amount: readSettlementAmount(row, 'amount', currency),
    })
    return winner && ownCurrency ? { ...winner, currency: ownCurrency } : winner
  }
}
