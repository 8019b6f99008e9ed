import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse'

// How the independent checks read CSV files and amounts: with no code of the product.

/** Decimals of ISO 4217 where they are not two. */
const DECIMALS: Readonly<Record<string, number>> = { CLP: 0, PYG: 0, JPY: 0, KRW: 0, ISK: 0, VND: 0, KWD: 3, BHD: 3 }

/** @throws Error for more decimals than the currency has */
export function minorUnits(amount: string, currency: string): bigint {
  const [whole = '', fraction = ''] = amount.split('.')
  const decimals = DECIMALS[currency] ?? 2
  if (fraction.slice(decimals).replaceAll('0', '') !== '') throw new Error(`${amount} is no amount in ${currency}`)
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'))
}

/** With exactly the currency's decimals. */
export function majorUnits(minor: bigint, currency: string): string {
  const decimals = DECIMALS[currency] ?? 2
  const digits = String(minor < 0n ? -minor : minor).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return `${minor < 0n ? '-' : ''}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
}

export type Row = Readonly<Record<string, string>>

export async function* rowsOf(directory: string, file: string): AsyncGenerator<Row> {
  const rows = createReadStream(join(directory, file)).pipe(parse({ columns: true, bom: true, skip_empty_lines: true }))
  for await (const row of rows) yield row as Row
}

export function column(row: Row, name: string): string {
  const value = row[name]
  if (value === undefined) throw new Error(`a row has no ${name}`)
  return value
}
