import { isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import { CannotError } from './context.ts'
import { plain } from './text.ts'

/**
 * An amount as people write it.
 * @param amount - in major units, such as 12.50
 * @returns minor units, as the API has them
 * @throws CannotError for what is none in this currency, or for a currency that Remesa does not pay in
 */
export function minorUnits(amount: string, currency: string): string {
  if (!isCurrency(currency)) throw new CannotError(`${plain(currency)} is no currency that Remesa pays in.`)
  try {
    return parseMajor(amount, currency).toString()
  } catch {
    throw new CannotError(`${plain(amount)} is no amount of ${currency}.`)
  }
}
