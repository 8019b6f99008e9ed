import { type Currency, currency } from '@remesa/domain/currency'
import type { RecordType } from './fields.ts'
import { isObject, type Line } from './record-body.ts'
import type { RecordStore, StoredRecord } from './record-store.ts'
import { invalidContent, userError } from './refusal.ts'
import { minorUnits, openAmount, type Transaction, type TransactionBook, type TransactionType } from './transactions.ts'

/** What the rules look at. */
export interface Ledger {
  readonly store: RecordStore
  readonly book: TransactionBook
  /** Closed accounting periods, `YYYY-MM`. */
  readonly closedPeriods: ReadonlySet<string>
  /** IANA: the company's. */
  readonly timeZone: string
}

/** The record type that a transaction's entity must be of. */
const ENTITY_TYPES: Partial<Record<RecordType, 'vendor' | 'customer'>> = {
  vendorSubsidiaryRelationship: 'vendor',
  vendorBill: 'vendor',
  vendorPayment: 'vendor',
  invoice: 'customer',
}

export const TRANSACTION_TYPES: Partial<Record<RecordType, TransactionType>> = {
  vendorBill: 'VendBill',
  invoice: 'CustInvc',
  vendorPayment: 'VendPymt',
}

/**
 * Turns references by external id into internal ids.
 * @throws Refusal when a subsidiary, currency or entity that is referred to does not exist.
 */
export function resolveReferences(
  { store }: Ledger,
  type: RecordType,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const resolved: Record<string, unknown> = { ...fields }
  const targets = { subsidiary: 'subsidiary', currency: 'currency', entity: ENTITY_TYPES[type] } as const
  for (const [name, target] of Object.entries(targets)) {
    const reference = fields[name]
    if (target === undefined || !isObject(reference)) continue
    const key = typeof reference.id === 'string' ? reference.id : `eid:${reference.externalId}`
    const found = store.find(target, key)
    if (found === undefined) throw invalidContent(`Invalid Field Value ${key} for the following field: ${name}.`, name)
    resolved[name] = { id: found.id }
  }
  return resolved
}

/** @throws Refusal when an entity cannot be saved as it would be. */
export function checkEntity({ book }: Ledger, record: StoredRecord, previous: StoredRecord | undefined): void {
  const { isPerson, companyName, firstName, lastName } = record.fields
  if (isPerson === true ? !(firstName && lastName) : !companyName) {
    const needed = isPerson === true ? 'firstName, lastName' : 'companyName'
    throw userError(`Please enter value(s) for: ${needed}.`, needed.split(',')[0])
  }
  if (previous && idIn(previous, 'subsidiary') !== idIn(record, 'subsidiary') && book.hasAnyOf(record.id)) {
    throw userError('The primary subsidiary cannot be changed: the entity has transactions.', 'subsidiary')
  }
}

/** @throws Refusal when the vendor is in the subsidiary already, as its primary one or through another record. */
export function checkRelationship({ store }: Ledger, record: StoredRecord): void {
  const vendor = store.get('vendor', idIn(record, 'entity'))
  const subsidiary = idIn(record, 'subsidiary')
  const twin = store.relationshipsOf(vendor.id).find((other) => idIn(other, 'subsidiary') === subsidiary)
  if (idIn(vendor, 'subsidiary') === subsidiary || (twin && twin.id !== record.id)) {
    throw userError('This record already exists: the vendor is in this subsidiary.', 'subsidiary')
  }
}

/**
 * Reads a bill, an invoice or a payment as the books see it.
 * @throws Refusal when it may not be posted: a field missing, the vendor not in the subsidiary, the currency not on the
 *   entity, the period closed, or a payment applied to more than is open.
 */
export function toTransaction(ledger: Ledger, record: StoredRecord, previous: Transaction | undefined): Transaction {
  const type = TRANSACTION_TYPES[record.type]
  if (type === undefined) throw new Error(`${record.type} is not a transaction`)
  const entity = ledger.store.get(type === 'CustInvc' ? 'customer' : 'vendor', idIn(record, 'entity'))
  const currencyId = idIn(record, 'currency')
  const subsidiary = idIn(record, 'subsidiary') || idIn(entity, 'subsidiary')
  checkPosting(ledger, { record, entity, subsidiary, currencyId })

  const code = currency(String(ledger.store.get('currency', currencyId).fields.symbol))
  const transaction: Transaction = {
    id: record.id,
    type,
    record,
    tranId: record.fields.tranId as string | undefined,
    entity: entity.id,
    subsidiary,
    currency: code,
    currencyId,
    tranDate: String(record.fields.tranDate),
    total: 0n,
    applied: previous?.applied ?? new Map(),
    ...flagsOf(record),
    voided: previous?.voided ?? false,
    modifiedAt: record.modifiedAt,
  }
  if (type === 'VendPymt') {
    let paid = 0n
    for (const amount of appliedAmounts(ledger, transaction).values()) paid += amount
    return { ...transaction, total: paid }
  }
  const billed = { ...transaction, total: sumOfLines(record, code) }
  if (openAmount(billed) < 0n) throw userError('The total is less than what has been paid of it.', 'expense')
  return billed
}

