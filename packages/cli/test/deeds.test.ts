import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aPayout } from '@remesa/admin/testing/an-api'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { sql } from 'kysely'
import { type Operators, operators, remesaProcess } from './support.ts'

let api: Operators
beforeAll(async () => {
  api = await operators()
})
afterAll(() => api.stop())

const WHY = ['--reason', 'a good reason']

test('a payout is held, released and shown, each with its reason in the audit log', async () => {
  const { payoutId, bookingId } = await aPayout(api.world)
  const held = await remesaProcess(['payout', 'hold', payoutId, ...WHY], api.env)
  expect(held).toEqual({ code: 0, out: `✓ payout ${payoutId}: on_hold, USD 50.00\n`, err: '' })
  const list = await api.remesa('payout', 'list', '--booking', bookingId)
  expect(list.out).toMatch(new RegExp(`^id +booking .*\n${payoutId} +${bookingId} .* USD 50.00 +on_hold`))
  const released = await api.remesa('payout', 'release', payoutId, '--reason', 'checked', '--json')
  expect(JSON.parse(released.out)).toMatchObject({ payout: { id: payoutId, holdReason: null }, approval: null })
  const shown = await api.remesa('payout', 'show', payoutId)
  expect([shown.code, shown.out]).toEqual([
    0,
    expect.stringMatching(/operator:olga .* a good reason[\s\S]*operator:olga .* checked/),
  ])
})

test('a hold is undone by a word of its own, which pays nothing', async () => {
  const { payoutId } = await aPayout(api.world)
  await api.remesa('payout', 'hold', payoutId, ...WHY)
  const resumed = await api.remesa('payout', 'resume', payoutId, '--reason', 'looked into it')
  expect(resumed).toEqual({ code: 0, out: `✓ payout ${payoutId}: scheduled, USD 50.00\n`, err: '' })
  const again = await api.remesa('payout', 'resume', payoutId, ...WHY)
  expect([again.code, again.err]).toEqual([2, 'remesa: A payout that is scheduled cannot be asked to resume.\n'])
})

test('what takes two people says what the second one types; they type it, and it is done', async () => {
  const { payoutId } = await aPayout(api.world, { amount: 50_000n })
  const asked = await api.remesa('payout', 'cancel', payoutId, ...WHY)
  expect(asked.code).toBe(0)
  expect(asked.out).toContain(
    `A second person must approve: nothing is done yet. payout ${payoutId}: scheduled, USD 500.00`,
  )
  const [, approvalId = ''] = /remesa approve (\S+)/.exec(asked.out) ?? []
  expect((await api.remesa('approve')).out).toMatch(
    new RegExp(`${approvalId} +cancel +payout ${payoutId} +USD 500.00 +operator:olga`),
  )
  expect((await api.remesa('payout', 'show', payoutId)).out).toContain(`Waits for a second person to cancel it`)

  const alone = await api.remesa(
    'approve',
    approvalId,
    ...WHY,
    '--token',
    await api.token({ subject: 'olga', roles: ['approver'] }),
  )
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('remesa: ')])
  const done = await api.remesa('approve', approvalId, ...WHY)
  expect([done.code, done.out]).toEqual([0, `✓ payout ${payoutId}: cancelled, USD 500.00\n`])
  expect((await api.remesa('approve')).out).toBe('Nothing waits for a second person.\n')
})

test('what concerns payments as a whole is approved by the same command', async () => {
  await api.remesa('stop', 'fpay', ...WHY)
  await api.remesa('restart', 'fpay', '--reason', 'mended')
  const { out } = await api.remesa('approve')
  const [id = ''] = /^\S+(?= +rail restart +fpay .* operator:olga .* mended$)/m.exec(out) ?? []
  const words = ['approve', id, ...WHY, '--key', 'restart-1']
  const done = { code: 0, out: '✓ rail restart fpay: approved\n', err: '' }
  expect(await api.remesa(...words)).toEqual(done)
  expect(await api.remesa(...words)).toEqual(done)
  expect((await api.remesa('rails')).code).toBe(0)
})

test('the same command with the same key is done once; what does not fit is exit code 2 and the API’s own words', async () => {
  const { payoutId } = await aPayout(api.world)
  const words = ['payout', 'hold', payoutId, ...WHY, '--key', 'the-same']
  const [first, second] = [await api.remesa(...words), await api.remesa(...words)]
  expect(second).toEqual(first)
  const again = await api.remesa('payout', 'retry', payoutId, ...WHY)
  expect([again.code, again.out, again.err]).toEqual([2, '', expect.stringMatching(/^remesa: .+\.\n$/)])
  expect(await api.remesa('payout', 'retry', randomUUID(), ...WHY)).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no payout'),
  })
  expect(await api.remesa('payout', 'hold', payoutId)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--reason'),
  })
})

