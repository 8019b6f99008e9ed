/** How long what one person asked for waits for another, unless it is configured otherwise. */
export const APPROVAL_LIFE_MS = 7 * 86_400_000

/**
 * Whether a wish is too old to be agreed to: whoever asked may have thought of something else by now, and what it was judged by
 * is a week old, though nothing of what it names has changed.
 */
export const hasExpired = (
  requestedAt: Date,
  { lifeMs, now }: { readonly lifeMs: number; readonly now: Date },
): boolean => now.getTime() - requestedAt.getTime() >= lifeMs

/** Why it is void, for people. */
export const EXPIRED = 'It was asked for too long ago, and nobody decided it. Ask for it anew.'
