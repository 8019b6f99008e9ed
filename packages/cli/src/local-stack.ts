import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { CannotError, type Context } from './context.ts'

/** What a local stack says of itself while it is up (`packages/local-stack/src/stack-state.ts`). */
const stackState = z.object({
  /** The operators' API. */
  url: z.url(),
  /** Of a person for each role. */
  tokens: z.object({ viewer: z.string(), operator: z.string(), approver: z.string() }),
  /** What its services read: database, Pub/Sub, and the sandboxes that stand for the providers. */
  environment: z.record(z.string(), z.string()),
})
export type StackState = z.output<typeof stackState>

/**
 * @returns undefined when there is no local stack
 * @throws CannotError when its file cannot be read, or is none
 */
export async function findLocalStack({ stackFile }: Pick<Context, 'stackFile'>): Promise<StackState | undefined> {
  const text = await readFile(stackFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CannotError(`${stackFile} cannot be read: ${error.code}.`)
  })
  if (text === undefined) return undefined
  try {
    return stackState.parse(JSON.parse(text))
  } catch {
    throw new CannotError(`${stackFile} is not what a local stack writes; start the stack again, or remove it.`)
  }
}
