import type { Money } from '@remesa/domain/money'
import type { SandboxRequest } from '../kit/http.ts'
import { isStripeCurrency, moneyFromStripe } from './currencies.ts'
import { invalid } from './errors.ts'
import { bodyParameters, type MetadataChanges } from './parameters.ts'

/** What can be expanded of a transfer and of its reversals. */
export const TRANSFER_FIELDS = ['balance_transaction', 'destination'] as const
export const REVERSAL_FIELDS = ['balance_transaction', 'transfer'] as const

/** What a caller asks of `POST /v1/transfers` (facts: stripe §2). */
export interface TransferRequest {
  /** Stripe's minor units, positive. */
  readonly amount: bigint
  /** Lower case. */
  readonly currency: string
  readonly money: Money
  readonly destination: string
  readonly description: string | null
  readonly metadata: MetadataChanges
  readonly sourceTransaction: string | undefined
  readonly sourceType: string
  readonly transferGroup: string | null
  readonly expand: readonly string[]
}

const CREATE = [
  ...['amount', 'currency', 'destination', 'description', 'expand', 'metadata'],
  ...['source_transaction', 'source_type', 'transfer_group'],
]
const SOURCE_TYPES = ['card', 'bank_account', 'fpx']

/** @throws Refusal 400 for whatever is wrong first; found before the work, so that nothing is stored */
export function readTransferRequest(request: SandboxRequest): TransferRequest {
  const given = bodyParameters(request, CREATE)
  const currency = given.required('currency')
  if (!isStripeCurrency(currency)) throw invalid('currency', `Invalid currency: ${currency}`)
  const destination = given.required('destination')
  given.required('amount')
  const amount = given.positiveInteger('amount') ?? 0n
  const sourceType = given.text('source_type') ?? 'card'
  if (!SOURCE_TYPES.includes(sourceType)) {
    throw invalid('source_type', `Invalid source_type: must be one of ${SOURCE_TYPES.join(', ')}`)
  }
  return {
    amount,
    currency,
    money: moneyFromStripe(amount, currency),
    destination,
    description: given.text('description') ?? null,
    metadata: withoutEmpty(given.metadata()),
    sourceTransaction: given.text('source_transaction'),
    sourceType,
    transferGroup: given.text('transfer_group') ?? null,
    expand: given.expand(TRANSFER_FIELDS),
  }
}

export interface TransferUpdate {
  /** null unsets, undefined leaves. */
  readonly description: string | null | undefined
  readonly metadata: MetadataChanges
  readonly expand: readonly string[]
}

/** @throws Refusal 400 */
export function readTransferUpdate(request: SandboxRequest): TransferUpdate {
  const given = bodyParameters(request, ['description', 'metadata', 'expand'])
  return {
    description: given.given('description') ? (given.text('description') ?? null) : undefined,
    metadata: given.metadata(),
    expand: given.expand(TRANSFER_FIELDS),
  }
}

export interface ReversalRequest {
  /** Stripe's minor units; all that is left when undefined. */
  readonly amount: bigint | undefined
  readonly metadata: MetadataChanges
  readonly expand: readonly string[]
}

/** @throws Refusal 400 */
export function readReversalRequest(request: SandboxRequest): ReversalRequest {
  const given = bodyParameters(request, ['amount', 'description', 'metadata', 'refund_application_fee', 'expand'])
  return {
    amount: given.positiveInteger('amount'),
    metadata: withoutEmpty(given.metadata()),
    expand: given.expand(REVERSAL_FIELDS),
  }
}

/** @throws Refusal 400 */
export function readReversalUpdate(request: SandboxRequest): Pick<ReversalRequest, 'metadata' | 'expand'> {
  const given = bodyParameters(request, ['metadata', 'expand'])
  return { metadata: given.metadata(), expand: given.expand(REVERSAL_FIELDS) }
}

const withoutEmpty = (metadata: MetadataChanges): MetadataChanges =>
  new Map([...metadata].filter(([, value]) => value !== ''))
