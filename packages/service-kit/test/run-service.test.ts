import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'

type Line = { msg?: string; port?: number; part?: string; err?: { message: string } }

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function run(env: Record<string, string>, { ipc = false } = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./a-service.ts', import.meta.url))], {
    env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, HTTP_PORT: '0', API_SECRET: 'hunter2', ...env },
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const look of waiting) look()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const lines = () =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
  return {
    child,
    messages: () => lines().map(({ msg }) => msg),
    lines,
    stderr: () => stderr,
    said: (msg: string) =>
      new Promise<Line>((resolve) => {
        const look = () => {
          const line = lines().find((candidate) => candidate.msg === msg)
          if (!line) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
        look()
      }),
    // Not its 'close' event, which never comes after a disconnect.
    exitCode: async () => {
      const ends = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'))
      const [[code]] = await Promise.all([once(child, 'exit'), ...ends])
      return code as number | null
    },
  }
}

test('a wrong environment: one line that names every bad variable, no value, exit code 2', async () => {
  const service = run({ API_SECRET: '', HTTP_PORT: 'hunter2' })
  expect(await service.exitCode()).toBe(2)
  expect(service.stderr()).toBe(
    'a-service: the environment is wrong: HTTP_PORT is not right (expected a whole number from 0 to 65535); ' +
      'API_SECRET is not set (expected a secret)\n',
  )
  expect(service.lines()).toEqual([])
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s stops the parts once, the last first, and ends with 0',
  async (signal) => {
    const service = run({})
    await service.said('started')
    service.child.kill(signal)
    service.child.kill(signal)
    expect(await service.exitCode()).toBe(0)
    expect(service.messages()).toEqual([
      'first made',
      'started',
      'stopping',
      'second stopping',
      'second stopped',
      'first stopped',
    ])
    expect(service.stderr()).toBe('')
  },
)

test('a service tells the process that forked it when it is ready, and stops by itself when that ends', async () => {
  const service = run({}, { ipc: true })
  expect((await once(service.child, 'message'))[0]).toBe('ready')
  service.child.disconnect()
  expect(await service.exitCode()).toBe(0)
  expect(service.messages()).toContain('first stopped')
})

test('health and metrics are served while it runs, and it is ready once started', async () => {
  const service = run({})
  const { port } = await service.said('started')
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
  expect(await ready.json()).toEqual({ status: 'ready', checks: { service: 'ok', first: 'ok' } })
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain(
    'process_start_time_seconds{service="a-service"}',
  )
})

test('told to stop while it starts, it forgets no part', async () => {
  const service = run({ BEHAVIOUR: 'slow start' })
  await service.said('first made')
  service.child.kill('SIGTERM')
  expect(await service.exitCode()).toBe(0)
  expect(service.messages()).toContain('second stopped')
})

test('a part that does not stop within the grace period is named, and the exit code is 1', async () => {
  const service = run({ BEHAVIOUR: 'stop hangs', SHUTDOWN_GRACE_MS: '100' })
  await service.said('started')
  service.child.kill('SIGTERM')
  expect(await service.exitCode()).toBe(1)
  expect(service.lines().at(-1)).toMatchObject({ msg: 'the grace period passed', part: 'second' })
})

test('a part that throws while it stops does not keep the others from stopping, and the exit code is 1', async () => {
  const service = run({ BEHAVIOUR: 'stop throws' })
  await service.said('started')
  service.child.kill('SIGTERM')
  expect(await service.exitCode()).toBe(1)
  expect(service.messages()).toContain('first stopped')
})

test('what cannot start says why, stops what was started, and ends with 1', async () => {
  const service = run({ BEHAVIOUR: 'cannot start' })
  expect(await service.exitCode()).toBe(1)
  expect(service.messages()).toEqual(['could not start', 'stopping', 'first stopped'])
})

test.each([
  ['uncaught', 'forgot to catch'],
  ['unhandled', 'forgot to await'],
])('an %s error is logged and ends the service with 1', async (BEHAVIOUR, message) => {
  const service = run({ BEHAVIOUR })
  expect(await service.exitCode()).toBe(1)
  expect(service.lines().at(-1)).toMatchObject({ msg: 'stopped by an error that nobody caught', err: { message } })
})
