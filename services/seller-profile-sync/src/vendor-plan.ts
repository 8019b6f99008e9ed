import { createHash } from 'node:crypto'
import type { ErpIds } from '@remesa/database/countries'
import type { SellerForVendorSync } from '@remesa/database/sellers'
import type { SellerProfile } from '@remesa/domain/seller'
import { UPDATABLE_FIELDS, type UpdatableField } from '@remesa/domain/seller-updates'
import type { EntityFields, VendorFields, VendorSubsidiaryFields } from '@remesa/netsuite-client/records'

/** What NetSuite is to be told of a seller: one vendor with a subsidiary per country, and a customer. */
export interface VendorPlan {
  readonly vendor: VendorFields
  readonly customer: EntityFields
  /** The first country's is the vendor's own subsidiary, and its bank data the vendor's own. */
  readonly furtherSubsidiaries: readonly (Omit<VendorSubsidiaryFields, 'vendorId'> & { readonly country: string })[]
  /** Of what goes to NetSuite when it changes: the same digest, nothing new to tell. */
  readonly digest: string
}

/**
 * A seller that NetSuite does not have yet is told whole. After that only what may be updated is, and what is absent
 * stays as it is there: finance may have put it right by hand.
 * @returns why NetSuite cannot be told
 */
export function planOf(
  { profile, erpId, erpCustomerId }: SellerForVendorSync,
  erp: ErpIds,
  updatable: readonly UpdatableField[],
): VendorPlan | { readonly problem: string } {
  const countries = profile.countries.flatMap((place): Place[] => {
    const ids = erp.countries.get(place.country)
    return ids ? [{ ...place, subsidiaryId: ids.subsidiaryId }] : []
  })
  if (countries.length === 0) return { problem: 'none of the seller’s countries has a subsidiary in NetSuite' }
  const currencyIds = [...new Set(countries.map(({ currency }) => erp.currencies.get(currency)))].filter(
    (id) => id !== undefined,
  )
  if (countries.some(({ currency }) => !erp.currencies.has(currency))) {
    return { problem: 'NetSuite has no id for one of the seller’s currencies' }
  }
  const about = { profile, countries, currencyIds }
  const update = told(about, new Set(updatable))
  const digest = createHash('sha256').update(JSON.stringify(update)).digest('hex')
  if (erpId !== null && erpCustomerId !== null) return { ...update, digest }

  const whole = told(about, new Set(UPDATABLE_FIELDS))
  const identity = { gscSellerId: profile.gscSellerId, taxId: profile.taxId }
  return {
    ...whole,
    vendor: { ...whole.vendor, ...identity },
    customer: { ...whole.customer, ...identity },
    digest,
  }
}

type Place = SellerProfile['countries'][number] & { readonly subsidiaryId: string }

function told(
  { profile, countries, currencyIds }: { profile: SellerProfile; countries: readonly Place[]; currencyIds: string[] },
  fields: ReadonlySet<UpdatableField>,
): Omit<VendorPlan, 'digest'> {
  const [first] = countries
  const [currencyId] = currencyIds
  const customer: EntityFields = {
    ...(fields.has('legalName') && { name: profile.legalName }),
    ...(fields.has('email') && { email: profile.email }),
    ...(fields.has('phone') && { phone: profile.phone }),
    ...(fields.has('status') && { inactive: profile.status === 'closed' }),
    ...(fields.has('countries') && first && { subsidiaryId: first.subsidiaryId, currencyIds }),
    ...(fields.has('countries') && currencyId !== undefined && { currencyId }),
  }
  const vendor: VendorFields = {
    ...customer,
    ...(fields.has('fpayId') && { fpayId: profile.fpayId }),
    ...(fields.has('payoneerPayeeId') && { payoneerPayeeId: profile.payoneerPayeeId }),
  }
  const account = profile.operationType === 'local' ? ('fpayId' as const) : ('payoneerPayeeId' as const)
  const rail = profile.operationType === 'local' ? ('fpay' as const) : ('payoneer' as const)
  const tellBank = fields.has(account) || fields.has('operationType')
  const furtherSubsidiaries = countries.slice(1).map(({ country, currency, enabled, subsidiaryId }) => ({
    country,
    subsidiaryId,
    ...(tellBank && { bank: { rail, account: profile[account], currency } }),
    ...(fields.has('countries') && { inactive: !enabled }),
  }))
  return { vendor, customer, furtherSubsidiaries: tellBank || fields.has('countries') ? furtherSubsidiaries : [] }
}
