import { afterEach, expect, test } from '@jest/globals'
import { type Answer, aNetSuite, closeAll, refusing, saved } from './a-netsuite.ts'

afterEach(closeAll)

const VENDOR = { name: 'Ejemplo', subsidiaryId: '10' }

test('every failing answer has one meaning, and only what may pass is asked again', async () => {
  const meanings: [Answer | 'lost', object][] = [
    ['lost', { kind: 'unavailable', status: 0, tries: 4 }],
    [refusing(400, 'USER_ERROR', 'entity.id'), { kind: 'refused', code: 'USER_ERROR', tries: 1 }],
    [refusing(400, 'INVALID_CONTENT'), { kind: 'refused', code: 'INVALID_CONTENT', tries: 1 }],
    [refusing(400, 'CONCURRENCY_LIMIT_EXCEEDED'), { kind: 'unavailable', tries: 4 }],
    [refusing(400, 'SSS_REQUEST_LIMIT_EXCEEDED'), { kind: 'unavailable', tries: 4 }],
    [refusing(429, 'REQUEST_LIMIT_EXCEEDED'), { kind: 'unavailable', tries: 4 }],
    [{ status: 429 }, { kind: 'unavailable', tries: 4 }],
    [refusing(401, 'INVALID_LOGIN'), { kind: 'unavailable', credentials: true, code: 'INVALID_LOGIN', tries: 1 }],
    [refusing(403, 'INSUFFICIENT_PERMISSION'), { kind: 'unavailable', credentials: true, tries: 1 }],
    [refusing(404, 'NONEXISTENT_ID'), { kind: 'refused', code: 'NONEXISTENT_ID', tries: 1 }],
    [refusing(405, 'INVALID_METHOD'), { kind: 'refused', tries: 1 }],
    [refusing(500, 'UNEXPECTED_ERROR'), { kind: 'unavailable', code: 'UNEXPECTED_ERROR', tries: 4 }],
    [
      { status: 503, body: '<html>' },
      { kind: 'unavailable', tries: 4 },
    ],
    [
      { status: 404, body: '<html>' },
      { kind: 'garbled', tries: 4 },
    ],
    [
      { status: 302, headers: { location: '/login' } },
      { kind: 'garbled', tries: 4 },
    ],
  ]
  for (const [answer, { tries, ...meaning }] of meanings as [Answer, { tries: number }][]) {
    const { client, asked } = await aNetSuite(() => answer)
    await expect(client.upsertVendor('x', VENDOR)).rejects.toMatchObject({
      ...{ provider: 'netsuite', operation: 'upsert vendor', credentials: false },
      ...meaning,
    })
    expect(asked).toHaveLength(tries)
  }
})

test('a refusal names the code and the fields, and nothing of the text', async () => {
  const { client } = await aNetSuite(() => refusing(400, 'INVALID_CONTENT', 'subsidiary'))
  await expect(client.upsertVendor('x', VENDOR)).rejects.toThrow(
    /^netsuite, upsert vendor: refused \(400 INVALID_CONTENT\): subsidiary$/,
  )
})

test('what passes is passed over: the answer after it counts', async () => {
  const troubles = ['lost', refusing(429, 'REQUEST_LIMIT_EXCEEDED'), refusing(500, 'UNEXPECTED_ERROR')] as const
  const { client } = await aNetSuite((_, count) => troubles[count - 1] ?? saved('vendor', 742))
  expect(await client.upsertVendor('x', VENDOR)).toEqual({ erpId: '742' })
})

/** An account that bears so many requests at once and refuses the others. */
function anAccount(bears: number, refusal: Answer) {
  const seen = { now: 0, most: 0, refused: 0 }
  const answer = async (): Promise<Answer> => {
    seen.now += 1
    seen.most = Math.max(seen.most, seen.now)
    const over = seen.now > bears
    await new Promise((resolve) => setTimeout(resolve, 15))
    seen.now -= 1
    if (over) seen.refused += 1
    return over ? refusal : saved('vendor', 1)
  }
  return { seen, answer }
}

test('no more than the allowed requests are under way at once', async () => {
  const { seen, answer } = anAccount(99, { status: 500 })
  const { client } = await aNetSuite(answer, { maxConcurrent: 4 })
  await Promise.all(Array.from({ length: 20 }, (_, i) => client.upsertVendor(`v${i}`, VENDOR)))
  expect(seen.most).toBe(4)
})

test('overload in any of its forms makes fewer requests at once, and all of them get through', async () => {
  const forms = [
    refusing(429, 'CONCURRENCY_LIMIT_EXCEEDED'),
    refusing(400, 'CONCURRENCY_LIMIT_EXCEEDED'),
    refusing(401, 'INVALID_LOGIN'), // what token-based clients are told when too many come at once
  ]
  for (const form of forms) {
    const { seen, answer } = anAccount(8, form)
    const retry = { tries: 8, firstMs: 1, maxMs: 20 }
    const { client } = await aNetSuite(answer, { maxConcurrent: 12, retry })
    await Promise.all(Array.from({ length: 60 }, (_, i) => client.upsertVendor(`v${i}`, VENDOR)))
    expect(seen.refused).toBeGreaterThan(0)
    expect(seen.refused).toBeLessThan(40)
  }
})

test('credentials that stop working under full load are known as such in the end', async () => {
  const retry = { tries: 8, firstMs: 1, maxMs: 5 }
  const { client } = await aNetSuite(() => refusing(401, 'INVALID_LOGIN'), { maxConcurrent: 12, retry })
  const calls = Array.from({ length: 24 }, (_, i) => client.upsertVendor(`v${i}`, VENDOR))
  for (const { status, ...call } of await Promise.allSettled(calls)) {
    expect({ status, ...call }).toMatchObject({ status: 'rejected', reason: { credentials: true } })
  }
})