/**
 * What a payment takes of each bill, in minor units, by the bill's internal id.
 * @throws Refusal when a line names no open bill of this vendor, subsidiary and currency, or more than is open of it.
 */
export function appliedAmounts({ book }: Ledger, payment: Transaction): Map<string, bigint> {
  const amounts = new Map<string, bigint>()
  for (const [index, line] of (payment.record.sublists.apply ?? []).entries()) {
    if (line.apply === false) continue
    const path = `apply.items[${index}]`
    const doc = isObject(line.doc) ? line.doc.id : undefined
    if (typeof doc !== 'string' || doc.startsWith('eid:'))
      throw invalidContent('doc takes an internal id only.', `${path}.doc`)
    const bill = book.get(doc)
    if (bill?.type !== 'VendBill' || bill.entity !== payment.entity || bill.voided) {
      throw userError(`Invalid apply reference key ${doc} for entity ${payment.entity}.`, `${path}.doc`)
    }
    if (bill.currency !== payment.currency) {
      throw userError(`Bill ${doc} is in ${bill.currency}, the payment in ${payment.currency}.`, `${path}.doc`)
    }
    if (bill.subsidiary !== payment.subsidiary) throw userError(`Bill ${doc} is in another subsidiary.`, `${path}.doc`)
    if (bill.pendingApproval) throw userError(`Bill ${doc} is pending approval.`, `${path}.doc`)
    if (bill.paymentHold) throw userError(`Bill ${doc} is on payment hold.`, `${path}.doc`)
    const open = openAmount(bill) + (bill.applied.get(payment.id) ?? 0n)
    const amount = line.amount === undefined ? open : minorUnits(line.amount, payment.currency, `${path}.amount`)
    if (amount <= 0n) throw userError('The amount to apply must be above zero.', `${path}.amount`)
    if (amount > open) throw userError(`The amount to apply exceeds what is open of bill ${doc}.`, `${path}.amount`)
    amounts.set(doc, amount)
  }
  if (amounts.size === 0) throw userError('You must apply the payment to at least one bill.', 'apply')
  return amounts
}

/** What keeps a bill from being paid, as its record says. */
export const flagsOf = (record: StoredRecord): Pick<Transaction, 'pendingApproval' | 'paymentHold'> => ({
  pendingApproval: idIn(record, 'approvalStatus') === '1',
  paymentHold: record.fields.paymentHold === true,
})

/** The internal id that a reference field holds; empty when it holds none. */
export function idIn(record: StoredRecord, field: string): string {
  const reference = record.fields[field]
  return isObject(reference) && typeof reference.id === 'string' ? reference.id : ''
}

function checkPosting(
  { store, closedPeriods }: Ledger,
  posting: { record: StoredRecord; entity: StoredRecord; subsidiary: string; currencyId: string },
): void {
  const { record, entity, subsidiary, currencyId } = posting
  const subsidiaries = [idIn(entity, 'subsidiary')]
  for (const relationship of store.relationshipsOf(entity.id)) subsidiaries.push(idIn(relationship, 'subsidiary'))
  if (entity.type === 'vendor' && !subsidiaries.includes(subsidiary)) {
    throw userError(`Vendor ${entity.id} is not in subsidiary ${subsidiary}: it needs a relationship.`, 'subsidiary')
  }
  const currencies = [idIn(entity, 'currency') || baseCurrencyOf(store, idIn(entity, 'subsidiary'))]
  for (const line of entity.sublists.currencyList ?? []) {
    if (isObject(line.currency)) currencies.push(String(line.currency.id))
  }
  if (!currencies.includes(currencyId)) {
    const name = store.find('currency', currencyId)?.fields.symbol ?? currencyId
    throw userError(`Currency ${name} is not on ${entity.type} ${entity.id}: add it to its currencyList.`, 'currency')
  }
  const period = String(record.fields.tranDate).slice(0, 7)
  if (closedPeriods.has(period)) throw userError(`The posting period ${period} is closed.`, 'tranDate')
}

function baseCurrencyOf(store: RecordStore, subsidiary: string): string {
  const record = store.find('subsidiary', subsidiary)
  return record === undefined ? '' : idIn(record, 'currency')
}

function sumOfLines(record: StoredRecord, code: Currency): bigint {
  let total = 0n
  for (const name of ['expense', 'item']) {
    for (const [index, line] of (record.sublists[name] ?? []).entries()) {
      total += minorUnits(amountOf(line), code, `${name}.items[${index}].amount`)
    }
  }
  if (total < 0n) throw userError('The total of a transaction cannot be negative.', 'total')
  return total
}

const amountOf = (line: Line): unknown => line.amount ?? line.grossAmt
