import { maskTaxId } from '@remesa/domain/tax-id'

// What operators read of providers' answers and of messages: enough to argue from, nothing secret, nobody's data.

/** Names of fields that hold a secret: nothing of them is shown. */
const SECRET = /secret|token|password|authorization|signature|api[-_]?key|credential|cookie/i
/** Names of fields by which a person or a bank account is known: of these the end is shown. */
const PERSONAL =
  /^(tax_?id|rut|ruc|nit|destination|account(_?(number|id|holder))?|fpay_?id|payoneer_?payee_?id|iban|swift|bank_?account.*|clabe|cci|document_?number)$/i
/** Names of fields that say who somebody is, or where: of these the first letter is shown. */
const NAMED =
  /^((legal|first|last|full|beneficiary|holder|business|company)?_?name|email|e_?mail|phone.*|address.*|street|birth.*|dob|description)$/i

/** The last four characters; of a short text nothing. */
export const maskEnd = (text: string): string =>
  text.length < 8 ? '*'.repeat(text.length) : `${'*'.repeat(Math.min(text.length - 4, 8))}${text.slice(-4)}`

const maskName = (text: string): string => (text === '' ? '' : `${text.slice(0, 1)}***`)

/** A value with its secrets and its personal data masked, whatever its shape. @param name - of the field that holds it */
export function masked(value: unknown, name = ''): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (SECRET.test(name)) return '***'
  if (Array.isArray(value)) return value.map((one) => masked(one, name))
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, key)]))
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return null
  const text = String(value)
  if (/^(tax_?id|rut|ruc|nit)$/i.test(name)) return maskTaxId(text)
  if (PERSONAL.test(name)) return maskEnd(text)
  if (NAMED.test(name)) return maskName(text)
  return typeof value === 'bigint' ? text : value
}

/** The same of an object. */
export const maskedFacts = (facts: object | null): Record<string, unknown> =>
  facts === null ? {} : (masked(facts) as Record<string, unknown>)
