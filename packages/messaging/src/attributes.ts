/** Attributes that the runtime itself reads and writes, beside those of `MessageAttributes` in outbox.ts. */

/** The one subscription of the topic that a message is for: it asked for it again, or had set it aside. */
export const ONLY_FOR = 'onlyForSubscription'
/** How often a handler answered `retry`. */
export const RETRIES = 'retries'
/** How often a handler threw for this message alone. A `retry` between two throws is no progress, and keeps it. */
export const THROWN = 'thrown'

/** Without what Pub/Sub added and would not take back, and what only told of an earlier try. */
export function publishable(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).filter(
      ([name]) => !name.startsWith('goog') && !name.startsWith('CloudPubSub') && name !== THROWN,
    ),
  )
}

export const countOf = (attributes: Readonly<Record<string, string>>, name: string): number => {
  const count = Number(attributes[name] ?? 0)
  return Number.isSafeInteger(count) && count >= 0 ? count : 0 // foreign publishers may send anything
}
