import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { sql } from 'kysely'
import { tokensOf } from '../src/operators.ts'
import { builtProgram } from '../src/stack/programs.ts'
import { aStack } from './support/stacks.ts'

// A run that needs a plan, with every process that has a part in it and the command line alone.

const REMESA = await builtProgram('remesa')

test('a contest waits for its plan, is paid at once when two people have agreed to it, and its alert closes', async () => {
  const stops: (() => Promise<unknown>)[] = []
  try {
    const serviceEnv = { PAYEE_COOLING_MS: '0' }
    const stack = await aStack({ services: ['admin', 'payouts', 'webhooks'], serviceEnv }, stops)
    const tokens = new Map((await tokensOf(stack)).map(({ role, token }) => [role, token]))
    const remesa = async (role: string, ...words: readonly string[]): Promise<string> => {
      const env = { PATH: process.env.PATH, REMESA_URL: stack.adminUrl, REMESA_TOKEN: tokens.get(role) }
      return (await promisify(execFile)(process.execPath, [REMESA, ...words], { env })).stdout
    }
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      for (const end = Date.now() + 60_000; !(await holds()); await sleep(50)) {
        if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
      }
    }
    const isAlert = (status: string) => async () =>
      (
        await sql`select from finance_alerts where kind = 'plan_required' and status = ${status}`.execute(
          stack.database,
        )
      ).rows.length === 1
    const areAll = (status: string) => async () => {
      const { rows } = await sql<{ status: string }>`select status from payout_transfers`.execute(stack.database)
      return rows.length === 2 && rows.every((row) => row.status === status)
    }

    await remesa('operator', 'plan', 'rule', 'set', 'payouts', '0', 'USD', '--reason', 'every contest is agreed to')
    const directory = await mkdtemp(join(tmpdir(), 'remesa-planned-'))
    stops.push(() => rm(directory, { recursive: true }))
    const file = join(directory, 'settlements.csv')
    await writeFile(file, 'settlement_id,contest_id,currency,total,status\nSE-1,CT-1,USD,30.00,closed\n')
    await writeFile(
      join(directory, 'winners.csv'),
      'settlement_id,user_id,stripe_account_id,amount\nSE-1,ana,acct_ana,10.00\nSE-1,ben,acct_ben,20.00\n',
    )
    await remesa('operator', 'settlement', 'import', file, '--reason', 'a contest')
    await until('the alert', isAlert('open'))
    await until('both wait, their accounts are known', areAll('pending'))
    expect((await stack.sandbox.books()).stripe.payments).toEqual([])

    const shown = await remesa('operator', 'plan', 'payouts', '--reason', 'the contest of today')
    expect(shown).toMatch(/^stripe +2 +USD 30\.00 +USD [\d.]+ +–$/m)
    const [, id = '', hash = ''] = /remesa approve (\S+) --hash (\S+)/.exec(shown) ?? []
    const agreed = [id, '--hash', hash, '--reason', 'the totals are right']
    await expect(remesa('operator', 'apply', ...agreed)).rejects.toThrow(/second person must approve/)
    expect(await remesa('approver', 'approve', ...agreed)).toContain('approved')
    expect(await remesa('operator', 'apply', ...agreed)).toContain('applied')
    await until('both are paid', areAll('completed'))
    expect(await isAlert('resolved')()).toBe(true)
    const { payments } = (await stack.sandbox.books()).stripe
    expect(payments.map(({ account, amount }) => `${account} ${amount}`).sort()).toEqual([
      'acct_ana 10.00',
      'acct_ben 20.00',
    ])
    await expect(remesa('operator', 'apply', ...agreed)).rejects.toThrow(/applied already/)
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}, 120_000)
