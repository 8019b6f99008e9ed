import { registerHooks } from 'node:module'
import { addEventHandler } from 'jest-circus'

// Read once by each process that runs test files, before the first of them (docs/decisions/0030).

const TIMEOUT_MS = 30_000
const GLOBALS = new URL('jest-globals.ts', import.meta.url).href

// Tests import what they use; the package of that name refuses to be loaded outside of Jest's own sandbox.
registerHooks({
  resolve: (specifier, context, resolveNext) =>
    specifier === '@jest/globals' ? { url: GLOBALS, shortCircuit: true } : resolveNext(specifier, context),
})

// What a test left open must not outlive the run, nor a run that was killed.
process.once('disconnect', () => process.exit())

// The runner leaves time-outs to others.
addEventHandler((event, { currentDescribeBlock: block }) => {
  const added =
    event.name === 'add_test' ? block.tests.at(-1) : event.name === 'add_hook' ? block.hooks.at(-1) : undefined
  if (added?.fn) added.fn = within(added.fn as () => unknown, added.timeout ?? TIMEOUT_MS)
})

function within(run: () => unknown, timeoutMs: number): () => Promise<void> {
  const late = new Error(`took more than ${timeoutMs} ms`)
  return async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(late), timeoutMs)
    try {
      await Promise.race([run(), promise])
    } catch (error) {
      throw error instanceof Error ? error : new Error('threw what is no Error', { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}
