import { expect, test } from '@jest/globals'
import { claimsInFlight } from './claims-in-flight.ts'

const at = (perSecond: number, processes: number, accountPerSecond = 100, maxWaitMs = 10_000) =>
  claimsInFlight({ perSecond, accountPerSecond, processes, maxWaitMs })

test('no process claims more transfers than its part of the rate lets out in time, and each claims a batch of ten', () => {
  for (let processes = 1; processes <= 100; processes += 1) {
    for (const perSecond of [1, 10, 25, 100, 500]) {
      const { maxBatch, concurrentBatches } = at(perSecond, processes)
      const places = (10 * Math.min(perSecond, 100)) / processes
      expect(maxBatch * concurrentBatches).toBeLessThanOrEqual(Math.max(10, places))
      expect(maxBatch).toBeGreaterThanOrEqual(10)
    }
  }
})

test('one process takes four batches of fifty, more processes take less each', () => {
  expect(at(25, 1)).toEqual({ maxBatch: 50, concurrentBatches: 4 })
  expect(at(25, 4)).toEqual({ maxBatch: 15, concurrentBatches: 4 })
  expect(at(25, 20)).toEqual({ maxBatch: 10, concurrentBatches: 1 })
  expect(at(25, 1, 10)).toEqual({ maxBatch: 25, concurrentBatches: 4 })
})

test('who lets requests wait for less claims less at once', () => {
  expect(at(25, 1, 100, 2_000)).toEqual({ maxBatch: 12, concurrentBatches: 4 })
  expect(at(25, 1, 100, 100)).toEqual({ maxBatch: 10, concurrentBatches: 1 })
})
