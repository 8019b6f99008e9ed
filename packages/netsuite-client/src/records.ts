import type { BusinessDate } from '@remesa/domain/business-date'
import type { Money } from '@remesa/domain/money'
import type { RailName } from '@remesa/domain/rail'
import { jsonAmount } from '@remesa/provider-http/exact-json'
import { internalId } from './ids.ts'

/** What NetSuite is told of a seller. An absent field is left as it is there; null empties it. */
export interface EntityFields {
  /** A new record needs it. */
  readonly name?: string
  /** Primary subsidiary; a new record needs it, and NetSuite refuses to change it once there are transactions. */
  readonly subsidiaryId?: string
  readonly gscSellerId?: string
  readonly taxId?: string
  readonly email?: string | null
  readonly phone?: string | null
  /** Primary currency. */
  readonly currencyId?: string
  /** Currencies that documents may be in, the primary one included; none is ever taken away. */
  readonly currencyIds?: readonly string[]
  readonly inactive?: boolean
}

export interface VendorFields extends EntityFields {
  readonly fpayId?: string | null
  readonly payoneerPayeeId?: string | null
}

/** That a vendor is active in one more subsidiary, and how it is paid there. */
export interface VendorSubsidiaryFields {
  readonly vendorId: string
  readonly subsidiaryId: string
  readonly bank?: {
    readonly rail: RailName
    /** FPay account or Payoneer payee id; null while it is not known. */
    readonly account: string | null
    /** ISO 4217. */
    readonly currency: string
  }
  readonly inactive?: boolean
}

/** A payment that has been made, applied to the bills that it pays. */
export interface VendorPaymentFields {
  readonly vendorId: string
  readonly subsidiaryId: string
  readonly currencyId: string
  /** The bank account it left from. */
  readonly accountId: string
  /** Accounts payable. */
  readonly apAccountId: string
  readonly date: BusinessDate
  readonly memo: string
  /** At least one; positive amounts, all in the payment's currency, each bill once. */
  readonly apply: readonly { readonly billId: string; readonly amount: Money }[]
}

/** NetSuite's limit for `companyName` and `legalName`. People read them; the tax id is what identifies. */
const NAME_LENGTH = 83
const MEMO_LENGTH = 4000

const reference = (id: string) => ({ id: internalId(id) })

export function entityBody(fields: EntityFields): object {
  const name = fields.name === undefined ? undefined : shortened(fields.name, NAME_LENGTH)
  return {
    companyName: name,
    legalName: name,
    isPerson: false,
    subsidiary: fields.subsidiaryId === undefined ? undefined : reference(fields.subsidiaryId),
    custentity_gsc_seller_id: fields.gscSellerId,
    vatRegNumber: fields.taxId,
    email: fields.email,
    phone: fields.phone,
    currency: fields.currencyId === undefined ? undefined : reference(fields.currencyId),
    currencyList: fields.currencyIds && { items: fields.currencyIds.map((id) => ({ currency: reference(id) })) },
    isInactive: fields.inactive,
  }
}

export function vendorBody(fields: VendorFields): object {
  return {
    ...entityBody(fields),
    custentity_fpay_id: fields.fpayId,
    custentity_payoneer_payee_id: fields.payoneerPayeeId,
  }
}

export function vendorSubsidiaryBody({ vendorId, subsidiaryId, bank, inactive }: VendorSubsidiaryFields): object {
  return {
    entity: reference(vendorId),
    subsidiary: reference(subsidiaryId),
    custrecord_remesa_rail: bank?.rail,
    custrecord_remesa_bank_account: bank?.account,
    custrecord_remesa_bank_currency: bank?.currency,
    isInactive: inactive,
  }
}

/** @throws RangeError for a payment of nothing, in two currencies, or of one bill twice */
export function vendorPaymentBody(fields: VendorPaymentFields): object {
  const { apply } = fields
  if (apply.length === 0) throw new RangeError('a vendor payment must pay at least one bill')
  if (new Set(apply.map(({ billId }) => billId)).size < apply.length) throw new RangeError('a bill is paid twice')
  if (new Set(apply.map(({ amount }) => amount.currency)).size > 1) {
    throw new RangeError('a vendor payment has one currency')
  }
  return {
    entity: reference(fields.vendorId),
    subsidiary: reference(fields.subsidiaryId),
    currency: reference(fields.currencyId),
    account: reference(fields.accountId),
    apAcct: reference(fields.apAccountId),
    tranDate: fields.date,
    memo: shortened(fields.memo, MEMO_LENGTH),
    apply: {
      items: apply.map(({ billId, amount }) => ({ doc: reference(billId), apply: true, amount: paidAmount(amount) })),
    },
  }
}

/** @throws RangeError unless it is positive */
function paidAmount(amount: Money): unknown {
  if (amount.amount <= 0n) throw new RangeError('an amount that is paid must be positive')
  return jsonAmount(amount)
}

/** At most so many characters, and no half of one. */
function shortened(text: string, length: number): string {
  const cut = text.slice(0, length)
  return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1)
}
