import { expect, test } from '@jest/globals'
import { type Clock, createLimiter, type LimiterOptions, type Turn } from '../src/limiter.ts'

const POST = 'POST /v1/transfers'
const GET = 'GET /v1/transfers'

/** Time that passes when a test says so. */
function handClock() {
  let now = 0
  const timers = new Set<{ at: number; call: () => void }>()
  const clock: Clock = {
    now: () => now,
    after(ms, call) {
      const timer = { at: now + ms, call }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  async function pass(ms: number): Promise<void> {
    for (const end = now + ms; now < end; ) {
      now += 1
      for (const timer of timers) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.call()
      }
      await Promise.resolve()
    }
  }
  return { clock, pass, timers }
}

function start(options: Partial<LimiterOptions> = {}) {
  const { clock, pass, timers } = handClock()
  const limiter = createLimiter({ perSecond: 25, concurrent: 100, maxWaitMs: 60_000, clock, ...options })
  const out: { name: string; turn: Turn; at: number }[] = []
  const away: { name: string; busyForMs: number }[] = []
  function ask(name: string, endpoint = POST): void {
    void limiter.take(endpoint).then((turn) => {
      if ('end' in turn) out.push({ name, turn, at: clock.now() })
      else away.push({ name, ...turn })
    })
  }
  return { limiter, pass, timers, out, away, ask }
}

test('requests go out first come, first served, at the pace of their endpoint', async () => {
  const { ask, out, pass } = start()
  for (let index = 0; index < 30; index += 1) ask(`${index}`)
  await pass(1_000)
  expect(out.length).toBeGreaterThanOrEqual(24)
  expect(out.length).toBeLessThanOrEqual(25)
  expect(out.map(({ name }) => name)).toEqual(out.map((_, index) => `${index}`))
})

test('one endpoint does not slow another', async () => {
  const { ask, out, pass } = start()
  for (let index = 0; index < 30; index += 1) ask('post')
  ask('get', GET)
  await pass(20)
  expect(out.map(({ name }) => name)).toContain('get')
})

test('all endpoints together keep to what the account allows', async () => {
  const { ask, out, pass } = start({ accountPerSecond: 30 })
  for (let index = 0; index < 50; index += 1) {
    ask('post')
    ask('get', GET)
  }
  await pass(1_000)
  expect(out.length).toBeLessThanOrEqual(30)
  expect(out.length).toBeGreaterThanOrEqual(28)
  const posts = out.filter(({ name }) => name === 'post').length
  expect(Math.abs(posts - out.length / 2)).toBeLessThanOrEqual(2)
})

test('a process takes its part of what several share', async () => {
  const { ask, out, pass } = start({ processes: 5 })
  for (let index = 0; index < 30; index += 1) ask(`${index}`)
  await pass(2_000)
  expect(out.length).toBeLessThanOrEqual(10)
  expect(out.length).toBeGreaterThanOrEqual(9)
})

test('never more are under way at once than there are places, and each end gives its place on', async () => {
  const { ask, out, pass } = start({ perSecond: 1_000, concurrent: 3 })
  for (let index = 0; index < 8; index += 1) ask(`${index}`)
  await pass(100)
  expect(out).toHaveLength(3)
  out[0]?.turn.end('accepted')
  out[0]?.turn.end('accepted') // twice ended is ended once
  await pass(10)
  expect(out).toHaveLength(4)
})

test('an account with too many requests at once gets fewer, and by and by more again', async () => {
  const { ask, out, pass } = start({ perSecond: 1_000, concurrent: 8 })
  for (let index = 0; index < 40; index += 1) ask(`${index}`)
  await pass(20)
  expect(out).toHaveLength(8)
  for (const { turn } of out.slice(0, 8)) turn.end('concurrency')
  await pass(100)
  const fewer = out.length - 8
  expect(fewer).toBeLessThan(6)
  for (let second = 0; second < 12; second += 1) {
    for (const { turn } of out) turn.end('accepted')
    await pass(1_000)
  }
  for (const { turn } of out) turn.end('accepted')
  expect(out).toHaveLength(40)
})

test('who would wait too long is told at once for how long the endpoint is busy', async () => {
  const { ask, away, pass } = start({ maxWaitMs: 1_000 })
  for (let index = 0; index < 30; index += 1) ask(`${index}`)
  await pass(1)
  expect(away.length).toBeGreaterThanOrEqual(4)
  expect(away[0]?.busyForMs).toBeGreaterThanOrEqual(1_000)
})

test('who has waited too long, for the pace has fallen or no place came free, is told so', async () => {
  const { ask, out, away, pass } = start({ concurrent: 1, maxWaitMs: 1_000 })
  ask('first')
  ask('second')
  await pass(999)
  expect(away).toEqual([])
  await pass(2)
  expect(away.map(({ name }) => name)).toEqual(['second'])
  expect(out.map(({ name }) => name)).toEqual(['first'])
})

test('a refusal slows the limit that it names, and no other', async () => {
  const { ask, out, pass, limiter } = start({ accountPerSecond: 100 })
  ask('known', GET)
  for (let index = 0; index < 20; index += 1) ask(`${index}`)
  await pass(400)
  for (const { turn } of out) turn.end('endpoint_rate')
  await pass(1)
  expect(limiter.perSecond(POST)).toBeLessThan(20)
  expect(limiter.perSecond(GET)).toBeCloseTo(25 * 0.975)
})

test('a closed limiter lets nothing out, and leaves no timer behind', async () => {
  const { ask, out, away, pass, limiter, timers } = start()
  for (let index = 0; index < 5; index += 1) ask(`${index}`)
  await pass(1)
  limiter.close()
  ask('late')
  await pass(1_000)
  expect(out).toHaveLength(1)
  expect(away).toHaveLength(5)
  expect(timers.size).toBe(0)
})
