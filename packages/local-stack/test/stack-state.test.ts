import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Sandbox, startSandbox } from '@remesa/sandbox/sandbox'
import { writeStackState } from '../src/stack-state.ts'

let sandbox: Sandbox
let directory: string
beforeAll(async () => {
  sandbox = await startSandbox()
  directory = await mkdtemp(join(tmpdir(), 'remesa-state-'))
})
afterAll(async () => {
  await sandbox.stop()
  await rm(directory, { recursive: true })
})

const stackAt = (adminUrl: string) => ({
  adminUrl,
  sandbox,
  environment: { PATH: '/bin', DATABASE_URL: 'postgres://x', STRIPE_SECRET_KEY: 'sk', OIDC_ISSUER: 'i' },
})

test('how a stack is reached is for its user’s eyes alone, whatever lay there before, and has a token of each role', async () => {
  const file = join(directory, 'one', 'stack.json')
  await writeStackState(file, stackAt('http://127.0.0.1:1'))
  await rm(file)
  await writeFile(file, 'left by a stack that was killed', { mode: 0o644 })
  await writeStackState(file, stackAt('http://127.0.0.1:2'))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const state = JSON.parse(await readFile(file, 'utf8'))
  expect(state).toEqual({
    url: 'http://127.0.0.1:2',
    tokens: { viewer: expect.any(String), operator: expect.any(String), approver: expect.any(String) },
    environment: { DATABASE_URL: 'postgres://x', STRIPE_SECRET_KEY: 'sk' },
  })
  const { roles } = JSON.parse(Buffer.from(state.tokens.operator.split('.')[1], 'base64url').toString())
  expect(roles).toEqual(['operator'])
  expect(await readdir(join(directory, 'one'))).toEqual(['stack.json'])
})

test('it is removed when the stack ends, unless it is another stack’s by then', async () => {
  const file = join(directory, 'two.json')
  const forgetFirst = await writeStackState(file, stackAt('http://127.0.0.1:1'))
  const forgetSecond = await writeStackState(file, stackAt('http://127.0.0.1:2'))
  forgetFirst()
  expect(await readFile(file, 'utf8')).toContain('127.0.0.1:2')
  forgetSecond()
  forgetSecond()
  await expect(stat(file)).rejects.toThrow('ENOENT')
})
