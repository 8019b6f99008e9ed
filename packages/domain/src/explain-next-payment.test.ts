import { expect, test } from '@jest/globals'
import { nextOfBlockedBy } from './explain-next-document.ts'
import { nextOfPayment } from './explain-next-payment.ts'

const quiet = { isRecorded: true, finding: null, disputes: [], isRefundOpen: false }

test('of a payment the most urgent matter is told, and always that nobody knows what it was for', () => {
  const moves = [
    nextOfPayment(quiet),
    nextOfPayment({ ...quiet, isRefundOpen: true }),
    nextOfPayment({ ...quiet, isRefundOpen: true, disputes: ['won', 'warning_under_review'] }),
    nextOfPayment({ ...quiet, disputes: ['under_review', 'needs_response'] }),
    nextOfPayment({ ...quiet, finding: 'assigned', disputes: ['needs_response'] }),
    nextOfPayment({ ...quiet, finding: 'open', isRecorded: false }),
    nextOfPayment({ ...quiet, finding: 'resolved', disputes: ['lost'] }),
  ]
  expect(moves.map(({ who }) => who)).toEqual([
    ...['nobody', 'provider', 'provider', 'finance', 'finance', 'finance', 'nobody'],
  ])
  expect(new Set(moves.map(({ text }) => text)).size).toBe(6)
  for (const { text } of moves) expect(text).toMatch(/ Which booking or contest it was for is not known here: .+\.$/)
})

test('a document that blocks a balance is named where its alert tells what is wrong with it, and only then', () => {
  const about = { document: 'VB-7', erpId: '77' }
  expect(nextOfBlockedBy('document_currency', { ...about, documentCurrency: 'PEN', currency: 'CLP' })).toEqual({
    who: 'finance',
    text: 'Document VB-7 (NetSuite 77) is in PEN, and the balance in CLP: correct it in NetSuite, then release the balance.',
  })
  expect(nextOfBlockedBy('documents_unreadable', { document: '77', erpId: '77', problem: 'it is odd' })?.text).toMatch(
    /^Document 77 cannot be read: it is odd\. /,
  )
  expect(nextOfBlockedBy('document_in_other_balance', { ...about, otherBalance: 'b-1' })?.text).toContain('balance b-1')
  expect(nextOfBlockedBy('document_currency', about)).toBeUndefined()
  expect(nextOfBlockedBy('bank_id_missing', { ...about, problem: 'x' })).toBeUndefined()
})
