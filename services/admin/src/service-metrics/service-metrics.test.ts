import { expect, test } from '@jest/globals'
import { machineFigures, quantileMs } from './machine-figures.ts'
import { readMetricsAddresses } from './metrics-addresses.ts'
import { readFigures, seriesOf } from './prometheus-text.ts'
import { growthOf, type Scrape, STARTED, withScrape } from './service-history.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const T0 = Date.parse('2026-11-21T12:00:00Z')

/** @param minutes - after T0, as all that follows. @param began - when its process did */
const scrape = (minutes: number, began: number, figures: Readonly<Record<string, number>>): Scrape => ({
  at: new Date(T0 + minutes * MINUTE_MS),
  figures: new Map([[`${STARTED}{service="payouts"}`, (T0 + began * MINUTE_MS) / 1_000], ...Object.entries(figures)]),
})
const DONE = 'remesa_messages_handled_total{subscription="pay",outcome="done",service="payouts"}'

test('figures are read with their labels, whatever is escaped in them, and only those that are wanted', () => {
  const text = [
    '# HELP remesa_a What it is',
    '# TYPE remesa_a counter',
    'remesa_a{route="/v1/x{id}",said="a \\"b\\" \\\\ c\\nd"} 3.5',
    'remesa_a 7 1732190400000',
    'remesa_a{le="+Inf"} +Inf',
    'other_b 1',
    '',
  ].join('\n')
  const figures = readFigures(text, (name) => name === 'remesa_a')
  expect([...figures].map(([key, figure]) => [seriesOf(key).labels, figure])).toEqual([
    [{ route: '/v1/x{id}', said: 'a "b" \\ c\nd' }, 3.5],
    [{}, 7],
    [{ le: '+Inf' }, Infinity],
  ])
  for (const wrong of ['<html>', 'remesa_a', 'remesa_a three', '{"a":1}']) {
    expect(() => readFigures(wrong, () => true)).toThrow(RangeError)
  }
})

test('counters that begin anew with their process count on, and nothing is counted twice', () => {
  const scrapes = [
    scrape(0, -600, { [DONE]: 100 }),
    scrape(1, -600, { [DONE]: 130 }),
    scrape(2, 1.5, { [DONE]: 5 }),
    scrape(3, 1.5, { [DONE]: 9 }),
  ]
  const { seconds, figures } = growthOf(scrapes, HOUR_MS)
  expect([seconds, figures.get(DONE)]).toEqual([180, 30 + 5 + 4])
})

test('what a process did since it began within the hour counts, though nobody looked yet', () => {
  const { seconds, figures } = growthOf([scrape(0, -10, { [DONE]: 40 })], HOUR_MS)
  expect([seconds, figures.get(DONE)]).toEqual([600, 40])
  const old = growthOf([scrape(0, -61, { [DONE]: 40 })], HOUR_MS)
  expect([old.seconds, old.figures.get(DONE)]).toEqual([0, undefined])
})

test('an hour of scrapes is kept, one a minute, and always the newest', () => {
  let scrapes: readonly Scrape[] = []
  for (let tick = 0; tick <= 6 * 130; tick++)
    scrapes = withScrape(scrapes, scrape(tick / 6, -600, { [DONE]: tick }), HOUR_MS)
  expect(scrapes.length).toBeLessThanOrEqual(63)
  expect(scrapes.at(-1)?.figures.get(DONE)).toBe(6 * 130)
  const { seconds, figures } = growthOf(scrapes, HOUR_MS)
  expect(seconds).toBeGreaterThanOrEqual(3_600)
  expect(seconds).toBeLessThanOrEqual(3_720)
  expect(figures.get(DONE)).toBe(seconds / 10)
})

