import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Operators, operators } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

test('one person stops a rail, two restart it, and the list says which of them run', async () => {
  expect(await api.remesa('rails')).toMatchObject({ code: 0, out: '✓ fpay: runs\n✓ payoneer: runs\n✓ stripe: runs\n' })
  const stopped = await api.remesa('stop', 'fpay', '--reason', 'amounts look wrong')
  expect(stopped).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^✗ fpay: stopped\n.*operator:olga: amounts look/),
  })
  expect((await api.remesa('rails')).code).toBe(1)

  const early = await api.remesa('restart', 'fpay', '--approve', '--reason', 'yes')
  expect([early.code, early.err]).toEqual([2, 'remesa: Nobody has asked for a restart of fpay.\n'])
  const asked = await api.remesa('restart', 'fpay', '--reason', 'mended')
  expect(asked.out).toContain('operator:olga asks for a restart: mended')
  const alone = { subject: 'olga', roles: ['approver'] }
  const words = ['restart', 'fpay', '--approve', '--reason', 'checked']
  expect(await api.remesa(...words, '--token', await api.token(alone))).toMatchObject({
    code: 2,
    err: expect.stringContaining('somebody else must decide'),
  })
  expect(await api.remesa(...words)).toMatchObject({ code: 0, out: '✓ fpay: runs\n' })
  expect(await api.remesa('stop', 'paypal', '--reason', 'x')).toMatchObject({
    code: 2,
    err: 'remesa: There is no rail paypal.\n',
  })
})
