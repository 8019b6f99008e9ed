import { expect, test } from '@jest/globals'
import { providersText, systemProblems } from './system.ts'

const WELL = {
  ...{ subscriptions: [], outbox: { waiting: 0, due: 0, oldestSeconds: null }, deadLetters: 0, rails: [] },
  ...{ providers: [], services: null, at: '2026-11-21T12:00:00Z' },
}
const says = (state: object) => systemProblems({ ...WELL, ...state }).map((one) => one.says)

test('a service that is not heard is a problem, with how long ago it was', () => {
  const services = [
    { name: 'payouts', at: '2026-11-21T11:50:00Z', trouble: 'unreachable' },
    { name: 'webhooks', at: null, trouble: 'status 500' },
    { name: 'admin', at: '2026-11-21T11:59:58Z', trouble: null },
  ]
  expect(says({ services })).toEqual([
    'payouts tells no metrics (unreachable), last heard 10 min ago.',
    'webhooks tells no metrics (status 500), and never did.',
  ])
  expect(says({})).toEqual([])
})

test('a message that has waited in a worker’s hands for minutes is a problem', () => {
  const subscription = (name: string, oldestSeconds: number) => ({
    ...{ name, topic: 't', workers: { inHand: 3, oldestSeconds } },
  })
  const subscriptions = [subscription('late', 900), subscription('busy', 30), { name: 'x', topic: 't', workers: null }]
  expect(says({ subscriptions })).toEqual(['late: the oldest of 3 messages in hand has waited 15 min.'])
})

test('providers are told in a line each, and those that nobody called not at all', () => {
  const idle = { name: 'idle', calls: 0, refused: 0, failed: 0, p50Ms: null, p95Ms: null }
  const fpay = { name: 'fpay', calls: 40, refused: 2, failed: 1, p50Ms: 32, p95Ms: 410 }
  expect(providersText({ providers: [idle, fpay] })).toBe(
    'fpay: 40 calls within the hour, 1 failed, 2 refused; half within 32 ms, 95 % within 410 ms',
  )
})
