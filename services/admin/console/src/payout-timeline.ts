import { momentsOfAttempt } from '@remesa/domain/attempt-moments'
import { titleOfAction, titleOfAttempt, titleOfDispute, titleOfEntry, titleOfTip } from '@remesa/domain/story-titles'
import type { Event, PayoutStory } from './api.ts'

/** One time line of all that a payout's story holds, oldest first; of what came at once, cause before effect. */
export function timelineOf(story: PayoutStory): readonly Event[] {
  const { tips, disputes, attempts, ledger, audit } = story
  const events: Event[] = [
    ...tips.map(({ tipId, addedAt, ...details }) => event(addedAt, 'message', titleOfTip(tipId), details)),
    ...disputes.flatMap(({ disputeId, openedAt, resolvedAt, ...details }) => [
      event(openedAt, 'message', titleOfDispute(disputeId, 'opened')),
      ...(resolvedAt ? [event(resolvedAt, 'message', titleOfDispute(disputeId, 'resolved'), details)] : []),
    ]),
    ...audit.map(({ occurredAt, action, actor, reason, before, after }) => ({
      ...event(occurredAt, 'audit', titleOfAction(action), { ...(before && { before }), ...(after && { after }) }),
      actor,
      reason,
    })),
    ...attempts.flatMap((attempt) => {
      const { createdAt, acceptedAt, settledAt, updatedAt, rail, generation, ...details } = attempt
      const times = {
        state: attempt.state,
        createdAt: new Date(createdAt),
        acceptedAt: dateOf(acceptedAt),
        settledAt: dateOf(settledAt),
        updatedAt: new Date(updatedAt),
      }
      return momentsOfAttempt(times).map(({ at, state }) =>
        event(at.toISOString(), 'attempt', titleOfAttempt({ generation, rail, state }), { ...details }),
      )
    }),
    ...ledger.map(({ occurredAt, kind, postings }) => event(occurredAt, 'ledger', titleOfEntry(kind), { postings })),
  ]
  return events.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)) // a stable sort: the order above stays
}

const dateOf = (time: string | null): Date | null => (time === null ? null : new Date(time))

const event = (at: string, kind: Event['kind'], title: string, details: Event['details'] = {}): Event => ({
  at,
  kind,
  title,
  actor: null,
  reason: null,
  details,
})
