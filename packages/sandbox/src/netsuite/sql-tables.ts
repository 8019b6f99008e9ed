import { formatMajor } from '@remesa/domain/money'
import type { RecordType } from './fields.ts'
import { isObject } from './record-body.ts'
import type { StoredRecord } from './record-store.ts'
import { statusOf } from './render-record.ts'
import { idIn, type Ledger } from './rules.ts'
import { type SqlValue, sqlId, sqlNumber } from './sql-values.ts'
import { openAmount, type Transaction } from './transactions.ts'

type Column<Source> = (source: Source) => SqlValue

/** A table of SuiteQL over the sandbox's records. Names are in lower case. */
export interface SqlTable<Source = unknown> {
  readonly columns: Readonly<Record<string, Column<Source>>>
  /** What BUILTIN.DF shows, where that is not the value itself. */
  readonly displays: Readonly<Record<string, Column<Source>>>
  /** @param entities - only rows of these entities matter, when given; others may come all the same */
  rows(entities?: ReadonlySet<string>): Iterable<Source>
  /** The rows with this value in a column, for the columns that joins go by. */
  readonly lookUps: Readonly<Record<string, (value: string) => readonly Source[]>>
}

interface TransactionLine {
  readonly transaction: Transaction
  /** 0 is the main line: the header's own. */
  readonly line: number
}

/** @returns undefined when there is no such table */
export function tableOf(ledger: Ledger, name: string): SqlTable | undefined {
  switch (name) {
    case 'transaction':
      return transactionTable(ledger) as SqlTable
    case 'transactionline':
      return lineTable(ledger) as SqlTable
    case 'currency':
      return recordTable(ledger, 'currency', { symbol: field('symbol'), name: field('name') }) as SqlTable
    case 'subsidiary':
      return recordTable(ledger, 'subsidiary', {
        name: field('name'),
        country: field('country'),
        currency: reference('currency'),
      }) as SqlTable
    case 'vendor':
    case 'customer':
      return recordTable(ledger, name, ENTITY_COLUMNS) as SqlTable
    case 'vendorsubsidiaryrelationship':
      return recordTable(ledger, 'vendorSubsidiaryRelationship', {
        entity: reference('entity'),
        subsidiary: reference('subsidiary'),
      }) as SqlTable
    default:
      return undefined
  }
}

const flag = (value: boolean): string => (value ? 'T' : 'F')

/** What clocks on the company's walls show, to the second, written as if it were UTC: SuiteQL names no zone. */
function onTheWall(at: Date, timeZone: string): Date {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).toPlainDateTime()
  return new Date(`${local.round({ smallestUnit: 'second', roundingMode: 'floor' }).toString()}Z`)
}

const day = (text: unknown): SqlValue => (typeof text === 'string' ? new Date(`${text}T00:00:00Z`) : null)

/** Bills and payments to vendors are negative, what customers owe is positive (facts: netsuite §6). */
const signedTotal = (transaction: Transaction): SqlValue => {
  const { type, total, currency } = transaction
  return sqlNumber(formatMajor(type === 'CustInvc' ? total : -total, currency))
}

