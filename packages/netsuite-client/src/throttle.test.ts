import { expect, test } from '@jest/globals'
import { createThrottle } from './throttle.ts'

test('requests that are refused together reduce the number once, and further ones again, down to one', () => {
  const throttled = { concurrency: 15 }
  const throttle = createThrottle(throttled, 15)
  for (const expected of [10, 6, 4, 2, 1, 1]) {
    const together = Array.from({ length: throttled.concurrency }, () => throttle.begin())
    for (const request of together) request.overloaded()
    expect(throttled.concurrency).toBe(expected)
  }
})

test('success raises the number again, slowly, up to the maximum', () => {
  const throttled = { concurrency: 3 }
  const throttle = createThrottle(throttled, 3)
  throttle.begin().overloaded()
  expect(throttled.concurrency).toBe(2)
  const seen = Array.from({ length: 12 }, () => {
    throttle.begin().succeeded()
    return throttled.concurrency
  })
  expect(seen).toEqual([2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3])
})

test('a success that was begun before the reduction says nothing about the new number', () => {
  const throttled = { concurrency: 2 }
  const throttle = createThrottle(throttled, 9)
  const before = Array.from({ length: 10 }, () => throttle.begin())
  throttle.begin().overloaded()
  for (const request of before) request.succeeded()
  expect(throttled.concurrency).toBe(1)
})
