import type { Currency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import type { StoredRecord } from './record-store.ts'
import { invalidContent } from './refusal.ts'

/** Codes of `transaction.type` in SuiteQL. */
export type TransactionType = 'VendBill' | 'CustInvc' | 'VendPymt'

/** A bill, an invoice or a payment as the books see it. */
export interface Transaction {
  readonly id: string
  readonly type: TransactionType
  readonly record: StoredRecord
  readonly tranId: string | undefined
  /** Internal id of a vendor or customer; a document may name one that is created after it. */
  readonly entity: string
  readonly subsidiary: string
  readonly currency: Currency
  readonly currencyId: string
  /** `YYYY-MM-DD` */
  readonly tranDate: string
  /** Minor units, never negative: the sign is SuiteQL's business. */
  readonly total: bigint
  /** What payments have taken of it, in minor units, by the payment's id. */
  readonly applied: ReadonlyMap<string, bigint>
  readonly pendingApproval: boolean
  readonly paymentHold: boolean
  readonly voided: boolean
  readonly modifiedAt: Date
}

/** What is still open of a bill or an invoice, in minor units. */
export function openAmount({ total, applied }: Pick<Transaction, 'total' | 'applied'>): bigint {
  let open = total
  for (const amount of applied.values()) open -= amount
  return open
}

/** The amount of a line, which JSON carries as a number of major units; read from its digits, never computed with. */
export function minorUnits(value: unknown, currency: Currency, path: string): bigint {
  if (typeof value !== 'number' && typeof value !== 'string') throw invalidContent(`${path}: expected an amount.`, path)
  try {
    return parseMajor(String(value), currency)
  } catch {
    throw invalidContent(`Invalid amount ${value} for currency ${currency}.`, path)
  }
}

/** Transactions by id and by entity: a day's query names a thousand entities, not the whole table. */
export class TransactionBook {
  readonly #byId = new Map<string, Transaction>()
  readonly #byEntity = new Map<string, Set<string>>()

  get(id: string): Transaction | undefined {
    return this.#byId.get(id)
  }

  save(transaction: Transaction): void {
    this.delete(transaction.id)
    this.#byId.set(transaction.id, transaction)
    const ids = this.#byEntity.get(transaction.entity) ?? new Set()
    ids.add(transaction.id)
    this.#byEntity.set(transaction.entity, ids)
  }

  delete(id: string): void {
    const transaction = this.#byId.get(id)
    if (transaction === undefined) return
    this.#byId.delete(id)
    this.#byEntity.get(transaction.entity)?.delete(id)
  }

  all(): Iterable<Transaction> {
    return this.#byId.values()
  }

  hasAnyOf(entity: string): boolean {
    return (this.#byEntity.get(entity)?.size ?? 0) > 0
  }

  *ofEntities(entities: Iterable<string>): Generator<Transaction> {
    for (const entity of entities) {
      for (const id of this.#byEntity.get(entity) ?? []) {
        const transaction = this.#byId.get(id)
        if (transaction !== undefined) yield transaction
      }
    }
  }
}
