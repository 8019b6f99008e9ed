import { afterEach, expect, test } from '@jest/globals'
import { anEdge, type Edge } from './an-edge.ts'

const edges: Edge[] = []
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop()
})

async function limited(limits: Parameters<typeof anEdge>[0]): Promise<Edge> {
  const edge = await anEdge(limits)
  edges.push(edge)
  return edge
}

const statuses = async (send: () => Promise<Response>, times: number): Promise<readonly number[]> => {
  const all: number[] = []
  for (let time = 0; time < times; time++) all.push((await send()).status)
  return all
}

test('an address that sends too much is answered 429 before anything of it is read, and told when to come back', async () => {
  const { fpay, taken } = await limited({ requestsPerMinute: 5 })
  expect(await statuses(() => fpay('forged', { secret: 'a guess' }), 5)).toEqual([401, 401, 401, 401, 401])
  const refused = await fpay('{}')
  expect([refused.status, await refused.json()]).toEqual([429, { error: 'too_many_requests' }])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await taken()).toEqual([])
})

test('looking for addresses that are not there counts as well', async () => {
  const { post } = await limited({ requestsPerMinute: 3 })
  expect(await statuses(() => post('/wp-login.php', ''), 4)).toEqual([404, 404, 404, 429])
})

test('behind proxies each sender is counted by itself, and nobody can claim to be another', async () => {
  const { post } = await limited({ requestsPerMinute: 2, proxyHops: 1 })
  const from = (forwarded: string) => () => post('/webhooks/fpay', '', { 'x-forwarded-for': forwarded })
  expect(await statuses(from('203.0.113.1'), 3)).toEqual([401, 401, 429])
  expect(await statuses(from('203.0.113.2'), 1)).toEqual([401])
  // What stands before the proxy's own word is the sender's word.
  expect(await statuses(from('198.51.100.7, 203.0.113.1'), 1)).toEqual([429])
})
