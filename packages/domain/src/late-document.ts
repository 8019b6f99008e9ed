import type { Currency } from './currency.ts'

/** `withheld`: not approved, or held from payment. */
export type DocumentState = 'payable' | 'withheld' | 'voided'

/** A bill or invoice as NetSuite has it now. */
export interface DocumentNow {
  readonly state: DocumentState
  /** Minor units; undefined where they cannot be read. */
  readonly figures:
    | {
        readonly currency: Currency
        /** What it came to in all; below zero for a bill that makes the seller owe, or an invoice that makes it be owed. */
        readonly total: bigint
        /** What is open of it, never negative. */
        readonly open: bigint
      }
    | undefined
}

/** How it was counted in a balance. Minor units. */
export interface DocumentCounted {
  readonly currency: Currency
  /** What was open of it then. */
  readonly open: bigint
  /** As {@link DocumentNow}; null where that was not kept. */
  readonly total: bigint | null
  /** Whether it is still a document of the balance's seller and country. */
  readonly isOfSeller: boolean
  /** Nothing more is sent for it by itself: its balance is paid, was paid and came back, or has nothing due. */
  readonly isSettled: boolean
  /** What a vendor payment of ours takes of it: zero unless the balance is, or was, paid. */
  readonly ours: bigint
}

/** What came or changed after a day's balance was retrieved. */
export type LateReason =
  | 'not_counted'
  | 'amount_changed'
  | 'voided'
  | 'deleted'
  | 'withheld'
  | 'currency_changed'
  | 'seller_changed'
  | 'unreadable'

export interface Lateness {
  readonly reason: LateReason
  /** By how much there is more of it than was counted, minor units of the document's currency; null where no figure says. */
  readonly difference: bigint | null
}

/**
 * What people must be told of a document that is in no balance, although its day is closed for its seller.
 * @returns undefined when nothing of it is to be paid
 */
export function latenessOfUncounted({ state, figures }: DocumentNow): Lateness | undefined {
  if (state !== 'payable') return undefined
  if (figures === undefined) return { reason: 'unreadable', difference: null }
  return figures.open === 0n ? undefined : { reason: 'not_counted', difference: figures.open }
}

/**
 * What people must be told of a document that a balance has counted. Nothing of payments: of ours, nor of what finance nets
 * or settles once the balance is settled. Until then a lower open amount means that more is about to be paid than is owed.
 */
export function latenessOfCounted(now: DocumentNow, counted: DocumentCounted): Lateness | undefined {
  if (!counted.isOfSeller) return { reason: 'seller_changed', difference: null }
  if (now.state === 'voided') return { reason: 'voided', difference: -counted.open }
  if (now.figures === undefined) return { reason: 'unreadable', difference: null }
  if (now.figures.currency !== counted.currency) return { reason: 'currency_changed', difference: null }
  if (now.state === 'withheld' && !counted.isSettled) return { reason: 'withheld', difference: -counted.open }
  const difference = counted.isSettled ? afterSettling(now.figures, counted) : differing(now.figures.open, counted.open)
  return difference === undefined ? undefined : { reason: 'amount_changed', difference }
}

/** What people must be told of a document that a balance has counted, and that NetSuite does not show any more. */
export const latenessOfDeleted = ({ open }: Pick<DocumentCounted, 'open'>): Lateness => ({
  reason: 'deleted',
  difference: -open,
})

const differing = (open: bigint, counted: bigint): bigint | undefined => (open === counted ? undefined : open - counted)

function afterSettling(
  { total, open }: NonNullable<DocumentNow['figures']>,
  counted: DocumentCounted,
): bigint | undefined {
  const edited = counted.total === null ? 0n : total - counted.total
  if (edited < 0n) return edited // more was counted than it comes to
  const left = counted.open - counted.ours
  if (open <= left) return undefined // what finance settles besides is its own matter, an addition too
  if (edited > 0n) return edited
  // All of it is open: our vendor payment is not in NetSuite yet, or was taken out again. The rails' reconciliation tells.
  return open === counted.open ? undefined : open - left
}
