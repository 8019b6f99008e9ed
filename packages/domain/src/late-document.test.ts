import { expect, test } from '@jest/globals'
import { currency } from './currency.ts'
import { type DocumentCounted, type DocumentNow, latenessOfCounted, latenessOfUncounted } from './late-document.ts'

const CLP = currency('CLP')
const now = (open: bigint, total = 1_000n, state: DocumentNow['state'] = 'payable'): DocumentNow => ({
  state,
  figures: { currency: CLP, total, open },
})
const counted: DocumentCounted = {
  currency: CLP,
  open: 1_000n,
  total: 1_000n,
  isOfSeller: true,
  isSettled: false,
  ours: 0n,
}
const paid: DocumentCounted = { ...counted, isSettled: true, ours: 1_000n }
/** Invoices took a quarter of it: our vendor payment left as much open for finance to net. */
const netted: DocumentCounted = { ...counted, isSettled: true, ours: 750n }
const nothingDue: DocumentCounted = { ...counted, isSettled: true }
/** Finance had paid 400 of it before. */
const partlyPaid: DocumentCounted = { ...counted, open: 600n, isSettled: true, ours: 600n }

test('a document in no balance is late while something of it may be paid', () => {
  expect(latenessOfUncounted(now(1_000n))).toEqual({ reason: 'not_counted', difference: 1_000n })
  expect(latenessOfUncounted({ state: 'payable', figures: undefined })?.reason).toBe('unreadable')
  for (const nothing of [now(0n), now(1_000n, 1_000n, 'withheld'), now(1_000n, 1_000n, 'voided')]) {
    expect(latenessOfUncounted(nothing)).toBeUndefined()
  }
})

test.each<[string, DocumentNow, DocumentCounted]>([
  ['nothing changed before it is paid', now(1_000n), counted],
  ['our vendor payment was recorded', now(0n), paid],
  ['our vendor payment is not recorded yet, or was taken out again', now(1_000n), paid],
  ['our vendor payment left open what invoices took', now(250n), netted],
  ['finance netted what was left', now(0n), netted],
  ['finance settles what was not due', now(0n), nothingDue],
  ['a paid bill is sent back for approval', now(0n, 1_000n, 'withheld'), paid],
  ['an addition was settled by finance', now(0n, 1_200n), paid],
  ['our payment of the rest was recorded', now(0n), partlyPaid],
  ['it was counted before totals were kept', now(0n), { ...paid, total: null }],
])('nobody is told when %s', (_, document, as) => {
  expect(latenessOfCounted(document, as)).toBeUndefined()
})

test.each<[string, DocumentNow, DocumentCounted, string, bigint | null]>([
  ['finance paid it by hand before we do', now(0n), counted, 'amount_changed', -1_000n],
  ['it was edited upwards before we pay', now(1_200n, 1_200n), counted, 'amount_changed', 200n],
  ['it is held before we pay', now(1_000n, 1_000n, 'withheld'), counted, 'withheld', -1_000n],
  ['it was voided before we pay', now(1_000n, 1_000n, 'voided'), counted, 'voided', -1_000n],
  ['it was voided after we paid', now(0n, 0n, 'voided'), paid, 'voided', -1_000n],
  ['it was edited upwards after we paid', now(200n, 1_200n), paid, 'amount_changed', 200n],
  ['the same, our payment not recorded yet', now(1_200n, 1_200n), paid, 'amount_changed', 200n],
  ['it was edited downwards after we paid', now(150n, 900n), netted, 'amount_changed', -100n],
  ['it was turned around', now(1_000n, -1_000n), nothingDue, 'amount_changed', -2_000n],
  ['an earlier payment of finance’s was taken back', now(400n), partlyPaid, 'amount_changed', 400n],
  [
    'an addition came to one counted before totals were kept',
    now(200n, 1_200n),
    { ...paid, total: null },
    'amount_changed',
    200n,
  ],
  ['it is another seller’s now', now(1_000n), { ...counted, isOfSeller: false }, 'seller_changed', null],
  ['its figures cannot be read', { state: 'payable', figures: undefined }, counted, 'unreadable', null],
  [
    'it is in another currency now',
    { state: 'payable', figures: { currency: currency('USD'), total: 1_000n, open: 1_000n } },
    counted,
    'currency_changed',
    null,
  ],
])('people are told when %s', (_, document, as, reason, difference) => {
  expect(latenessOfCounted(document, as)).toEqual({ reason, difference })
})
