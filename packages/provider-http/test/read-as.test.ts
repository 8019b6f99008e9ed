import { expect, test } from '@jest/globals'
import { z } from 'zod'
import type { HttpAnswer } from '../src/http-client.ts'
import { errorByStatus, parseRetryAfter, readAs } from '../src/read-as.ts'

const anAnswer = (facts: Partial<HttpAnswer>): HttpAnswer => {
  return { provider: 'bank', operation: 'ask', status: 200, headers: {}, body: {}, raw: '', requestId: 'r1', ...facts }
}

test('a body that its schema refuses is garbled: the path and the expectation are named, no value is', () => {
  const schema = z.object({ payout: z.object({ state: z.enum(['paid', 'open']), amount: z.string() }) })
  const read = () => readAs(schema, anAnswer({ body: { payout: { state: 'secret-1', amount: 4711 } } }))
  expect(read).toThrow(expect.objectContaining({ kind: 'garbled', status: 200, requestId: 'r1' }))
  expect(read).toThrow(/payout\.state: .*"paid"\|"open".*payout\.amount: .*expected string, received number/)
  expect(read).not.toThrow(/secret-1|4711/)
  expect(() => readAs(schema, anAnswer({ body: '<html>' }))).toThrow(/body: .*expected object, received string/)
})

test('a failing status says by itself what to do', () => {
  const kinds = [302, 400, 404, 409, 422, 401, 403, 408, 425, 429, 500, 503].map((status) => {
    const { kind, credentials } = errorByStatus(anAnswer({ status }))
    return credentials ? `${status} credentials` : `${status} ${kind}`
  })
  expect(kinds).toEqual([
    ...['302 garbled', '400 refused', '404 refused', '409 refused', '422 refused'],
    ...['401 credentials', '403 credentials', '408 unavailable', '425 unavailable', '429 unavailable'],
    ...['500 unavailable', '503 unavailable'],
  ])
  expect(() => errorByStatus(anAnswer({ status: 204 }))).toThrow(RangeError)
})

test('Retry-After is read as seconds or as a date, and goes with the error', () => {
  const now = Date.UTC(2026, 10, 20, 10, 0, 0)
  expect(parseRetryAfter('2')).toBe(2000)
  expect(parseRetryAfter('0.5')).toBe(500)
  expect(parseRetryAfter('Fri, 20 Nov 2026 10:01:00 GMT', now)).toBe(60_000)
  expect(parseRetryAfter('Fri, 20 Nov 2026 09:00:00 GMT', now)).toBe(0)
  for (const text of [undefined, '', 'soon', '-1', '1e99', 'NaN']) expect(parseRetryAfter(text)).toBeUndefined()
  expect(errorByStatus(anAnswer({ status: 429, headers: { 'retry-after': '3' } })).retryAfterMs).toBe(3000)
})
