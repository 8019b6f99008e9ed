/** What is known of an attempt's times. */
export interface AttemptTimes {
  readonly state: string
  /** When it was written down, before its first call. */
  readonly createdAt: Date
  /** When the rail took it; null for one that it did not take, or not yet. */
  readonly acceptedAt: Date | null
  /** When it ended, by the rail's clock where that names a time; null where it has not, or was refused at once. */
  readonly settledAt: Date | null
  /** When its state changed last. */
  readonly updatedAt: Date
}

/** @see titleOfAttempt */
export interface AttemptMoment {
  readonly at: Date
  readonly state: string
}

/**
 * An attempt as people hear of it: that it began, that the rail took it where that is not its end, and how it ended, each at its own
 * time. Clocks differ, so that nothing is told before what it follows from.
 */
export function momentsOfAttempt({
  state,
  createdAt,
  acceptedAt,
  settledAt,
  updatedAt,
}: AttemptTimes): AttemptMoment[] {
  const begun = { at: createdAt, state: 'begun' }
  if (state === 'claimed') return [begun]
  if (state === 'accepted') return inOrder([begun, { at: acceptedAt ?? updatedAt, state }])
  const end = { at: settledAt ?? updatedAt, state }
  const isTakenFirst = acceptedAt !== null && acceptedAt < end.at
  return inOrder(isTakenFirst ? [begun, { at: acceptedAt, state: 'accepted' }, end] : [begun, end])
}

const inOrder = (moments: readonly AttemptMoment[]): AttemptMoment[] =>
  moments.map(({ state }, index) => ({
    at: new Date(Math.max(...moments.slice(0, index + 1).map(({ at }) => at.getTime()))),
    state,
  }))
