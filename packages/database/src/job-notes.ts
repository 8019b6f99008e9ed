import type { JobNote } from './schema.ts'

/**
 * What `seller_balances.jobs` keeps of a job's last run, for people. It is written with the change of state that the
 * run brought, never in a statement of its own.
 * @param how - `goes_on`: it is not over, a later run continues it
 * @param run.messageId - of the message that asked for it
 * @param run.error - without secrets or personal data: operators read it
 */
export const jobNote = (
  how: 'goes_on' | 'succeeded' | 'failed',
  run: { messageId: string | null; now: Date; error?: string | null },
): JobNote => ({
  messageId: run.messageId,
  finished: how !== 'goes_on',
  successful: how === 'succeeded',
  lastExecution: run.now.toISOString(),
  error: run.error ?? null,
})
