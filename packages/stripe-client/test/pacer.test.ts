import { expect, test } from '@jest/globals'
import { createPacer } from '../src/pacer.ts'
import { type LimitModel, type Scenario, simulate } from './simulation.ts'

const bucket: LimitModel = { kind: 'bucket', burstSeconds: 1 }
const MODELS: readonly (readonly [string, LimitModel])[] = [
  ['a bucket of one second', bucket],
  ['a small bucket', { kind: 'bucket', burstSeconds: 0.2 }],
  ['a large bucket', { kind: 'bucket', burstSeconds: 3 }],
  ['a window of one second', { kind: 'window' }],
]
const stripe = { latencyMs: 200, jitterMs: 30, pacer: { perSecond: 25 } } as const
const simulateStripe = (more: Pick<Scenario, 'model' | 'limits' | 'seconds'> & Partial<Scenario>) =>
  simulate({ ...stripe, ...more })

test.each(MODELS)('%s of 25 a second that holds is used to 95 %% and more, and refuses nothing', (_, model) => {
  const { perSecond, refused } = simulateStripe({
    model,
    seconds: 120,
    limits: [{ from: 0, perSecond: 25 }],
  }).between(0, 120)
  expect(perSecond).toBeGreaterThanOrEqual(0.95 * 25)
  expect(refused).toBe(0)
})

test.each(MODELS)('%s that falls from 25 to 10 is met within 10 s, at the cost of a few refusals', (_, model) => {
  const limits = [
    { from: 0, perSecond: 25 },
    { from: 30, perSecond: 10 },
  ]
  const course = simulateStripe({ model, seconds: 70, limits })
  expect(course.between(30, 40).refused).toBeLessThanOrEqual(12)
  const after = course.between(40, 70)
  expect(after.perSecond).toBeGreaterThanOrEqual(0.85 * 10)
  expect(after.refusedShare).toBeLessThan(0.04)
})

test('a bucket of one second that falls is used to 95 % and more once it was met', () => {
  for (const low of [5, 8, 10, 15, 20]) {
    const limits = [
      { from: 0, perSecond: 25 },
      { from: 30, perSecond: low },
    ]
    const { perSecond } = simulateStripe({ model: bucket, seconds: 70, limits }).between(40, 70)
    expect({ low, isUsed: perSecond >= 0.95 * low }).toEqual({ low, isUsed: true })
  }
})

test.each(MODELS)('%s that rises again is in use within 10 s, whenever it rises', (_, model) => {
  for (let rise = 50; rise < 60; rise += 1) {
    const limits = [
      { from: 0, perSecond: 25 },
      { from: 30, perSecond: 10 },
      { from: rise, perSecond: 25 },
    ]
    const course = simulateStripe({ model, seconds: rise + 30, limits })
    const { perSecond, refused } = course.between(rise + 10, rise + 30)
    expect({ rise, isUsed: perSecond >= 0.95 * 25, refused }).toEqual({ rise, isUsed: true, refused: 0 })
  }
})

test('a limit that stays low is probed less and less: in the long run under 0.1 % is refused', () => {
  const limits = [
    { from: 0, perSecond: 25 },
    { from: 10, perSecond: 10 },
  ]
  const course = simulateStripe({ model: bucket, seconds: 4_000, limits })
  const { perSecond, refusedShare } = course.between(200, 4_000)
  expect(perSecond).toBeGreaterThanOrEqual(0.95 * 10)
  expect(refusedShare).toBeLessThan(0.001)
})

test('a higher limit than the one we know of is found where we may look for it', () => {
  const limits = [
    { from: 0, perSecond: 25 },
    { from: 30, perSecond: 60 },
  ]
  const pacer = { perSecond: 25, upTo: 100 }
  const course = simulateStripe({ model: bucket, seconds: 70, limits, pacer })
  expect(course.between(40, 70).perSecond).toBeGreaterThanOrEqual(0.95 * 60)
  const cautious = simulateStripe({ model: bucket, seconds: 70, limits }).between(40, 70)
  expect(cautious.perSecond).toBeLessThanOrEqual(25)
})

test('a limit that falls from 60 to 25 is met within 10 s, however fast refusals come', () => {
  for (const refusalLatencyMs of [5, 200]) {
    const limits = [
      { from: 0, perSecond: 60 },
      { from: 30, perSecond: 25 },
    ]
    const pacer = { perSecond: 60, upTo: 100 }
    const course = simulateStripe({ model: bucket, seconds: 60, limits, pacer, refusalLatencyMs })
    const { perSecond, refusedShare } = course.between(40, 60)
    expect(perSecond).toBeGreaterThanOrEqual(0.95 * 25)
    expect(refusedShare).toBeLessThan(0.03)
  }
})

test('processes that know how many share a limit are refused nothing and use it as one', () => {
  const pacer = { perSecond: 25 / 4 }
  const course = simulateStripe({
    model: bucket,
    seconds: 60,
    limits: [{ from: 0, perSecond: 25 }],
    pacer,
    processes: 4,
  })
  const { perSecond, refused } = course.between(0, 60)
  expect(perSecond).toBeGreaterThanOrEqual(0.95 * 25)
  expect(refused).toBe(0)
})

test.each([2, 4])(
  '%d processes that do not know of each other use the limit, share it, and are refused a few per cent',
  (processes) => {
    const course = simulateStripe({ model: bucket, seconds: 120, limits: [{ from: 0, perSecond: 25 }], processes })
    const { perSecond, refusedShare } = course.between(20, 120)
    expect(perSecond).toBeGreaterThanOrEqual(0.95 * 25)
    expect(refusedShare).toBeLessThan(0.08)
    const fair = course.byProcess.reduce((sum, count) => sum + count, 0) / processes
    for (const count of course.byProcess) expect(count).toBeGreaterThan(0.6 * fair)
  },
)

test('a storm in which everything is refused slows it to a tenth, and it is back within 10 s of its end', () => {
  const limits = [
    { from: 0, perSecond: 25 },
    { from: 30, perSecond: 0 },
    { from: 60, perSecond: 25 },
  ]
  const course = simulateStripe({ model: { kind: 'window' }, seconds: 90, limits })
  expect(course.between(40, 60).refused / 20).toBeLessThan(3)
  expect(course.between(70, 90).perSecond).toBeGreaterThanOrEqual(0.95 * 25)
})

test('refusals of requests that nothing held back change nothing: it was not our pace that was refused', () => {
  const pacer = createPacer({ perSecond: 25 })
  for (let now = 0; now < 60_000; now += 500) pacer.answered(pacer.sent(now, now), 'refused', now + 200)
  expect(pacer.perSecond).toBeCloseTo(25 * 0.975)
})

test('a timer that comes late costs no request, and a long silence earns no burst', () => {
  const pacer = createPacer({ perSecond: 25 })
  let sent = 0
  for (let now = 0; now < 10_000; now += 37) {
    while (pacer.readyAt() <= now) {
      pacer.sent(now, now - 1_000)
      sent += 1
    }
  }
  expect(sent).toBeGreaterThanOrEqual(243)
  pacer.sent(60_000, 60_000)
  expect(pacer.readyAt()).toBeGreaterThan(60_040)
})
