import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { run as runProgram } from '../src/program.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const DAY = '2026-11-20'

let world: World
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  // The banks' clock stands at noon of the day, so that what is paid now was paid then.
  const now = () => new Date(`${DAY}T12:00:00Z`)
  world = await startWorld({ sandbox: { fpay: { now }, stripe: { now } } })
  const { url, credentials } = world.sandbox.netsuite
  env = {
    ...{ ...world.railEnvironment, ...world.stripeEnvironment, DATABASE_URL: world.databaseUrl, NO_COLOR: '1' },
    ...{ NETSUITE_BASE_URL: url, NETSUITE_ACCOUNT_ID: credentials.account, NETSUITE_KEY_ALGORITHM: 'ES256' },
    ...{ NETSUITE_CLIENT_ID: credentials.clientId, NETSUITE_CERTIFICATE_ID: credentials.certificateId },
    NETSUITE_PRIVATE_KEY: credentials.privateKeyPem,
  }
})
afterAll(() => world.stop())

async function remesa(words: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...words], { env })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  const [code] = await once(child, 'close')
  return { code: code as number, ...said }
}

async function run(words: readonly string[], given = env) {
  const said = { out: '', err: '' }
  const into = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += `${text}\n`
  }
  const code = await runProgram(words, { env: given, out: into('out'), err: into('err') })
  return { code, ...said }
}

test.each(['stripe-transfers', 'fpay', 'payoneer', 'netsuite', 'billing'])(
  '%s: books without a payment agree, exit code 0',
  async (books) => {
    const { code, out } = await run(['reconcile', books, '--from', '2026-11-10', '--to', '2026-11-12'])
    expect([code, out]).toEqual([0, expect.stringContaining(`✓ ${books}, 2026-11-10/2026-11-12`)])
  },
)

test('what differs is shown with both sides, exit code 1, and progress stays out of the answer', async () => {
  const outcome = await world.rails.get('fpay')?.pay({
    ...{ payableId: '00000000-0000-4000-8000-000000000001', idempotencyKey: 'seller-balance:unknown', generation: 1 },
    ...{ money: money(1_250_000n, 'CLP'), destination: 'FP-1', country: 'CL', payeeId: 'S1' },
    ...{ beneficiary: { name: 'Comercial', taxId: '76192083-9' }, description: 'Seller balance' },
  })
  expect(outcome?.kind).toBe('accepted')
  const { code, out, err } = await remesa(['reconcile', 'fpay', '--from', DAY])
  expect(code).toBe(1)
  expect(out.split('\n')[0]).toBe(
    '✗ paid_not_recorded: there fpo_000000000001 pending CLP 1250000; here nothing (00000000-0000-4000-8000-000000000001)',
  )
  expect(out).toContain('CLP: 1 payment there, 1250000; 1250000 more there, 0 more here')
  expect(out).toContain(`✗ fpay, ${DAY}: 1 payment there, 1 urgent finding. Report `)
  expect(err).toContain('fpay: payments read: 1')
})

test('for programs the answer is JSON, result and findings', async () => {
  const { code, out } = await run(['reconcile', 'fpay', '--from', DAY, '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    severity: 'critical',
    result: { books: 'fpay', date: DAY, status: 'discrepancy_found', urgent: 1 },
    findings: [{ category: 'paid_not_recorded', over: { amount: '1250000', currency: 'CLP' }, recorded: null }],
  })
})

test('books that cannot be read are exit code 2, and say why without a secret', async () => {
  world.sandbox.fpay.revokeTokens()
  const { code, err } = await run(['reconcile', 'fpay', '--from', DAY], { ...env, FPAY_CLIENT_SECRET: 'hunter2' })
  expect(code).toBe(2)
  expect(err).toMatch(
    /remesa: The books could not be read to their end\. fpay, get token: our credentials were refused/,
  )
  expect(err).not.toContain('hunter2')
})

test.each([
  ['no books', ['reconcile', '--from', DAY], {}, /missing required argument 'books'/],
  ['books that are none', ['reconcile', 'paypal', '--from', DAY], {}, /Allowed choices are billing, stripe-transfers/],
  ['no day', ['reconcile', 'fpay'], {}, /required option '--from <day>'/],
  ['a day that is none', ['reconcile', 'fpay', '--from', '2026-02-30'], {}, /A day is written as 2026-11-20/],
  ['an end before the start', ['reconcile', 'fpay', '--from', DAY, '--to', DAY], {}, /--to must be after --from/],
  [
    'no credentials',
    ['reconcile', 'fpay', '--from', DAY],
    { DATABASE_URL: 'postgres://x' },
    /To read those books, the environment is wrong: FPAY_BASE_URL is not set/,
  ],
  [
    'no credentials of Stripe',
    ['reconcile', 'billing', '--from', DAY],
    { DATABASE_URL: 'postgres://x' },
    /STRIPE_SECRET_KEY is not set/,
  ],
  ['a tolerance that is none', ['reconcile', 'billing', '--from', DAY, '--tolerance', 'x'], {}, /from 0 to 100/],
  ['a currency that is none', ['reconcile', 'billing', '--from', DAY, '--currency', 'XXX'], {}, /ISO 4217/],
] as const)('%s is exit code 2 and a line that says so', async (_, words, given, said) => {
  const { code, out, err } = await run(words, given)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(said)
})

test('no database, or none to be reached, is exit code 2', async () => {
  const words = ['reconcile', 'fpay', '--from', DAY]
  expect((await run(words, { ...env, DATABASE_URL: '' })).err).toContain('Which database?')
  const nowhere = await run(words, { ...env, DATABASE_URL: 'postgres://remesa:hunter2@127.0.0.1:1/remesa' })
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('could not be read: connect ECONNREFUSED')])
  expect(nowhere.err).not.toContain('hunter2')
})
