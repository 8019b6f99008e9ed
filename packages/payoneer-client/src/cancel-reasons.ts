import type { RefusalCategory } from '@remesa/domain/rail'

/** The codes that have been seen; Payoneer's table is not public (facts: marketplace §5). */
const CATEGORIES: Readonly<Record<string, RefusalCategory>> = {
  10009: 'beneficiary', // the payee is inactive
  30013: 'beneficiary', // bank details: invalid branch code
}

/**
 * What a cancel reason asks of us. A code we do not know is `unknown`: a person decides, and nothing is tried again.
 * @param known - further codes, for what Payoneer tells us on the way
 */
export const categoryOf = (code: string, known: Readonly<Record<string, RefusalCategory>> = {}): RefusalCategory =>
  own(known, code) ?? own(CATEGORIES, code) ?? 'unknown'

const own = (table: Readonly<Record<string, RefusalCategory>>, code: string): RefusalCategory | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined
