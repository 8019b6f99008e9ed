import { businessDate } from '@remesa/domain/business-date'
import { exponentOf, isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import type { Row } from './table.ts'

// Readers of single values: each gives the value, or reports what was expected and gives undefined.

export function readOneOf<Column extends string, Value extends string>(
  row: Row<Column>,
  column: Column,
  values: readonly Value[],
): Value | undefined {
  const text = row.text(column)
  return values.find((value) => value === text) ?? row.refuse(column, `expected ${values.join(' or ')}`)
}

export function readFlag<Column extends string>(row: Row<Column>, column: Column): boolean | undefined {
  const flag = readOneOf(row, column, ['true', 'false'])
  return flag && flag === 'true'
}

/** @param longest - in characters */
export function readText<Column extends string>(row: Row<Column>, column: Column, longest: number): string | undefined {
  const text = row.text(column)
  if (text.trim() === '') return row.refuse(column, 'expected a text')
  if (text !== text.trim()) return row.refuse(column, 'expected no spaces around it')
  if (/[\r\n]/.test(text)) return row.refuse(column, 'expected a single line')
  if (text.length > longest) {
    return row.refuse(column, `expected at most ${longest} characters`, `${text.length} of them`)
  }
  return text
}

/**
 * An account at a rail, null where the column is empty: the payee has none yet.
 * @param form - what one looks like, in words
 */
export function readAccount<Column extends string>(
  row: Row<Column>,
  column: Column,
  { form, isWellFormed }: { form: string; isWellFormed: (text: string) => boolean },
): string | null | undefined {
  const text = row.text(column)
  if (text === '') return null
  return isWellFormed(text) ? text : row.refuse(column, `expected ${form}, or nothing`)
}

export function readDate<Column extends string>(row: Row<Column>, column: Column): string | undefined {
  try {
    return businessDate(row.text(column))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return row.refuse(column, 'expected a date like 2026-11-20')
  }
}

export function readCurrency<Column extends string>(row: Row<Column>, column: Column): string | undefined {
  const text = row.text(column)
  return isCurrency(text) ? text : row.refuse(column, 'expected a payable ISO 4217 currency like CLP')
}

/** More than any bank takes in one payment; so far below what 64 bits hold that sums stay there, too. */
const MOST_DIGITS = 15

/** A decimal string of major units, exact in its currency, kept as it is written. */
export function readAmount<Column extends string>(
  row: Row<Column>,
  column: Column,
  {
    currency,
    mayBeNegative,
    whyNot = 'since the type says who owes',
  }: { currency: string | undefined; mayBeNegative: boolean; whyNot?: string },
): string | undefined {
  const text = row.text(column)
  const [, sign, whole] = /^(-?)(\d+)(?:\.\d+)?$/.exec(text) ?? []
  if (whole === undefined) return row.refuse(column, 'expected a decimal number like 1250.50')
  if (sign && !mayBeNegative) return row.refuse(column, `expected zero or more, ${whyNot}`)
  if (whole.length > MOST_DIGITS)
    return row.refuse(column, `expected at most ${MOST_DIGITS} digits before the decimals`)
  if (currency === undefined || !isCurrency(currency)) return undefined // told of the currency already
  try {
    parseMajor(text, currency)
    return text
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return row.refuse(column, `expected an amount in ${currency}, with at most ${exponentOf(currency)} decimals`)
  }
}

/** Decimals of a currency that nobody knows: amounts in it are kept, and never paid. */
const UNKNOWN_CURRENCY_DECIMALS = 2

/** An amount of a settlement, whose currency is the product's to judge. */
export function readSettlementAmount<Column extends string>(
  row: Row<Column>,
  column: Column,
  currency: string,
): string | undefined {
  if (isCurrency(currency)) return readAmount(row, column, { currency, mayBeNegative: true })
  const text = row.text(column)
  const [, whole = '', decimals = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '') return row.refuse(column, 'expected a decimal number like 1250.50')
  if (whole.length <= MOST_DIGITS && decimals.length <= UNKNOWN_CURRENCY_DECIMALS) return text
  return row.refuse(
    column,
    `expected at most ${MOST_DIGITS} digits and ${UNKNOWN_CURRENCY_DECIMALS} decimals in a currency that nobody knows`,
  )
}

/** What `readSettlementAmount` read, in minor units; in a currency that nobody knows, of two decimals. */
export function minorUnitsOf(amount: string, currency: string): bigint {
  if (isCurrency(currency)) return parseMajor(amount, currency)
  const [whole = '', decimals = ''] = amount.split('.')
  return BigInt(whole + decimals.padEnd(UNKNOWN_CURRENCY_DECIMALS, '0'))
}
