import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { answerCases } from './answer-cases.ts'
import type { RailBench, RailHarness } from './bench.ts'
import { moneyCases } from './money-cases.ts'
import { createWorld, type RailCase } from './world.ts'

/** Every guarantee a rail must give before it may move money. */
export const railCases: readonly RailCase[] = [...moneyCases, ...answerCases]

/**
 * Declares one jest test per guarantee, against the rail's sandbox. Guarantees about what the rail does not have, by
 * its harness's `features`, are left out.
 */
export function certifyRail(name: string, harness: RailHarness): void {
  describe(`certify ${name}`, () => {
    let bench: RailBench
    beforeAll(async () => {
      bench = await harness.start()
    })
    afterAll(() => bench.stop())
    for (const railCase of casesFor(harness)) test(railCase.title, () => runCase(railCase, bench))
  })
}

export const casesFor = ({ features }: Pick<RailHarness, 'features'>): readonly RailCase[] =>
  railCases.filter(({ needs }) => needs === undefined || features.includes(needs))

/** Runs one case with a rail of its own. @throws when the guarantee is not given */
export async function runCase({ run }: RailCase, bench: RailBench): Promise<void> {
  const world = createWorld(bench)
  try {
    await run(world)
  } finally {
    bench.faults.set({ rates: {} })
    bench.hideFor?.(0)
    bench.setFunds('enough')
    await world.close()
  }
}
