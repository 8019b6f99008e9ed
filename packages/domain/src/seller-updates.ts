import type { SellerProfile } from './seller.ts'
import { keptTaxId, taxIdProblem } from './tax-id.ts'

/** What may change on a seller; the seller's id and tax id never do. */
export const UPDATABLE_FIELDS = [
  'legalName',
  'email',
  'phone',
  'operationType',
  'type',
  'status',
  'countries',
  'fpayId',
  'payoneerPayeeId',
] as const satisfies readonly (keyof SellerProfile)[]
export type UpdatableField = (typeof UPDATABLE_FIELDS)[number]

/**
 * Reads the configured list of fields that go to NetSuite when they change, e.g. `"legalName, email,fpayId"`.
 * @throws RangeError that names what is no such field, and the fields there are
 */
export function parseUpdatableFields(text: string): readonly UpdatableField[] {
  const names = text.split(',').map((name) => name.trim())
  const known: readonly string[] = UPDATABLE_FIELDS
  const wrong = names.filter((name) => name !== '' && !known.includes(name))
  if (wrong.length > 0) {
    throw new RangeError(`${wrong.join(', ')}: no fields of a seller that may change (${known.join(', ')})`)
  }
  return UPDATABLE_FIELDS.filter((field) => names.includes(field))
}

/** Where an event stands among the events of its seller. */
export interface EventPosition {
  /** Increases with each event of a seller; null when GSC left it out. */
  readonly sequence: bigint | null
  readonly eventTime: Date
}

/**
 * True when what the event tells is known already: events repeat and overtake each other. Without sequences, times
 * decide, and an event of the same instant is no older: reading the seller once more does no harm.
 * @param last - the newest event applied to the seller; undefined when there was none
 */
export function isStale(event: EventPosition, last: EventPosition | undefined): boolean {
  if (!last) return false
  if (event.sequence !== null && last.sequence !== null) return event.sequence <= last.sequence
  return event.eventTime.getTime() < last.eventTime.getTime()
}

/** What a profile read from GSC means for the seller as we know it. */
export type SellerUpdate =
  /** Nothing of it is kept: whoever changes a tax id may be changing the account as well. */
  | { readonly kind: 'refused'; readonly alert: 'tax_id_changed' }
  | { readonly kind: 'refused'; readonly alert: 'tax_id_invalid'; readonly problem: string }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'changed'
      readonly changed: readonly UpdatableField[]
      /** Something of it goes to NetSuite. */
      readonly tellErp: boolean
      /** It can be paid in a way it could not before: balances that were blocked for that may go on. */
      readonly unblocks: boolean
    }

/**
 * @param known - the seller as we have it; undefined when it is new
 * @param updatable - the fields that go to NetSuite when they change; a new seller goes there whatever they are
 */
export function judgeUpdate(
  known: SellerProfile | undefined,
  profile: SellerProfile,
  updatable: readonly UpdatableField[],
): SellerUpdate {
  if (!known) {
    const problem = taxIdProblem(profile, profile.taxId)
    if (problem !== undefined) return { kind: 'refused', alert: 'tax_id_invalid', problem }
    return { kind: 'changed', changed: UPDATABLE_FIELDS, tellErp: true, unblocks: false }
  }
  // Both by the known seller's scheme: a reordered list of countries changes no tax id.
  if (keptTaxId(known, profile.taxId) !== keptTaxId(known, known.taxId)) {
    return { kind: 'refused', alert: 'tax_id_changed' }
  }
  const changed = changedFields(known, profile)
  if (changed.length === 0) return { kind: 'unchanged' }
  return {
    kind: 'changed',
    changed,
    tellErp: changed.some((field) => updatable.includes(field)),
    unblocks: changed.some((field) => DECIDES_THE_RAIL.has(field)),
  }
}

const DECIDES_THE_RAIL: ReadonlySet<UpdatableField> = new Set(['fpayId', 'payoneerPayeeId', 'operationType', 'status'])

export function changedFields(before: SellerProfile, after: SellerProfile): readonly UpdatableField[] {
  return UPDATABLE_FIELDS.filter((field) =>
    field === 'countries' ? !sameCountries(before, after) : before[field] !== after[field],
  )
}

/** The order counts: the first country gives the scheme of the tax id. */
function sameCountries({ countries: before }: SellerProfile, { countries: after }: SellerProfile): boolean {
  return (
    before.length === after.length &&
    before.every(({ country, currency, enabled }, position) => {
      const other = after[position]
      return other?.country === country && other.currency === currency && other.enabled === enabled
    })
  )
}
