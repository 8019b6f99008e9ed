import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Operators, operators } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

const WHY = ['--reason', 'a good reason']
const set = (amount: string) => api.remesa('caps', 'set', 'rail_hour', amount, 'USD', '--rail', 'stripe', ...WHY)

test('one person sets and lowers a cap in major units, two raise and remove it', async () => {
  expect(await set('1000')).toMatchObject({ code: 0, out: '✓ rail_hour, stripe: at most USD 1000.00\n' })
  expect(await set('12.50')).toMatchObject({ code: 0, out: '✓ rail_hour, stripe: at most USD 12.50\n' })
  const raise = await set('20')
  expect(raise.out).toContain(
    '! A second person must approve: nothing is done yet. rail_hour, stripe: at most USD 12.50',
  )
  expect((await api.remesa('approve')).out).toContain('USD 12.50 → USD 20.00, rail stripe, scope rail_hour')
  const [, approvalId = ''] = /They type: remesa approve (\S+) --reason/.exec(raise.out) ?? []
  expect(await api.remesa('caps', 'approve', approvalId, ...WHY)).toMatchObject({ code: 0, out: '✓ approved\n' })
  const list = await api.remesa('caps')
  const [, id = ''] = /^(\S+) +rail_hour +stripe +USD 20.00 +operator:olga/m.exec(list.out) ?? []
  const removal = await api.remesa('caps', 'remove', id, ...WHY, '--json')
  await api.remesa('caps', 'approve', JSON.parse(removal.out).approval.id, ...WHY)
  expect((await api.remesa('caps')).out).toBe('There is no cap.\n')
})

test('an amount or currency that is none is exit code 2 and one line', async () => {
  expect(await set('12.505')).toMatchObject({ code: 2, err: 'remesa: 12.505 is no amount of USD.\n' })
  expect(await api.remesa('caps', 'set', 'run', '1', 'XXQ', ...WHY)).toMatchObject({
    code: 2,
    err: 'remesa: XXQ is no currency that Remesa pays in.\n',
  })
})
