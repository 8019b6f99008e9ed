import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aPayableBalance } from '@remesa/local-stack/testing/sellers'
import { topics } from '@remesa/messaging/catalogue'
import { type Operators, operators } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

const WHY = ['--reason', 'a good reason']

test('a pay-day is planned, approved by a second person with its hash, and applied, from a terminal', async () => {
  expect(await api.remesa('plan', ...WHY)).toMatchObject({ code: 2, err: 'remesa: There is no pay-day yet.\n' })
  expect(await api.remesa('plan', 'rule')).toMatchObject({ code: 0, out: 'There is no rule: no run needs a plan.\n' })
  expect(await api.remesa('plan', 'rule', 'set', 'pay_day', '0', 'CLP', ...WHY)).toMatchObject({
    code: 0,
    out: '✓ pay day: at most CLP 0 without an approved plan\n',
  })
  const { sellerBalanceId, profile } = await aPayableBalance(api.world, { amount: 100_000n })
  await aPayableBalance(api.world, { account: null, amount: 7n })
  const made = await api.remesa('plan', ...WHY)
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(made.out).toMatch(/^fpay +1 +CLP 100000 +unknown: not offered +–$/m)
  expect(made.out).toMatch(/^bank id missing +1 +CLP 7$/m)
  const [, id = '', hash = ''] = /remesa approve (\S+) --hash (\S+) --reason/.exec(made.out) ?? []

  expect((await api.remesa('approve')).out).toMatch(
    new RegExp(`^${id} +approve the plan +pay day of 2026-11-20 +CLP 100000 +operator:olga`, 'm'),
  )

  const shown = await api.remesa('plan', 'show', id, '--lines', '--left-out')
  expect(shown.out).toMatch(new RegExp(`^${sellerBalanceId} +${profile.legalName} +CLP 100000 +fpay +\\*+`, 'm'))
  expect((await api.remesa('plan', 'show', id, '--lines', '--json')).out).toContain('"leftOut": null')
  const deed = [id, '--hash', hash, ...WHY]
  expect(await api.remesa('apply', ...deed)).toMatchObject({ code: 2, err: expect.stringContaining('second person') })
  expect(await api.remesa('approve', id, '--hash', 'f'.repeat(64), ...WHY)).toMatchObject({ code: 2 })
  expect(await api.remesa('approve', ...deed)).toMatchObject({ code: 0, out: expect.stringContaining('approved') })
  expect(await api.remesa('apply', ...deed)).toMatchObject({ code: 0, out: expect.stringContaining('applied') })
  expect(await api.world.published(topics.paySellerBalance)).toMatchObject([{ data: { sellerBalanceId } }])
  expect((await api.remesa('plan', 'list')).out).toMatch(new RegExp(`^${id} +pay day +2026-11-20 +applied +1`, 'm'))
})

test('what drifted is shown of a plan that is void', async () => {
  const made = await api.remesa('plan', ...WHY)
  const [, id = '', hash = ''] = /remesa approve (\S+) --hash (\S+) --reason/.exec(made.out) ?? []
  await api.remesa('approve', id, '--hash', hash, ...WHY)
  const { sellerBalanceId } = await aPayableBalance(api.world, { amount: 9n })
  expect(await api.remesa('apply', id, '--hash', hash, ...WHY)).toMatchObject({
    code: 2,
    err: 'remesa: What would be paid now is no longer this plan, so it is void. Plan again.\n',
  })
  expect((await api.remesa('plan', 'show', id)).out).toMatch(new RegExp(`^added +${sellerBalanceId} +– +– +CLP 9`, 'm'))
})

test('a plan is discarded for a reason, which is shown with it', async () => {
  const made = await api.remesa('plan', ...WHY)
  const [, id = ''] = /remesa approve (\S+) --hash/.exec(made.out) ?? []
  expect(await api.remesa('plan', 'discard', id)).toMatchObject({ code: 2, err: expect.stringContaining('--reason') })
  const discarded = await api.remesa('plan', 'discard', id, '--reason', 'the wrong day')
  expect(discarded).toEqual({ code: 0, out: `✓ plan ${id}: discarded\n`, err: '' })
  const shown = await api.remesa('plan', 'show', id)
  expect(shown.out).toMatch(/^void +operator:olga, .*: discarded: the wrong day$/m)
  expect(shown.out).not.toContain('drifted')
})

test('two people raise or remove a rule', async () => {
  const raise = await api.remesa('plan', 'rule', 'set', 'pay_day', '5', 'CLP', ...WHY)
  expect(raise.out).toContain('! A second person must approve: nothing is done yet. pay day: at most CLP 0')
  const [, approvalId = ''] = /remesa approve (\S+)/.exec(raise.out) ?? []
  expect(await api.remesa('approve', approvalId, ...WHY)).toMatchObject({ code: 0 })
  const list = await api.remesa('plan', 'rule')
  const [, id = ''] = /^(\S+) +pay day +CLP 5 /m.exec(list.out) ?? []
  const removal = await api.remesa('plan', 'rule', 'remove', id, ...WHY, '--json')
  await api.remesa('approve', JSON.parse(removal.out).approval.id, ...WHY)
  expect((await api.remesa('plan', 'rule', 'list')).out).toBe('There is no rule: no run needs a plan.\n')
})

test('an amount that is none is exit code 2 and one line', async () => {
  expect(await api.remesa('plan', 'rule', 'set', 'payouts', '1.005', 'USD', ...WHY)).toMatchObject({
    code: 2,
    err: 'remesa: 1.005 is no amount of USD.\n',
  })
})
