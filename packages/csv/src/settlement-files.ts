import type { AccountOwners } from './account-owners.ts'
import type { Problems } from './problems.ts'
import { earlierLines, isIn, type Reader, readAll, whole } from './rows.ts'
import { readTable, type Table } from './table.ts'
import { readSettlementAmount, readText } from './values.ts'

/** A settlement as its file has it. */
export interface SettlementRow {
  readonly settlementId: string
  readonly contestId: string
  readonly currency: string
  /** Major units, a decimal string. */
  readonly total: string
  readonly status: string
}

/** A winner as its file has them. */
export interface WinnerRow {
  readonly settlementId: string
  readonly userId: string
  readonly stripeAccountId: string | null
  /** Major units, a decimal string. */
  readonly amount: string
  /** Absent: the settlement's. */
  readonly currency?: string
}

export const SETTLEMENT_COLUMNS = ['settlement_id', 'contest_id', 'currency', 'total', 'status'] as const
export const WINNER_COLUMNS = ['settlement_id', 'user_id', 'stripe_account_id', 'amount', 'currency'] as const

type SettlementColumn = (typeof SETTLEMENT_COLUMNS)[number]
type WinnerColumn = (typeof WINNER_COLUMNS)[number]

/**
 * Reads settlements and their winners. Wrong is only what no marketplace could have written. What breaks a rule of payment
 * (an unknown currency, a sum that differs, a winner named twice, nothing to pay, …) is the product's to refuse.
 * @param files - their names in the directory
 * @param parts.owners - learns of the winners' accounts
 * @param parts.mostWinners - of one settlement; default any number
 */
export async function readSettlementFiles(
  directory: string,
  files: { readonly settlements: string; readonly winners: string },
  parts: { readonly problems: Problems; readonly owners: AccountOwners; readonly mostWinners?: number },
): Promise<{ settlements: SettlementRow[]; winners: WinnerRow[] }> {
  const { problems, owners, mostWinners = Number.POSITIVE_INFINITY } = parts
  const settlements = await readTable(directory, { file: files.settlements, columns: SETTLEMENT_COLUMNS }, problems)
  const winners = await readTable(
    directory,
    { file: files.winners, columns: WINNER_COLUMNS, optional: ['currency'] },
    problems,
  )
  const read = {
    settlements: readAll(settlements, settlementReader()),
    winners: readAll(winners, winnerReader(settlements, { owners, files })),
  }
  const counts = new Map<string, number>()
  for (const { settlementId } of read.winners) counts.set(settlementId, (counts.get(settlementId) ?? 0) + 1)
  for (const row of settlements.rows) {
    const count = counts.get(row.text('settlement_id')) ?? 0
    if (count > mostWinners) row.refuse('settlement_id', `expected at most ${mostWinners} winners`, `${count} of them`)
  }
  return read
}

function settlementReader(): Reader<SettlementColumn, SettlementRow> {
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
  { owners, files }: { owners: AccountOwners; files: { settlements: string; winners: string } },
): Reader<WinnerColumn, WinnerRow> {
  const isSettlement = isIn(settlements, 'settlement_id')
  const currencyOf = new Map(settlements.rows.map((row) => [row.text('settlement_id'), row.text('currency')]))
  return (row) => {
    const settlementId = row.text('settlement_id')
    if (!isSettlement(settlementId)) row.refuse('settlement_id', `expected a settlement of ${files.settlements}`)
    const userId = readText(row, 'user_id', 200)
    const stripeAccountId = owners.readAccountOf(userId, row, files.winners)
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
