import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase } from '@remesa/database/testing/test-database'
import type { ServiceName } from '../../src/stack/service-environment.ts'
import { type Stack, type StackOptions, startStack } from '../../src/stack/stack.ts'

// Whole stacks for tests, and what befalls them.

/** @param stops - gets what ends it */
export async function aStack(options: Partial<StackOptions>, stops: (() => Promise<unknown>)[]): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-stack-'))
  stops.push(() => rm(directory, { recursive: true, force: true }))
  const { url, drop } = await createTestDatabase({ poolSize: 1 })
  stops.push(drop)
  const stack = await startStack({
    env: { ...process.env, DATABASE_URL: url },
    databaseIsFresh: true,
    logDirectory: join(directory, 'logs'),
    ...options,
  })
  stops.push(() => stack.stop())
  return stack
}

/**
 * Kills services, one at a time, and none twice before each was killed once, whichever of its instances; order, victims
 * and moments follow from the seed.
 */
export async function killAtRandom(
  stack: Stack,
  plan: { seed: number; kills: number; everyMs: number },
): Promise<void> {
  const random = randomFrom(plan.seed)
  const drawn = <One>(from: readonly One[]): number => Math.floor(random() * from.length)
  let left: ServiceName[] = []
  for (let kill = 0; kill < plan.kills; kill++) {
    await sleep(random() * 2 * plan.everyMs)
    if (left.length === 0) left = [...new Set(stack.services.map(({ service }) => service))]
    const [victim] = left.splice(drawn(left), 1)
    const instances = stack.services.filter(({ service }) => service === victim)
    await instances[drawn(instances)]?.crash()
  }
}

/** Mulberry32: small, seeded, good enough to choose a victim. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
