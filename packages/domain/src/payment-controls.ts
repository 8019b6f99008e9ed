import type { Currency } from './currency.ts'
import type { Money } from './money.ts'
import type { RailName } from './rail.ts'

// What people say about payments as a whole, which every claim heeds: no clock, no database here.

/** Soonest and latest that what waits for a stopped rail asks again. */
export const STOPPED_WAIT_MS = { shortest: 15_000, longest: 300_000 } as const

/**
 * When what waits for a stopped rail asks again: after as long as the rail has been stopped by now. So a stop of a minute
 * costs a minute more at most, and one of days a look every five minutes.
 */
export function askAgainAt({ stoppedAt, now }: { readonly stoppedAt: Date; readonly now: Date }): Date {
  const stoppedForMs = now.getTime() - stoppedAt.getTime()
  const waitMs = Math.min(Math.max(stoppedForMs, STOPPED_WAIT_MS.shortest), STOPPED_WAIT_MS.longest)
  return new Date(now.getTime() + waitMs)
}

/** `payee_day`: to one payee in a UTC day; `rail_hour`: in a UTC hour; `run`: to the sellers of one business date. */
export type CapScope = 'payee_day' | 'rail_hour' | 'run'
export const CAP_SCOPES: readonly CapScope[] = ['payee_day', 'rail_hour', 'run']

/** How much may go out at most. */
export interface PaymentCap {
  readonly id: string
  /** Null: through all of them together. */
  readonly rail: RailName | null
  readonly currency: Currency
  readonly scope: CapScope
  /** Minor units. */
  readonly amount: bigint
}

/** A payment that is about to be claimed. */
export interface CapCandidate {
  readonly id: string
  readonly rail: RailName
  readonly money: Money
  readonly payeeId: string
  /** The payee's account at the rail. */
  readonly destination: string
  /** Of a seller balance; null for what belongs to no pay-day, which no cap on runs concerns. */
  readonly businessDate: string | null
}

/** When a window of a cap began, and when it ends; a run has no hours. */
export function capWindow(scope: CapScope, now: Date): { readonly start: Date; readonly end: Date | null } {
  if (scope === 'run') return { start: new Date(0), end: null }
  const lengthMs = scope === 'rail_hour' ? HOUR_MS : 24 * HOUR_MS
  const start = Math.floor(now.getTime() / lengthMs) * lengthMs
  return { start: new Date(start), end: new Date(start + lengthMs) }
}

const HOUR_MS = 3_600_000

/** What a cap counts a payment with: its payee's, its run's, or all of them; undefined when it does not concern it. */
export function capShare({ scope, rail, currency }: PaymentCap, candidate: CapCandidate): string | undefined {
  if ((rail !== null && rail !== candidate.rail) || currency !== candidate.money.currency) return undefined
  if (scope === 'payee_day') return candidate.payeeId
  return scope === 'rail_hour' ? '' : (candidate.businessDate ?? undefined)
}

/** Latest that what waits for a cap asks again: a person may have raised it. */
const CAP_WAIT_MS = 300_000

/**
 * Which of these payments may go, in their order: one that does not fit leaves room for those after it.
 * @param used - minor units that went, or are on their way, in the window that lasts; by cap and share
 * @returns for each that waits, the cap and when to ask again
 */
export function fitCaps(
  candidates: readonly CapCandidate[],
  caps: readonly PaymentCap[],
  { used, now }: { readonly used: (cap: PaymentCap, share: string) => bigint; readonly now: Date },
): ReadonlyMap<string, { readonly cap: PaymentCap; readonly share: string; readonly askAgainAt: Date }> {
  const waiting = new Map<string, { cap: PaymentCap; share: string; askAgainAt: Date }>()
  const taken = new Map<string, bigint>()
  for (const candidate of candidates) {
    const shares = caps.flatMap((cap) => {
      const share = capShare(cap, candidate)
      return share === undefined ? [] : [{ cap, share, key: `${cap.id} ${share}` }]
    })
    const after = ({ cap, share, key }: (typeof shares)[number]) =>
      used(cap, share) + (taken.get(key) ?? 0n) + candidate.money.amount
    const reached = shares.find((one) => after(one) > one.cap.amount)
    if (reached) {
      const { cap, share } = reached
      const soon = now.getTime() + CAP_WAIT_MS
      const end = capWindow(cap.scope, now).end?.getTime() ?? soon
      waiting.set(candidate.id, { cap, share, askAgainAt: new Date(Math.min(soon, end)) })
      continue
    }
    for (const { key } of shares) taken.set(key, (taken.get(key) ?? 0n) + candidate.money.amount)
  }
  return waiting
}
