import { createHash } from 'node:crypto'

/**
 * The internal id of the record that carries an external id. A hash, not a count: a sandbox that is started again
 * hands out the ids that services have stored, and a document can name a vendor that is created after it.
 * @returns a numeric string, below 2^52 so that it stays exact as a JSON number
 */
export function internalIdOf(recordType: string, externalId: string): string {
  const digest = createHash('sha256').update(`${recordType}\n${externalId}`).digest()
  // Above 2^32: no seeded subsidiary, currency or counted id can be met.
  return (2 ** 32 + Number(digest.readBigUInt64BE() >> 13n)).toString()
}

export const vendorExternalIdOf = (gscSellerId: string): string => `gsc-seller-${gscSellerId}`
export const vendorIdOf = (gscSellerId: string): string => internalIdOf('vendor', vendorExternalIdOf(gscSellerId))
export const customerIdOf = (gscSellerId: string): string => internalIdOf('customer', vendorExternalIdOf(gscSellerId))

/** @param country - two lower-case letters; its subsidiary has the same id in every sandbox. */
export const subsidiaryIdOf = (country: string): string => (10 + lettersAsNumber(country)).toString()

/** @param code - an ISO 4217 code; its currency has the same id in every sandbox. */
export const currencyIdOf = (code: string): string => (1000 + lettersAsNumber(code.toLowerCase())).toString()

function lettersAsNumber(letters: string): number {
  let number = 0
  for (const letter of letters) number = number * 26 + (letter.charCodeAt(0) - 97)
  return number
}