test('alerts are listed while they are open, acknowledged, and resolved with a note', async () => {
  const subject = { type: 'seller', id: 's\u001b[2J-1' }
  const [raised] = await api.world.database
    .transaction()
    .execute((tx) =>
      raiseAlerts(tx, [{ kind: 'bank_id_missing', dedupKey: 'one', subject, details: {}, businessDate: null }]),
    )
  const id = raised?.id ?? ''
  const open = await api.remesa('alerts')
  expect([open.code, open.out]).toEqual([1, expect.stringContaining(`(seller s-1; alert ${id})`)])
  expect((await api.remesa('alerts', 'ack', id, '--reason', 'asked them')).out).toContain('acknowledged: ')
  expect(await api.remesa('alerts')).toEqual({ code: 0, out: 'No alert is open.\n', err: '' })
  expect((await api.remesa('alerts', 'resolve', id, ...WHY, '--json')).out).toContain('"note": "a good reason"')
  expect((await api.remesa('alerts', 'list', '--status', 'resolved', '--json')).out).toContain(id)
})

test('an alert for which a document is to blame names it', async () => {
  const { database } = api.world
  const details = { document: 'VB-77', erpId: '9077', documentCurrency: 'USD', currency: 'CLP' }
  const told = {
    kind: 'document_currency',
    dedupKey: 'document',
    subject: { type: 'seller_balance', id: 'b-1' },
  } as const
  await database.transaction().execute((tx) => raiseAlerts(tx, [{ ...told, details, businessDate: null }]))
  expect((await api.remesa('alerts', '--kind', 'document_currency')).out).toMatch(
    /\(seller_balance b-1; document VB-77; alert \S+\)$/m,
  )
})

test('a dead letter is shown and replayed once', async () => {
  const [id, unreadable] = [randomUUID(), randomUUID()]
  for (const [one, data] of [[id, '{"settlementId":"s-1"}'] as const, [unreadable, 'no JSON'] as const]) {
    await sql`
      insert into dead_letters (id, topic, subscription, message_id, data, attributes, reason)
      values (${one}, 'settlement_completed_topic', 'settlement_completed_subscription', ${one}, ${Buffer.from(data)}, '{}',
        'it does not fit')`.execute(api.world.database)
  }
  const list = await api.remesa('deadletters')
  expect([list.code, list.out]).toEqual([
    1,
    expect.stringMatching(`${id} +settlement_completed_topic .* waits +it does not fit`),
  ])
  expect((await api.remesa('deadletters', 'show', id)).out).toMatch(
    /reason +it does not fit[\s\S]*"settlementId": "s-1"/,
  )
  const words = ['deadletters', 'replay', '--topic', 'settlement_completed_topic', ...WHY]
  const replayed = await api.remesa(...words)
  expect([replayed.code, replayed.out]).toEqual([
    1,
    `✗ ${unreadable}: it is no JSON object, and would come straight back\n1 dead letter on the way again.\n`,
  ])
  expect((await api.remesa('deadletters', 'replay', id, ...WHY)).out).toContain('it was replayed before')
  expect((await api.remesa('deadletters', 'replay', ...WHY)).err).toContain('Give either ids or --topic.')
  expect(await api.remesa('deadletters', 'replay', '--topic', 'misspelt_topic', ...WHY)).toEqual({
    ...{ code: 0, err: '' },
    out: 'No dead letter of misspelt_topic waits.\n',
  })
})

test('a job is paused, which keeps it from being run, and resumed', async () => {
  await sql`
    insert into admin_jobs (name, schedule, time_zone, next_run_at)
    values ('payment-reset', '0 6 * * *', 'America/Santiago', '2026-11-22T09:00:00Z')`.execute(api.world.database)
  expect((await api.remesa('jobs', 'pause', 'payment-reset', ...WHY)).out).toBe('Paused: payment-reset\n')
  expect((await api.remesa('jobs')).out).toMatch(/payment-reset +0 6 \* \* \* America\/Santiago .* paused/)
  expect(await api.remesa('payday', 'run', ...WHY)).toMatchObject({ code: 2, err: expect.stringContaining('paused') })
  expect((await api.remesa('jobs', 'resume', 'payment-reset', ...WHY)).code).toBe(0)
  expect((await api.remesa('payday', 'run', ...WHY)).out).toContain('How far it is: remesa payday status')
  expect(await api.remesa('jobs', 'run', 'no-such', ...WHY)).toMatchObject({
    code: 2,
    err: expect.stringContaining('no job'),
  })
})
