import { type Currency, exponentOf, isCurrency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import { z } from 'zod'
import { Refusal } from '../kit/http.ts'
import { isAccountNumber } from './test-accounts.ts'

/** What a caller asks of `POST /v1/payouts` (facts: marketplace §4.1). */
export interface PayoutRequest {
  readonly externalReference: string
  readonly accountNumber: string
  readonly money: Money
  readonly country: string
  readonly callbackUrl: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** Currencies that the bank pays out in. */
const PAYABLE: ReadonlySet<string> = new Set(
  ['CLP', 'PEN', 'COP', 'MXN', 'ARS', 'BRL', 'UYU', 'BOB', 'PYG', 'USD'].filter(isCurrency),
)

const text = z.string().min(1)
const bodySchema = z.object({
  externalReference: text.max(100),
  accountNumber: text,
  amount: z.object({ value: text, currency: text }),
  country: z.string().regex(/^[A-Z]{2}$/),
  beneficiary: z.object({ taxId: text, name: text }),
  description: text,
  callbackUrl: z.url().optional(),
  metadata: z.record(z.string(), z.string()).default({}),
})

export const fpayError = (status: number, code: string, message: string, more: object = {}) =>
  new Refusal({ status, body: { code, message, ...more } })

/** @throws Refusal 400 with the contract's code for whatever is wrong first. */
export function readPayoutRequest(body: unknown): PayoutRequest {
  const parsed = bodySchema.safeParse(body)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw fpayError(400, 'MISSING_FIELD', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
  }
  const { externalReference, accountNumber, amount, country, callbackUrl, metadata } = parsed.data
  if (!isAccountNumber(accountNumber)) {
    throw fpayError(400, 'INVALID_ACCOUNT_FORMAT', 'accountNumber: FP- and letters, digits, dashes')
  }
  if (!isCurrency(amount.currency) || !PAYABLE.has(amount.currency)) {
    throw fpayError(400, 'INVALID_CURRENCY', `amount.currency: ${amount.currency} cannot be paid`)
  }
  return {
    externalReference,
    accountNumber,
    money: { amount: readAmount(amount.value, amount.currency), currency: amount.currency },
    country,
    callbackUrl,
    metadata,
  }
}

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const listSchema = z.object({
  createdFrom: instant,
  createdTo: instant,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: text.optional(),
})

/** What a caller asks of `GET /v1/payouts` by time. @throws Refusal 400 for a window or a page that is none */
export function readListRequest(query: URLSearchParams): z.output<typeof listSchema> {
  const parsed = listSchema.safeParse(Object.fromEntries(query))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw fpayError(400, 'INVALID_PARAMETER', `${issue?.path.join('.')}: ${issue?.message}`)
}

/** Stricter than our own reader: the contract refuses any fraction of a currency that has none, `.00` too. */
function readAmount(value: string, currency: Currency): bigint {
  const decimals = value.split('.')[1]?.length ?? 0
  if (/^\d{1,15}(\.\d+)?$/.test(value) && decimals <= exponentOf(currency)) {
    const amount = parseMajor(value, currency)
    if (amount > 0n) return amount
  }
  throw fpayError(400, 'INVALID_AMOUNT', `amount.value: not a positive amount in ${currency}`)
}
