import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { masked, maskedFacts } from './masks.ts'

test('secrets are hidden and personal data is masked, whatever they lie in', () => {
  const facts = {
    status: 422,
    amount: '1250',
    currency: 'CLP',
    externalReference: 'seller-balance:1',
    instruction: { destination: 'FP-12345678', beneficiary: { name: 'Comercial Norte', taxId: '76192083-9' } },
    headers: [{ Authorization: 'Bearer abc', 'x-api-key': 'k', set_cookie: 'c' }],
    client_secret: { nested: 'deep' },
    email: 'ana@example.com',
    accountNumber: 1_234_567_890,
  }
  expect(maskedFacts(facts)).toEqual({
    status: 422,
    amount: '1250',
    currency: 'CLP',
    externalReference: 'seller-balance:1',
    instruction: { destination: '*******5678', beneficiary: { name: 'C***', taxId: '*****083-9' } },
    headers: [{ Authorization: '***', 'x-api-key': '***', set_cookie: '***' }],
    client_secret: '***',
    email: 'a***',
    accountNumber: '******7890',
  })
})

test('nothing of a short text of somebody’s is shown, and what holds no value stays', () => {
  expect(masked('1234567', 'accountNumber')).toBe('*******')
  expect(maskedFacts({ taxId: null, legalName: '', destination: true })).toEqual({
    taxId: null,
    legalName: '',
    destination: true,
  })
  expect(maskedFacts(null)).toEqual({})
})

test('what is under a secret’s name never comes out, however it is built', () => {
  fc.assert(
    fc.property(
      fc.json().filter((text) => text.length > 6),
      fc.constantFrom('token', 'apiKey', 'webhookSecret'),
      (json, name) => {
        expect(JSON.stringify(masked({ a: [{ [name]: `<${json}>` }] }))).toBe(`{"a":[{"${name}":"***"}]}`)
      },
    ),
  )
})
