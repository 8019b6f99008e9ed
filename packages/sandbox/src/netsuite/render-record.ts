import { formatMajor } from '@remesa/domain/money'
import { isObject, type Line } from './record-body.ts'
import type { StoredRecord } from './record-store.ts'
import type { Ledger } from './rules.ts'
import { openAmount, type Transaction } from './transactions.ts'

export interface RenderOptions {
  /** `http://…/services/rest/record/v1` */
  readonly recordUrl: string
  readonly expandSubResources: boolean
  /** Only these fields, when given. */
  readonly fields?: ReadonlySet<string> | undefined
}

/** A record as a GET answers it: with links, names of what it refers to, and what the books work out. */
export function renderRecord(ledger: Ledger, record: StoredRecord, options: RenderOptions): object {
  const self = `${options.recordUrl}/${record.type}/${record.id}`
  const whole: Record<string, unknown> = { id: record.id }
  if (record.externalId !== undefined) whole.externalId = record.externalId
  for (const [name, value] of Object.entries(record.fields)) whole[name] = withName(ledger, name, value, options)
  for (const [name, lines] of Object.entries(record.sublists)) {
    const links = [{ rel: 'self', href: `${self}/${name}` }]
    whole[name] = options.expandSubResources
      ? { links, items: lines.map(renderLine), totalResults: lines.length }
      : { links }
  }
  const transaction = ledger.book.get(record.id)
  if (transaction) Object.assign(whole, computedFields(transaction))
  whole.createdDate = record.createdAt.toISOString()
  whole.lastModifiedDate = record.modifiedAt.toISOString()

  const kept = Object.entries(whole).filter(([name]) => options.fields === undefined || options.fields.has(name))
  return { links: [{ rel: 'self', href: self }], ...Object.fromEntries(kept) }
}

function computedFields(transaction: Transaction): Record<string, unknown> {
  const open = openAmount(transaction)
  const total = asNumber(formatMajor(transaction.total, transaction.currency))
  const status = statusOf(transaction)
  if (transaction.type === 'VendPymt') return { total, status }
  return { total, userTotal: total, amountRemaining: asNumber(formatMajor(open, transaction.currency)), status }
}

/** The letter SuiteQL shows and the words a person reads. */
export function statusOf(transaction: Transaction): { id: string; refName: string } {
  if (transaction.voided) return { id: 'V', refName: 'Voided' }
  if (transaction.type === 'VendPymt') return { id: 'F', refName: 'Not Deposited' }
  if (transaction.pendingApproval) return { id: 'D', refName: 'Pending Approval' }
  return openAmount(transaction) > 0n ? { id: 'A', refName: 'Open' } : { id: 'B', refName: 'Paid In Full' }
}

function withName({ store }: Ledger, name: string, value: unknown, { recordUrl }: RenderOptions): unknown {
  if (!isObject(value) || typeof value.id !== 'string') return value
  if (name !== 'subsidiary' && name !== 'currency') return value
  const target = store.find(name, value.id)
  const links = [{ rel: 'self', href: `${recordUrl}/${name}/${value.id}` }]
  return { links, id: value.id, refName: target?.fields.name }
}

const renderLine = (line: Line): Line =>
  typeof line.amount === 'string' ? { ...line, amount: asNumber(line.amount) } : line

/** NetSuite writes amounts as JSON numbers. Nothing is computed with this one, and 15 digits survive it. */
const asNumber = (amount: string): number => Number(amount)
