import { expect, test } from '@jest/globals'
import { FINANCE_ALERT_KINDS, sentenceOf, severityOf } from './finance-alert.ts'

test.each(FINANCE_ALERT_KINDS)('%s has a severity and tells people what happened in whole sentences', (kind) => {
  expect(['info', 'warning', 'critical']).toContain(severityOf(kind))
  expect(sentenceOf(kind)).toMatch(/^[A-Z].*\.$/)
})

test('where money may be lost or nothing can be paid, a person is wanted at once', () => {
  for (const kind of ['insufficient_funds', 'payment_reversed', 'payment_mismatch', 'rail_paused'] as const) {
    expect(severityOf(kind)).toBe('critical')
  }
})
