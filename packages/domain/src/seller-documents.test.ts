import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currency } from './currency.ts'
import { amountOwed, type SellerDocument } from './seller-documents.ts'

const CLP = currency('CLP')
const document = (type: SellerDocument['type'], amount: bigint, code = CLP): SellerDocument => ({
  erpId: '1',
  type,
  tranId: 'T-1',
  currency: code,
  amount,
})
const documents = fc.array(
  fc
    .tuple(fc.constantFrom('vendorBill', 'invoice'), fc.bigInt({ min: 1n, max: 10n ** 15n }))
    .map(([type, amount]) => document(type, amount)),
)

test('bills are owed to the seller, invoices by the seller; nothing is owed without documents', () => {
  expect(amountOwed([document('vendorBill', 1500n), document('invoice', 250n)], CLP)).toBe(1250n)
  expect(amountOwed([document('invoice', 250n)], CLP)).toBe(-250n)
  expect(amountOwed([], CLP)).toBe(0n)
})

test('the order of documents and the pages they come in change nothing', () => {
  fc.assert(
    fc.property(documents, documents, (first, second) => {
      const together = amountOwed([...first, ...second], CLP)
      expect(amountOwed([...second, ...first].toReversed(), CLP)).toBe(together)
      expect(amountOwed(first, CLP) + amountOwed(second, CLP)).toBe(together)
    }),
  )
})

test('a document in another currency is refused by its number', () => {
  expect(() => amountOwed([document('vendorBill', 5n, currency('USD'))], CLP)).toThrow('T-1 is in USD, not CLP')
})
