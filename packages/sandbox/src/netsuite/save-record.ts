import { Refusal } from '../kit/http.ts'
import { fieldKindOf, RECORDS, type RecordType } from './fields.ts'
import { isObject, type Line, type RecordBody } from './record-body.ts'
import type { StoredRecord } from './record-store.ts'
import { errorReply, invalidContent, type RefusalDetail, userError } from './refusal.ts'
import {
  appliedAmounts,
  checkEntity,
  checkRelationship,
  type Ledger,
  resolveReferences,
  TRANSACTION_TYPES,
  toTransaction,
} from './rules.ts'

export interface SaveRequest {
  readonly type: RecordType
  /** The record to change; a new one is made when left out. */
  readonly previous?: StoredRecord | undefined
  /** Of a PUT to `eid:…`; the body may repeat it but not differ. */
  readonly externalId?: string | undefined
  readonly body: RecordBody
  /** Sublists whose lines are replaced instead of merged: `?replace=expense,item`. */
  readonly replace: ReadonlySet<string>
  readonly at: Date
}

/**
 * Checks and saves a record, and posts what it does to the books: all of it or nothing.
 * @throws Refusal when a rule forbids it
 */
export function saveRecord(ledger: Ledger, request: SaveRequest): StoredRecord {
  const { type, previous, body, at } = request
  const { store } = ledger
  const externalId = externalIdOf(request)
  const record: StoredRecord = {
    type,
    id: previous?.id ?? store.newId(type, externalId),
    externalId,
    fields: { ...previous?.fields, ...resolveReferences(ledger, type, body.fields) },
    sublists: mergedSublists(request),
    createdAt: previous?.createdAt ?? at,
    modifiedAt: at,
  }
  refuseMissing(record)
  if (previous === undefined && store.find(type, record.id)) {
    throw userError(`This record already exists: external id ${externalId}.`, 'externalId')
  }
  if (type === 'vendor' || type === 'customer') checkEntity(ledger, record, previous)
  if (type === 'vendorSubsidiaryRelationship') checkRelationship(ledger, record)
  if (TRANSACTION_TYPES[type] === undefined) {
    store.save(record)
    return record
  }
  const booked = ledger.book.get(record.id)
  if (booked !== undefined && isOnlyNoted(body)) {
    store.save(record)
    ledger.book.save({ ...booked, record, modifiedAt: at })
    return record
  }
  const transaction = toTransaction(ledger, record, booked)
  const applied = type === 'vendorPayment' ? appliedAmounts(ledger, transaction) : new Map<string, bigint>()
  store.save(record)
  unapply(ledger, record.id, at)
  ledger.book.save(transaction)
  for (const [billId, amount] of applied) changeApplied(ledger, billId, at, (taken) => taken.set(record.id, amount))
  return record
}

/** @throws Refusal when other records depend on it */
export function deleteRecord(ledger: Ledger, record: StoredRecord, at: Date): void {
  const isUsed =
    ledger.book.hasAnyOf(record.id) ||
    ledger.store.relationshipsOf(record.id).length > 0 ||
    (ledger.book.get(record.id)?.applied.size ?? 0) > 0
  if (isUsed) throw userError('This record cannot be deleted because it has dependent records.')
  unapply(ledger, record.id, at)
  ledger.book.delete(record.id)
  ledger.store.delete(record)
}

/** Whether a change posts nothing, so that a closed period does not matter: a memo, a custom field. */
const isOnlyNoted = ({ fields, sublists }: RecordBody): boolean =>
  Object.keys(sublists).length === 0 && Object.keys(fields).every((name) => name === 'memo' || name.startsWith('cust'))

/** Gives back to every bill what a payment took of it: before it takes anew, or when it is deleted. */
function unapply(ledger: Ledger, paymentId: string, at: Date): void {
  for (const line of ledger.book.get(paymentId)?.record.sublists.apply ?? []) {
    if (isObject(line.doc)) changeApplied(ledger, String(line.doc.id), at, (taken) => taken.delete(paymentId))
  }
}

/** A bill is modified by what is applied to it, too. */
function changeApplied(
  { book }: Ledger,
  billId: string,
  modifiedAt: Date,
  change: (taken: Map<string, bigint>) => void,
): void {
  const bill = book.get(billId)
  if (bill === undefined) return
  const applied = new Map(bill.applied)
  change(applied)
  book.save({ ...bill, applied, modifiedAt })
}

function externalIdOf({ previous, externalId, body }: SaveRequest): string | undefined {
  const inBody = typeof body.fields.externalId === 'string' ? body.fields.externalId : undefined
  if (externalId !== undefined && inBody !== undefined && inBody !== externalId) {
    throw invalidContent('The external id in the body differs from the one in the URL.', 'externalId')
  }
  return externalId ?? inBody ?? previous?.externalId
}

function refuseMissing(record: StoredRecord): void {
  const missing: RefusalDetail[] = RECORDS[record.type].required
    .filter((name) => record.fields[name] === undefined || record.fields[name] === null)
    .map((name) => ({
      detail: `Please enter value(s) for: ${name}.`,
      'o:errorCode': 'USER_ERROR',
      'o:errorPath': name,
    }))
  if (missing.length > 0) throw new Refusal(errorReply(400, missing))
}

/**
 * Lines are merged by the key of their sublist, and those without one are appended: a bill that is upserted twice has
 * its lines twice unless the request says `replace` (facts: netsuite §2).
 */
function mergedSublists({ type, previous, body, replace }: SaveRequest): Record<string, readonly Line[]> {
  const merged: Record<string, readonly Line[]> = { ...previous?.sublists }
  for (const [name, given] of Object.entries(body.sublists)) {
    const field = fieldKindOf(type, name)
    const key = field?.kind === 'sublist' ? field.key : 'line'
    const lines: Line[] = replace.has(name) ? [] : [...(merged[name] ?? [])]
    for (const line of given) {
      const at = lines.findIndex((other) => keyOf(other, key) !== undefined && keyOf(other, key) === keyOf(line, key))
      if (at >= 0) lines[at] = { ...lines[at], ...line }
      else lines.push(key === 'line' ? { ...line, line: nextLine(lines) } : line)
    }
    merged[name] = lines
  }
  return merged
}

function keyOf(line: Line, key: 'line' | 'doc' | 'currency'): string | undefined {
  const value = line[key]
  if (isObject(value)) return String(value.id)
  return value === undefined ? undefined : String(value)
}

const nextLine = (lines: readonly Line[]): number => 1 + Math.max(0, ...lines.map(({ line }) => Number(line)))
