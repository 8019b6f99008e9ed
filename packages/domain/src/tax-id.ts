import type { OperationType, SellerCountry } from './seller.ts'

/** Chile's RUT, Peru's RUC, Colombia's NIT: each ends in a check digit (facts: marketplace §6). */
export type TaxIdScheme = 'RUT' | 'RUC' | 'NIT'

/** Whose tax id it is, as far as its scheme depends on that. */
export interface TaxIdHolder {
  readonly operationType: OperationType
  /** In GSC's order: the first one decides. */
  readonly countries: readonly Pick<SellerCountry, 'country'>[]
}

const SCHEME_OF_COUNTRY: ReadonlyMap<string, TaxIdScheme> = new Map([
  ['cl', 'RUT'],
  ['pe', 'RUC'],
  ['co', 'NIT'],
])

const EXAMPLE: Readonly<Record<TaxIdScheme, string>> = { RUT: '12345678-5', RUC: '20131312955', NIT: '890903938-8' }

/** @returns undefined for international sellers and for countries whose scheme is not known: any id will do there */
export function taxIdSchemeOf({ operationType, countries }: TaxIdHolder): TaxIdScheme | undefined {
  return operationType === 'local' ? SCHEME_OF_COUNTRY.get(countries[0]?.country.toLowerCase() ?? '') : undefined
}

/**
 * What is wrong with a seller's tax id, as words to follow `tax id: `; undefined when nothing is.
 * The words never repeat the id: they go to logs and alerts.
 */
export function taxIdProblem(holder: TaxIdHolder, value: string): string | undefined {
  if (value.trim() === '') return 'expected one, found nothing'
  const scheme = taxIdSchemeOf(holder)
  if (scheme === undefined || normaliseTaxId(scheme, value) !== undefined) return undefined
  const expected = `expected a ${scheme} like ${EXAMPLE[scheme]}`
  return splitTaxId(scheme, value) ? `${expected}; its check digit does not fit` : expected
}

/**
 * One spelling per tax id: without dots and spaces, upper case, RUT and NIT with a dash before the check digit.
 * @returns undefined when the id is not one of its scheme
 */
export function normaliseTaxId(scheme: TaxIdScheme, value: string): string | undefined {
  const id = splitTaxId(scheme, value)
  if (!id || checkDigit(scheme, id.body) !== id.check) return undefined
  return scheme === 'RUC' ? id.body + id.check : `${id.body}-${id.check}`
}

/** One spelling of any seller's tax id, also where no scheme checks it or the check fails: for keeping and comparing. */
export function keptTaxId(holder: TaxIdHolder, value: string): string {
  const scheme = taxIdSchemeOf(holder)
  return (scheme && normaliseTaxId(scheme, value)) ?? value.trim().toUpperCase()
}

/** For logs and alerts: the last three digits and the check digit, e.g. `*****678-5`. */
export function maskTaxId(value: string): string {
  const visible = /[0-9A-Z]{0,3}-?[0-9A-Z]$/i.exec(value.trim())?.[0] ?? ''
  const hidden = value.trim().length - visible.length
  // Of an id so short that its end is most of it, nothing is shown.
  return hidden < 3 ? '*'.repeat(value.trim().length) : '*'.repeat(hidden) + visible
}

const SHAPE: Readonly<Record<TaxIdScheme, RegExp>> = {
  RUT: /^0*([1-9]\d{0,7})-?([\dK])$/,
  RUC: /^((?:10|15|16|17|20)\d{8})(\d)$/, // 10 to 17: persons; 20: companies
  NIT: /^0*([1-9]\d{0,14})-?(\d)$/,
}

function splitTaxId(scheme: TaxIdScheme, value: string): { body: string; check: string } | undefined {
  const [, body, check] = SHAPE[scheme].exec(value.replace(/[.\s]/g, '').toUpperCase()) ?? []
  return body !== undefined && check !== undefined ? { body, check } : undefined
}

/** Weights from the right-most digit of the body leftwards. */
const WEIGHTS: Readonly<Record<TaxIdScheme, readonly number[]>> = {
  RUT: [2, 3, 4, 5, 6, 7, 2, 3],
  RUC: [2, 3, 4, 5, 6, 7, 2, 3, 4, 5],
  NIT: [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71],
}

/** All three weigh the digits and take the rest of 11; the digit for each rest from 0 to 10 is their own. */
const DIGIT_OF_REST: Readonly<Record<TaxIdScheme, string>> = {
  RUT: '0K987654321',
  RUC: '10987654321',
  NIT: '01987654321',
}

function checkDigit(scheme: TaxIdScheme, body: string): string {
  let sum = 0
  for (const [position, weight] of WEIGHTS[scheme].entries()) sum += weight * Number(body.at(-1 - position) ?? 0)
  return DIGIT_OF_REST[scheme].charAt(sum % 11)
}
