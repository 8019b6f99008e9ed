import { z } from 'zod'
import type { Context } from './context.ts'
import { plain } from './text.ts'

/** What waits for a second person, where something does. */
export const waiting = z.looseObject({ id: z.string(), status: z.string() }).nullable()

/** What a deed brought, and what a second person types where one must agree. @param state - what stands now, in plain words */
export function deedText({ colours }: Context, state: string, approval: z.output<typeof waiting>): string {
  if (approval?.status !== 'open') return `${colours.green('✓')} ${state}`
  return [
    `${colours.yellow('!')} A second person must approve: nothing is done yet. ${state}`,
    `  They type: remesa approve ${plain(approval.id)} --reason "…"`,
  ].join('\n')
}
