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
