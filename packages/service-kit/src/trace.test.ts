import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currentTrace, currentTraceparent, formatTraceparent, parseTraceparent, runWithTrace } from './trace.ts'

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text))

test('what is formatted is parsed to the same span', () => {
  fc.assert(
    fc.property(fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() }), (span) => {
      expect(parseTraceparent(formatTraceparent(span))).toEqual(span)
    }),
  )
})

test.each([
  [undefined],
  ['garbage'],
  ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  ['00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
  ['00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
  [`${PARENT}-more`],
])('%s is no traceparent', (text) => {
  expect(parseTraceparent(text)).toBeUndefined()
})

test('a later version of the standard may add fields', () => {
  expect(parseTraceparent(`cc${PARENT.slice(2)}-more`)?.spanId).toBe('00f067aa0ba902b7')
})

test('work runs in a child of the span that its message names, also after waiting', async () => {
  await runWithTrace(PARENT, async () => {
    await Promise.resolve()
    expect(currentTrace()).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sampled: true })
    expect(currentTrace()?.spanId).not.toBe('00f067aa0ba902b7')
    expect(currentTraceparent()).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/)
  })
  expect(currentTraceparent()).toBeUndefined()
})

test('work without a readable parent starts a trace of its own', () => {
  const first = runWithTrace('garbage', currentTrace)
  const second = runWithTrace(undefined, currentTrace)
  expect(first?.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(first?.traceId).not.toBe(second?.traceId)
})
