/** What one look found: it is well, it is wrong and this mends it, or it cannot be told from here. */
export type Finding =
  | { readonly kind: 'well'; readonly says: string }
  | { readonly kind: 'wrong'; readonly says: string; readonly mend: string }
  | { readonly kind: 'unchecked'; readonly says: string }

/** One thing that is looked at. It changes nothing. */
export interface Check {
  readonly name: string
  /** @throws for what it did not foresee; that is a finding, too */
  readonly look: () => Promise<readonly Finding[]>
}

export type Env = Readonly<Record<string, string | undefined>>

export const well = (says: string): Finding => ({ kind: 'well', says })
export const wrong = (says: string, mend: string): Finding => ({ kind: 'wrong', says, mend })
export const unchecked = (says: string): Finding => ({ kind: 'unchecked', says })

/** One finding for all that is wrong, or that all is well. */
export const allOrWell = (found: readonly Finding[], says: string): readonly Finding[] =>
  found.length === 0 ? [well(says)] : found
