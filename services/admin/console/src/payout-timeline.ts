import type { Event, PayoutStory } from './api.ts'

/** One time line of all that a payout's story holds, oldest first; of what came at once, cause before effect. */
export function timelineOf(story: PayoutStory): readonly Event[] {
  const { tips, disputes, attempts, ledger, audit } = story
  const events: Event[] = [
    ...tips.map(({ tipId, addedAt, ...details }) => event(addedAt, 'message', `tip ${tipId}`, details)),
    ...disputes.flatMap(({ disputeId, openedAt, resolvedAt, ...details }) => [
      event(openedAt, 'message', `dispute ${disputeId} opened`),
      ...(resolvedAt ? [event(resolvedAt, 'message', `dispute ${disputeId} resolved`, details)] : []),
    ]),
    ...audit.map(({ occurredAt, action, actor, reason, before, after }) => ({
      ...event(occurredAt, 'audit', action, { ...(before && { before }), ...(after && { after }) }),
      actor,
      reason,
    })),
    ...attempts.map(({ createdAt, rail, generation, state, ...details }) =>
      event(createdAt, 'attempt', `${rail}, generation ${generation}: ${state}`, { ...details }),
    ),
    ...ledger.map(({ occurredAt, kind, postings }) => event(occurredAt, 'ledger', kind, { postings })),
  ]
  return events.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)) // a stable sort: the order above stays
}

const event = (at: string, kind: Event['kind'], title: string, details: Event['details'] = {}): Event => ({
  at,
  kind,
  title: inWords(title),
  actor: null,
  reason: null,
  details,
})

/** `payout.force_released` as people read it. */
function inWords(name: string): string {
  const words = name.replaceAll(/[._]/g, ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
