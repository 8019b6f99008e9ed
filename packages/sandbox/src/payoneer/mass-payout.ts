import type { Currency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import { z } from 'zod'
import { Refusal, type Reply } from '../kit/http.ts'
import { behaviourOf, isPayeeId, SANDBOX_CODES } from './test-payees.ts'

/** One payment as submitted. */
export interface PaymentRequest {
  readonly clientReferenceId: string
  readonly payeeId: string
  readonly money: Money
  readonly description: string
}

interface ItemError {
  readonly target: string
  readonly message: string
  readonly sub_code: number
}

/** Payoneer's error body (facts: marketplace §5). */
export function payoneerError(
  status: number,
  error: { name: string; description: string; subCode?: number; errors?: readonly object[] },
): Reply {
  const details = { code: status, sub_code: error.subCode ?? status, ...(error.errors && { errors: error.errors }) }
  return { status, body: { error: error.name, error_description: error.description, error_details: details } }
}

const text = z.string().min(1)
const itemSchema = z.object({
  client_reference_id: text.max(100),
  payee_id: text,
  amount: z.object({ digits: text }), // from readNumbersExactly: a JSON number, not a string
  currency: text,
  description: text,
})
const items = z.array(z.unknown()).min(1).max(500)
const bodySchema = z.union([
  z.object({ Payments: items }).transform(({ Payments }) => Payments),
  z.object({ payments: items }).transform(({ payments }) => payments),
])

/**
 * Reads a batch, all or nothing: one bad item refuses the whole.
 * @param isTaken - whether the program has seen the reference before
 * @throws Refusal 400 that names every bad item
 */
export function readBatch(
  raw: Buffer,
  program: { currency: Currency; isTaken: (clientReferenceId: string) => boolean },
): PaymentRequest[] {
  const batch = bodySchema.safeParse(readNumbersExactly(raw))
  if (!batch.success) throw refused([invalid('Payments', 'a list of 1 to 500 payments')])
  const errors: ItemError[] = []
  const requests: PaymentRequest[] = []
  const inBatch = new Set<string>()
  for (const [index, item] of batch.data.entries()) {
    const read = readItem(item, `Payments[${index}]`, program.currency)
    if ('sub_code' in read) errors.push(read)
    else if (inBatch.has(read.clientReferenceId) || program.isTaken(read.clientReferenceId)) {
      errors.push({
        target: `Payments[${index}].client_reference_id`,
        message: 'client_reference_id already exists',
        sub_code: SANDBOX_CODES.duplicateReference,
      })
    } else requests.push(read)
    if (!('sub_code' in read)) inBatch.add(read.clientReferenceId)
  }
  if (errors.length > 0) throw refused(errors)
  return requests
}

function readItem(item: unknown, target: string, currency: Currency): PaymentRequest | ItemError {
  const parsed = itemSchema.safeParse(item)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return invalid([target, issue?.path[0]].filter(Boolean).join('.'), issue?.message ?? 'not a payment')
  }
  const { client_reference_id, payee_id, amount, description } = parsed.data
  if (parsed.data.currency !== currency) return invalid(`${target}.currency`, `this program pays ${currency}`)
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(amount.digits) || parseMajor(amount.digits, currency) <= 0n) {
    return invalid(`${target}.amount`, 'more than 0, at most two decimals')
  }
  if (!isPayeeId(payee_id) || behaviourOf(payee_id).unknown) {
    return { target: `${target}.payee_id`, message: 'payee not found', sub_code: SANDBOX_CODES.payeeNotFound }
  }
  const money = { amount: parseMajor(amount.digits, currency), currency }
  return { clientReferenceId: client_reference_id, payeeId: payee_id, money, description }
}

const invalid = (target: string, message: string): ItemError => ({
  target,
  message,
  sub_code: SANDBOX_CODES.invalidField,
})

function refused(errors: readonly ItemError[]): Refusal {
  const description = 'One or more payments failed validation; none was created'
  const subCode = errors[0]?.sub_code
  return new Refusal(
    payoneerError(400, { name: 'Bad Request', description, errors, ...(subCode !== undefined && { subCode }) }),
  )
}

/** Amounts are JSON numbers in major units, so they are read digit by digit: a float could not carry every amount. */
function readNumbersExactly(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'), (_, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? { digits: context?.source ?? '' } : value,
    )
  } catch (error) {
    throw refused([invalid('body', `not JSON: ${(error as Error).message}`)])
  }
}
