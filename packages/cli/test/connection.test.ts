import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { NO_STACK, remesaHere as remesa, remesaProcess } from './support.ts'

/** Somebody else's server: remembers what it was asked, and answers what it is told. */
const asked: { path: string | undefined; token: string | undefined; key: string | string[] | undefined }[] = []
let answers: { status: number; body: string; location?: string }[] = []
const server = createServer((request, response) => {
  asked.push({
    path: request.url,
    token: request.headers.authorization,
    key: request.headers['idempotency-key'],
  })
  const { status, body, location } = answers.shift() ?? { status: 404, body: 'nothing here' }
  if (status === 0) return void request.socket.destroy()
  response.writeHead(status, { ...(location && { location }) }).end(body)
})

let url: string
let directory: string
let stackFile: string
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  directory = await mkdtemp(join(tmpdir(), 'remesa-cli-'))
  stackFile = join(directory, 'stack.json')
  const tokens = { viewer: 'viewers', operator: 'operators', approver: 'approvers' }
  await writeFile(stackFile, JSON.stringify({ url, tokens, environment: {} }))
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await rm(directory, { recursive: true })
})

const jobs = JSON.stringify({ items: [] })
const ALERT = JSON.stringify({
  alert: {
    ...{ id: 'a', kind: 'k', severity: 'info', sentence: 's', status: 'resolved', note: 'n', times: 1 },
    ...{ subject: { type: 't', id: 'i' }, raisedAt: '2026-11-20T00:00:00Z' },
  },
})

test('flags go before the environment, and both before the local stack, whose tokens go nowhere else', async () => {
  asked.length = 0
  answers = Array.from({ length: 3 }, () => ({ status: 200, body: jobs }))
  const stack = { REMESA_STACK_FILE: stackFile }
  await remesa(['jobs'], stack)
  await remesa(['jobs'], { ...stack, REMESA_URL: `${url}/env/`, REMESA_TOKEN: 'mine' })
  await remesa(['jobs', '--url', `${url}/flag`, '--token', 'given'], {
    ...stack,
    REMESA_URL: 'x',
    REMESA_TOKEN: 'mine',
  })
  expect(asked).toMatchObject([
    { path: '/v1/jobs', token: 'Bearer viewers' },
    { path: '/env/v1/jobs', token: 'Bearer mine' },
    { path: '/flag/v1/jobs', token: 'Bearer given' },
  ])
  expect((await remesa(['jobs', '--url', url], stack)).err).toContain(`Who are you at ${url}? Set REMESA_TOKEN`)
  expect(asked).toHaveLength(3)
})

test('a deed that got no answer is sent again with the same key, and never one that was refused', async () => {
  asked.length = 0
  answers = [
    { status: 0, body: '' },
    { status: 503, body: '{}' },
    { status: 200, body: ALERT },
  ]
  const words = ['alerts', 'resolve', 'a', '--reason', 'x', '--key', 'k-1']
  expect((await remesa(words, { REMESA_STACK_FILE: stackFile })).code).toBe(0)
  expect(asked.map(({ key, token }) => [key, token])).toEqual(Array(3).fill(['k-1', 'Bearer operators']))
  asked.length = 0
  answers = [{ status: 409, body: JSON.stringify({ type: 'urn:x', detail: 'It \u001b[31mis resolved.' }) }]
  expect(await remesa(words, { REMESA_STACK_FILE: stackFile })).toMatchObject({
    code: 2,
    err: 'remesa: It is resolved.\n',
  })
  expect(asked).toHaveLength(1)
  answers = Array(3).fill({ status: 0, body: '' })
  expect((await remesa(words, { REMESA_STACK_FILE: stackFile })).err).toContain(
    'To find out whether it is done: --key k-1',
  )
})

test.each([
  ['no API at all', {}, /Which API\? Start a local stack/],
  ['a URL that is none', { REMESA_URL: 'ftp://x', REMESA_TOKEN: 't' }, /must begin with https/],
  ['a token that is none', { REMESA_URL: 'http://127.0.0.1:1', REMESA_TOKEN: 'a b' }, /The token is none/],
  [
    'nobody there',
    { REMESA_URL: 'http://127.0.0.1:1', REMESA_TOKEN: 't' },
    /127.0.0.1:1 cannot be reached: .*is it running\?/,
  ],
])('%s is exit code 2 and a line that says so', async (_, env, said) => {
  const { code, out, err } = await remesa(['jobs'], env as Record<string, string>)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(said)
})

test.each([
  ['another server', { status: 200, body: '<html>' }, /in a shape that is not known here/],
  ['a proxy that fails', { status: 502, body: 'Bad Gateway' }, /answered 502 and not as Remesa does/],
  ['one that sends elsewhere', { status: 302, body: '', location: 'http://127.0.0.1:1/' }, /cannot be reached/],
  [
    'a token that is not believed',
    { status: 401, body: JSON.stringify({ type: 'urn:x', detail: 'The token has expired.' }) },
    /The token has expired\. \(http/,
  ],
])('%s is exit code 2 and a line that says so', async (_, answer, said) => {
  answers = [answer]
  const { code, err } = await remesa(['jobs'], { REMESA_URL: url, REMESA_TOKEN: 'secret-token' })
  expect([code, err]).toEqual([2, expect.stringMatching(said)])
  expect(err).not.toContain('secret-token')
})

test('a stack’s file that is none is exit code 2', async () => {
  const broken = join(directory, 'broken.json')
  await writeFile(broken, '{}')
  expect(await remesa(['jobs'], { REMESA_STACK_FILE: broken })).toMatchObject({
    code: 2,
    err: expect.stringContaining('is not what a local stack writes'),
  })
})

test('help teaches every command, with its exit codes and examples, and costs no network', async () => {
  const top = await remesaProcess(['--help'], { REMESA_STACK_FILE: NO_STACK })
  expect([top.code, top.out]).toEqual([0, expect.stringContaining('Exit codes: 0 all is well')])
  const groups = Array.from(top.out.matchAll(/^ {2}([a-z]+)[ \n]/gm), ([, name = '']) => name).filter(
    (name) => name !== 'help',
  )
  const documented: string[] = []
  for (const group of groups.filter((name) => name !== 'remesa')) {
    const { out } = await remesa([group, '--help'], {})
    const children = /Commands:\n([\s\S]*)/.exec(out)?.[1] ?? ''
    const names = Array.from(children.matchAll(/^ {2}([a-z]+) /gm), ([, name = '']) => name).filter(
      (name) => name !== 'help',
    )
    for (const words of names.length > 0 ? names.map((name) => [group, name]) : [[group]]) {
      const help = await remesa([...words, '--help'], {})
      documented.push(words.join(' '))
      expect(help).toMatchObject({ code: 0, out: expect.stringMatching(/Exit codes: 0 [\s\S]*Examples:\n {2}remesa /) })
    }
  }
  expect(documented).toEqual(
    expect.arrayContaining(['status', 'payout release', 'approve', 'deadletters replay', 'jobs run']),
  )
})