function transactionTable({ book, store, timeZone }: Ledger): SqlTable<Transaction> {
  const unlessPayment = (column: Column<Transaction>): Column<Transaction> => {
    return (transaction) => (transaction.type === 'VendPymt' ? null : column(transaction))
  }
  const nameOf = (type: RecordType, id: string): SqlValue => {
    const fields = store.find(type, id)?.fields
    return (fields?.companyName ?? fields?.name ?? null) as SqlValue
  }
  return {
    columns: {
      id: ({ id }) => sqlId(id),
      tranid: ({ tranId }) => tranId ?? null,
      externalid: ({ record }) => record.externalId ?? null,
      type: ({ type }) => type,
      trandate: ({ tranDate }) => day(tranDate),
      duedate: ({ record }) => day(record.fields.dueDate),
      createddate: ({ record }) => onTheWall(record.createdAt, timeZone),
      lastmodifieddate: ({ modifiedAt }) => onTheWall(modifiedAt, timeZone),
      entity: ({ entity }) => sqlId(entity),
      currency: ({ currencyId }) => sqlId(currencyId),
      foreigntotal: signedTotal,
      foreignamountunpaid: unlessPayment((bill) => sqlNumber(formatMajor(openAmount(bill), bill.currency))),
      foreignamountpaid: unlessPayment((bill) => sqlNumber(formatMajor(bill.total - openAmount(bill), bill.currency))),
      status: (transaction) => statusOf(transaction).id,
      approvalstatus: ({ type, pendingApproval }) => {
        return type === 'VendBill' ? sqlNumber(pendingApproval ? '1' : '2') : null
      },
      posting: ({ pendingApproval, voided }) => flag(!pendingApproval && !voided),
      voided: ({ voided }) => flag(voided),
      paymenthold: ({ type, paymentHold }) => (type === 'VendBill' ? flag(paymentHold) : null),
      memo: ({ record }) => (record.fields.memo as string | undefined) ?? null,
    },
    displays: {
      status: (transaction) => statusOf(transaction).refName,
      currency: ({ currency }) => currency,
      entity: ({ type, entity }) => nameOf(type === 'CustInvc' ? 'customer' : 'vendor', entity),
    },
    rows: (entities) => (entities === undefined ? book.all() : book.ofEntities(entities)),
    lookUps: { id: (id) => present(book.get(id)), entity: (entity) => [...book.ofEntities([entity])] },
  }
}

/** One main line per transaction and one per line of its sublists: a join that forgets `mainline` counts twice. */
function lineTable({ book, store }: Ledger): SqlTable<TransactionLine> {
  const linesOf = (transaction: Transaction | undefined): TransactionLine[] => {
    if (transaction === undefined) return []
    const { expense = [], item = [], apply = [] } = transaction.record.sublists
    return Array.from({ length: 1 + expense.length + item.length + apply.length }, (_, line) => ({ transaction, line }))
  }
  return {
    columns: {
      id: ({ line }) => sqlNumber(String(line)),
      transaction: ({ transaction }) => sqlId(transaction.id),
      mainline: ({ line }) => flag(line === 0),
      subsidiary: ({ transaction }) => sqlId(transaction.subsidiary),
      entity: ({ transaction }) => sqlId(transaction.entity),
    },
    displays: {
      subsidiary: ({ transaction }) => {
        return (store.find('subsidiary', transaction.subsidiary)?.fields.name as string | undefined) ?? null
      },
    },
    *rows(entities) {
      for (const transaction of entities === undefined ? book.all() : book.ofEntities(entities)) {
        yield* linesOf(transaction)
      }
    },
    lookUps: { transaction: (id) => linesOf(book.get(id)) },
  }
}

const field =
  (name: string): Column<StoredRecord> =>
  ({ fields }) => {
    const value = fields[name]
    if (typeof value === 'boolean') return flag(value)
    if (isObject(value) && typeof value.id === 'string') return sqlNumber(value.id)
    return value === undefined || value === null ? null : String(value)
  }

const reference =
  (name: string): Column<StoredRecord> =>
  (record) => {
    const id = idIn(record, name)
    return id === '' ? null : sqlId(id)
  }

const ENTITY_COLUMNS: Readonly<Record<string, Column<StoredRecord>>> = {
  entityid: field('entityId'),
  companyname: field('companyName'),
  legalname: field('legalName'),
  email: field('email'),
  phone: field('phone'),
  isinactive: ({ fields }) => flag(fields.isInactive === true),
  subsidiary: reference('subsidiary'),
  currency: reference('currency'),
  custentity_gsc_seller_id: field('custentity_gsc_seller_id'),
  custentity_fpay_id: field('custentity_fpay_id'),
}

function recordTable(
  { store, timeZone }: Ledger,
  type: RecordType,
  columns: Readonly<Record<string, Column<StoredRecord>>>,
): SqlTable<StoredRecord> {
  return {
    columns: {
      id: ({ id }) => sqlId(id),
      externalid: ({ externalId }) => externalId ?? null,
      lastmodifieddate: ({ modifiedAt }) => onTheWall(modifiedAt, timeZone),
      ...columns,
    },
    displays: {},
    rows: () => store.all(type),
    lookUps: { id: (id) => present(store.find(type, id)) },
  }
}

const present = <Value>(value: Value | undefined): Value[] => (value === undefined ? [] : [value])
