import type { Currency } from './currency.ts'
import type { Money } from './money.ts'
import type { Finding } from './reconciliation.ts'
import { textOf } from './reconciliation-figures.ts'

/** Findings that ask for the same thing. */
export interface Group {
  count: number
  readonly ids: string[]
  readonly money: Map<Currency, bigint>
  first: Date | undefined
  last: Date | undefined
}

/** What a finding puts at risk. */
export const moneyIn = ({ over, under }: Finding): readonly Money[] => [over, under].filter((money) => money !== null)

export const newGroup = (): Group => ({ count: 0, ids: [], money: new Map(), first: undefined, last: undefined })

/** The group of a key, made where there is none. */
export function entryOf<Key>(groups: Map<Key, Group>, key: Key): Group {
  const known = groups.get(key)
  if (known) return known
  const fresh = newGroup()
  groups.set(key, fresh)
  return fresh
}

/** Counts a finding in. */
export function put(group: Group, finding: Finding): void {
  group.count += 1
  if (group.ids.length < IDS_NAMED) group.ids.push(finding.refundId ?? finding.paymentId)
  for (const { currency, amount } of moneyIn(finding)) {
    group.money.set(currency, (group.money.get(currency) ?? 0n) + amount)
  }
  const at = (finding.stripe ?? finding.database)?.created
  if (at && (!group.first || at < group.first)) group.first = at
  if (at && (!group.last || at > group.last)) group.last = at
}

/** Adds what `other` holds to `group`. */
export function merge(group: Group, other: Group): void {
  group.count += other.count
  group.ids.push(...other.ids.slice(0, IDS_NAMED - group.ids.length))
  for (const [currency, amount] of other.money) group.money.set(currency, (group.money.get(currency) ?? 0n) + amount)
  if (other.first && (!group.first || other.first < group.first)) group.first = other.first
  if (other.last && (!group.last || other.last > group.last)) group.last = other.last
}

const IDS_NAMED = 10

/** `3 payments`. */
export const paymentsOf = ({ count }: Group): string => (count === 1 ? '1 payment' : `${count} payments`)
export const areOf = ({ count }: Group): string => (count === 1 ? 'is' : 'are')
/** From the first to the last, as instants. */
export const spanOf = ({ first, last }: Group): string => `${instant(first)} to ${instant(last)}`
const instant = (at: Date | undefined): string => at?.toISOString().replace('.000Z', 'Z') ?? 'unknown'

/** The money of each currency: `USD 12.50, CLP 900`. */
export const sumOf = ({ money }: Group): string =>
  Array.from(money, ([currency, amount]) => textOf({ currency, amount })).join(', ') || 'nothing'

/** The first ids, and how many more there are. */
export function idsOf({ ids, count }: Group): string {
  const more = count - ids.length
  return more > 0 ? `${ids.join(', ')} and ${more} more` : ids.join(', ')
}
