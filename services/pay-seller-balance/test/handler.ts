import { COOLING_MS } from '@remesa/domain/cooling'
import type { World } from '@remesa/local-stack/testing/world'
import { payBalances } from '../src/pay-balances.ts'

export const LEASE_MS = 10_000
export const FIRST_CHECK_MS = 60_000

/** The handler as `main.ts` makes it, but with waits that do not vary. */
export const payHandler = (world: World, changes: Partial<Parameters<typeof payBalances>[0]> = {}) =>
  payBalances({
    database: world.database,
    rails: world.rails,
    patience: world.patience,
    leaseMs: LEASE_MS,
    coolingMs: COOLING_MS,
    firstCheckMs: FIRST_CHECK_MS,
    now: world.now,
    random: () => 0.5,
    logger: world.logger,
    ...changes,
  })
