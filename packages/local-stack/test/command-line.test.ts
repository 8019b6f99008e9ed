import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { tokensOf } from '../src/operators.ts'
import { builtProgram } from '../src/stack/programs.ts'
import type { Stack } from '../src/stack/stack.ts'
import { aStack } from './support/stacks.ts'

// What operators do by the command line alone, with every process that has a part in it. Each test has winners of its own.

const REMESA = await builtProgram('remesa')

const stops: (() => Promise<unknown>)[] = []
let stack: Stack
let tokens: ReadonlyMap<string, string>
beforeAll(async () => {
  const serviceEnv = { PAYEE_COOLING_MS: '0' }
  stack = await aStack({ services: ['admin', 'payouts', 'webhooks'], serviceEnv }, stops)
  tokens = new Map((await tokensOf(stack)).map(({ role, token }) => [role, token]))
}, 200_000)
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function remesa(role: 'viewer' | 'operator' | 'approver', ...words: readonly string[]): Promise<string> {
  const env = {
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    REMESA_URL: stack.adminUrl,
    REMESA_TOKEN: tokens.get(role),
  }
  return (await promisify(execFile)(process.execPath, [REMESA, ...words], { env })).stdout
}

/** The two files of one settlement. @returns the path of the first */
async function aFile(settlement: string, winners: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-brought-'))
  stops.push(() => rm(directory, { recursive: true }))
  const file = join(directory, 'settlements.csv')
  await writeFile(file, `settlement_id,contest_id,currency,total,status\n${settlement}`)
  await writeFile(join(directory, 'winners.csv'), `settlement_id,user_id,stripe_account_id,amount\n${winners}`)
  return file
}

type Statuses = Readonly<Record<string, string>>

/** Of the two winners of a contest, once they are as they should be. */
async function untilTransfersOf(contest: string, are: (statuses: Statuses) => boolean): Promise<Statuses> {
  const end = Date.now() + 60_000
  for (;;) {
    const { rows } = await sql<{ user: string; status: string }>`
      select user_id as "user", status from payout_transfers where contest_id = ${contest}`.execute(stack.database)
    const statuses = Object.fromEntries(rows.map(({ user, status }) => [user, status]))
    if (rows.length === 2 && are(statuses)) return statuses
    if (Date.now() > end) throw new Error(`waited in vain; the transfers of ${contest}: ${JSON.stringify(statuses)}`)
    await sleep(50)
  }
}

const all =
  (...wanted: readonly string[]) =>
  (statuses: Statuses): boolean =>
    Object.values(statuses).every((status) => wanted.includes(status))

/** What Stripe's books say that these accounts received. */
async function receivedBy(...accounts: readonly string[]): Promise<readonly string[]> {
  const { payments } = (await stack.sandbox.books()).stripe
  return payments
    .filter(({ account }) => accounts.includes(account))
    .map(({ account, amount }) => `${account} ${amount}`)
    .sort()
}

test('a settlement is brought by file and paid, and a winner whose account was closed is paid once by two people', async () => {
  const file = await aFile('SE-1,CT-1,USD,30.00,closed\n', 'SE-1,ana,acct_ana,10.00\nSE-1,ben,acct_closed_ben,20.00\n')
  const brought = await remesa('operator', 'settlement', 'import', file, '--reason', 'the marketplace was down')
  expect(brought).toContain('1 new')
  const ended = all('completed', 'failed_terminal')
  expect(await untilTransfersOf('CT-1', ended)).toEqual({ ana: 'completed', ben: 'failed_terminal' })

  await sql`
    update user_stripe_accounts set stripe_account_id = 'acct_ben2', transfers_active = false,
      payouts_enabled = false, details_submitted = false, disabled_reason = null, last_event_created = null
    where user_id = 'ben'`.execute(stack.database)
  const { rows } = await sql<{ id: string }>`
    select id from payout_transfers where contest_id = 'CT-1' and user_id = 'ben'`.execute(stack.database)
  const asked = await remesa('operator', 'transfer', 'retry', rows[0]?.id ?? '', '--reason', 'he opened another')
  const [, approval = ''] = /remesa approve (\S+)/.exec(asked) ?? []
  expect(await remesa('approver', 'approve', approval, '--reason', 'seen his letter')).toContain('approved')
  await untilTransfersOf('CT-1', all('completed'))

  expect(await receivedBy('acct_ana', 'acct_closed_ben', 'acct_ben2')).toEqual(['acct_ana 10.00', 'acct_ben2 20.00'])
  expect(await remesa('viewer', 'ledger', 'verify')).toContain('USD')
  expect(await remesa('operator', 'settlement', 'import', file, '--reason', 'again')).toContain('1 unchanged')
}, 120_000)

test('a contest waits for its plan, is paid at once when two people have agreed to it, and its alert closes', async () => {
  const alert = async () => {
    const { rows } = await sql<{ status: string }>`
      select status from finance_alerts where kind = 'plan_required'`.execute(stack.database)
    return rows.map(({ status }) => status)
  }
  await remesa('operator', 'plan', 'rule', 'set', 'payouts', '0', 'USD', '--reason', 'every contest is agreed to')
  const file = await aFile('SE-2,CT-2,USD,30.00,closed\n', 'SE-2,eva,acct_eva,10.00\nSE-2,fay,acct_fay,20.00\n')
  await remesa('operator', 'settlement', 'import', file, '--reason', 'a contest')
  await untilTransfersOf('CT-2', all('pending')) // their accounts are known
  while ((await alert()).length === 0) await sleep(50)
  expect(await alert()).toEqual(['open'])
  expect(await receivedBy('acct_eva', 'acct_fay')).toEqual([])

  const shown = await remesa('operator', 'plan', 'payouts', '--reason', 'the contest of today')
  expect(shown).toMatch(/^stripe +2 +USD 30\.00 +USD [\d.]+ +–$/m)
  const [, id = '', hash = ''] = /remesa approve (\S+) --hash (\S+)/.exec(shown) ?? []
  const agreed = [id, '--hash', hash, '--reason', 'the totals are right']
  await expect(remesa('operator', 'apply', ...agreed)).rejects.toThrow(/second person must approve/)
  expect(await remesa('approver', 'approve', ...agreed)).toContain('approved')
  expect(await remesa('operator', 'apply', ...agreed)).toContain('applied')
  await untilTransfersOf('CT-2', all('completed'))
  expect(await alert()).toEqual(['resolved'])
  expect(await receivedBy('acct_eva', 'acct_fay')).toEqual(['acct_eva 10.00', 'acct_fay 20.00'])
  await expect(remesa('operator', 'apply', ...agreed)).rejects.toThrow(/applied already/)
}, 120_000)