test('latencies, error rates and concurrency add up over services; a refusal of ours is no failure of theirs', () => {
  const call = (outcome: string, kind: string, le?: string) =>
    `remesa_provider_call_seconds_${kind}{${le === undefined ? '' : `le="${le}",`}service="s",provider="fpay",operation="pay",outcome="${outcome}"}`
  const figures = {
    ...{ [call('ok', 'bucket', '0.1')]: 60, [call('ok', 'bucket', '1')]: 90, [call('ok', 'bucket', '+Inf')]: 90 },
    ...{ [call('ok', 'count')]: 90, [call('ok', 'sum')]: 30 },
    ...{ [call('422', 'bucket', '0.1')]: 5, [call('422', 'bucket', '1')]: 5, [call('422', 'bucket', '+Inf')]: 5 },
    ...{ [call('422', 'count')]: 5, [call('422', 'sum')]: 0.25 },
    ...{ [call('no_answer', 'bucket', '0.1')]: 0, [call('no_answer', 'bucket', '1')]: 0 },
    ...{ [call('no_answer', 'bucket', '+Inf')]: 5, [call('no_answer', 'count')]: 5, [call('no_answer', 'sum')]: 25 },
  }
  const history = (name: string) => ({ name, scrapes: [scrape(0, -1, figures)], trouble: null })
  const { providers } = machineFigures([history('a'), history('b')], { now: new Date(T0), windowMs: HOUR_MS })
  expect(providers).toEqual([
    // 200 calls, of which 130 took up to 100 ms and 60 more up to a second; 10 took longer. 110.5 s of calls in 60 s.
    { name: 'fpay', calls: 200, refused: 10, failed: 10, p50Ms: 77, p95Ms: 1_000, inUse: 1.84 },
  ])
})

test('what is in hand is told of services that were heard a minute ago at most', () => {
  const gauges = {
    'remesa_messages_in_hand{subscription="pay"}': 7,
    'remesa_oldest_message_seconds{subscription="pay"}': 12.5,
    [DONE]: 60,
  }
  const histories = [
    { name: 'a', scrapes: [scrape(0, -1, gauges)], trouble: null },
    { name: 'b', scrapes: [scrape(-5, -6, gauges)], trouble: 'unreachable' },
    { name: 'c', scrapes: [], trouble: 'unreachable' },
  ]
  const { services, subscriptions } = machineFigures(histories, { now: new Date(T0), windowMs: HOUR_MS })
  expect(subscriptions).toEqual([
    { name: 'pay', done: 120, retried: 0, failed: 0, perMinute: 60, inHand: 7, oldestSeconds: 12.5 },
  ])
  expect(services).toEqual([
    { name: 'a', at: new Date(T0), trouble: null, windowSeconds: 60 },
    { name: 'b', at: new Date(T0 - 5 * MINUTE_MS), trouble: 'unreachable', windowSeconds: 60 },
    { name: 'c', at: null, trouble: 'unreachable', windowSeconds: 0 },
  ])
})

test('a quantile of nothing is none; of what took longer than can be told, the longest that can', () => {
  expect(quantileMs(new Map(), 0.5)).toBeNull()
  expect(
    quantileMs(
      new Map([
        [1, 0],
        [Infinity, 0],
      ]),
      0.5,
    ),
  ).toBeNull()
  expect(
    quantileMs(
      new Map([
        [1, 0],
        [30, 0],
        [Infinity, 4],
      ]),
      0.5,
    ),
  ).toBe(30_000)
})

test.each(['', 'payouts', 'payouts=', 'payouts=ftp://x', 'payouts=http://a,payouts=http://b', '=http://a'])(
  'what is no list of addresses is refused: %s',
  (text) => {
    expect(readMetricsAddresses(text)).toBeUndefined()
  },
)

test('addresses are read by name', () => {
  expect(readMetricsAddresses('payouts=http://a:1/metrics, payouts-2=http://b/metrics')).toEqual([
    { name: 'payouts', url: 'http://a:1/metrics' },
    { name: 'payouts-2', url: 'http://b/metrics' },
  ])
})
