/** What a field of a record may hold. A `sublist` names the key that tells its lines apart when they are merged. */
export type FieldKind =
  | { readonly kind: 'text'; readonly maxLength: number }
  | { readonly kind: 'boolean' | 'number' | 'date' | 'reference' | 'computed' | 'custom' }
  | { readonly kind: 'sublist'; readonly key: 'line' | 'doc' | 'currency' }

const text = (maxLength = 300): FieldKind => ({ kind: 'text', maxLength })
const boolean: FieldKind = { kind: 'boolean' }
const number: FieldKind = { kind: 'number' }
const date: FieldKind = { kind: 'date' }
const reference: FieldKind = { kind: 'reference' }
/** NetSuite works it out; sending it is an error (facts: netsuite §3). */
const computed: FieldKind = { kind: 'computed' }
const lines: FieldKind = { kind: 'sublist', key: 'line' }

interface RecordDefinition {
  readonly fields: Readonly<Record<string, FieldKind>>
  /** Without these a record cannot be saved. */
  readonly required: readonly string[]
}

const entity: Readonly<Record<string, FieldKind>> = {
  externalId: text(),
  entityId: text(),
  companyName: text(83),
  legalName: text(83),
  firstName: text(32),
  lastName: text(32),
  isPerson: boolean,
  isInactive: boolean,
  subsidiary: reference,
  currency: reference,
  email: text(254),
  phone: text(32),
  vatRegNumber: text(20),
  taxIdNum: text(20),
  category: reference,
  terms: reference,
  comments: text(4000),
  currencyList: { kind: 'sublist', key: 'currency' },
  balance: computed,
}

const transaction: Readonly<Record<string, FieldKind>> = {
  externalId: text(),
  entity: reference,
  subsidiary: reference,
  currency: reference,
  exchangeRate: number,
  tranId: text(45),
  tranDate: date,
  memo: text(4000),
  department: reference,
  class: reference,
  location: reference,
  postingPeriod: reference,
  status: computed,
  total: computed,
  userTotal: computed,
}

export const RECORDS = {
  vendor: { fields: entity, required: ['subsidiary'] },
  customer: { fields: entity, required: ['subsidiary'] },
  vendorSubsidiaryRelationship: {
    fields: { externalId: text(), entity: reference, subsidiary: reference, isInactive: boolean },
    required: ['entity', 'subsidiary'],
  },
  vendorBill: {
    fields: {
      ...transaction,
      account: reference,
      dueDate: date,
      approvalStatus: reference,
      paymentHold: boolean,
      expense: lines,
      item: lines,
      amountRemaining: computed,
    },
    required: ['entity', 'subsidiary', 'currency', 'tranDate'],
  },
  invoice: {
    fields: {
      ...transaction,
      account: reference,
      dueDate: date,
      terms: reference,
      item: lines,
      amountRemaining: computed,
    },
    required: ['entity', 'subsidiary', 'currency', 'tranDate'],
  },
  vendorPayment: {
    fields: { ...transaction, account: reference, apAcct: reference, apply: { kind: 'sublist', key: 'doc' } },
    required: ['entity', 'currency', 'account', 'tranDate'],
  },
  subsidiary: { fields: { name: text(), country: text(), currency: reference }, required: ['name'] },
  currency: { fields: { name: text(), symbol: text(4) }, required: ['symbol'] },
} as const satisfies Record<string, RecordDefinition>

export type RecordType = keyof typeof RECORDS

const BY_LOWER_CASE = new Map(Object.keys(RECORDS).map((name) => [name.toLowerCase(), name as RecordType]))

/** The record type of a path; its case is not minded in practice (facts: netsuite §1). */
export const recordTypeOf = (pathName: string): RecordType | undefined => BY_LOWER_CASE.get(pathName.toLowerCase())

/** The ERP team makes custom fields (`custentity_fpay_id`), so every name of that form is known. */
export function fieldKindOf(type: RecordType, name: string): FieldKind | undefined {
  const { fields }: RecordDefinition = RECORDS[type]
  if (Object.hasOwn(fields, name)) return fields[name]
  return /^cust[a-z]+_\w+$/.test(name) ? { kind: 'custom' } : undefined
}
