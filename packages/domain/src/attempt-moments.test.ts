import { expect, test } from '@jest/globals'
import { type AttemptTimes, momentsOfAttempt } from './attempt-moments.ts'

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 0, 0, second))
const told = (state: string, times: Partial<AttemptTimes> = {}) =>
  momentsOfAttempt({ state, createdAt: at(0), acceptedAt: null, settledAt: null, updatedAt: at(9), ...times }).map(
    (moment) => `${moment.at.getUTCSeconds()} ${moment.state}`,
  )

test('an attempt is told as begun when it began, and what came of it when that came', () => {
  expect(told('claimed')).toEqual(['0 begun'])
  expect(told('postponed')).toEqual(['0 begun', '9 postponed'])
  expect(told('declined')).toEqual(['0 begun', '9 declined'])
  expect(told('accepted', { acceptedAt: at(2) })).toEqual(['0 begun', '2 accepted'])
  expect(told('paid', { acceptedAt: at(2), settledAt: at(7) })).toEqual(['0 begun', '2 accepted', '7 paid'])
  expect(told('declined', { acceptedAt: at(2), settledAt: at(7) })).toEqual(['0 begun', '2 accepted', '7 declined'])
})

test('what is paid as it is taken is told once, and nothing before its cause, whatever the rail’s clock', () => {
  expect(told('paid', { acceptedAt: at(2), settledAt: at(2) })).toEqual(['0 begun', '2 paid'])
  expect(told('paid', { createdAt: at(5), acceptedAt: at(6), settledAt: at(3) })).toEqual(['5 begun', '5 paid'])
})
