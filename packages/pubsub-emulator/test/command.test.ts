import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PubSub } from '@google-cloud/pubsub'
import { expect, test } from '@jest/globals'

process.env.METADATA_SERVER_DETECTION = 'none' // as in world.ts

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function run(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const exited = once(child, 'close').then(([code]) => code)
  return { child, output, exited }
}

test('a wrong command line gets one line that says what is wrong, and exit code 2', async () => {
  const wrong: [args: string[], line: RegExp][] = [
    [['--prot', '8085'], /--prot/],
    [['--port', '80x'], /--port: expected a port from 0 to 65535, not 80x/],
    [['--admin-port', '65536'], /--admin-port: expected a port/],
    [['8085'], /8085/],
  ]
  await Promise.all(
    wrong.map(async ([args, line]) => {
      const { output, exited } = run(...args)
      expect(await exited).toBe(2)
      expect(output).toEqual({ stdout: '', stderr: expect.stringMatching(line) })
      expect(output.stderr.trim().split('\n')).toHaveLength(1)
    }),
  )
})

test('--help names every option', async () => {
  const { output, exited } = run('--help')
  expect(await exited).toBe(0)
  for (const option of ['--port', '--host', '--admin-port', '--help']) expect(output.stdout).toContain(option)
})

test('it tells where it listens, serves figures and knobs, and ends cleanly when told to', async () => {
  const { child, output, exited } = run('--port', '0', '--admin-port', '0')
  const lines = () => output.stdout.trim().split('\n')
  while (lines().length < 2) await once(child.stdout, 'data')
  const [exportLine = '', adminLine = ''] = lines()
  const host = /^export PUBSUB_EMULATOR_HOST=(127\.0\.0\.1:\d+)$/.exec(exportLine)?.[1] ?? ''
  const admin = /(http:\S+)$/.exec(adminLine)?.[1] ?? ''

  const pubsub = new PubSub({ projectId: 'command', apiEndpoint: host, emulatorMode: true })
  const [topic] = await pubsub.createTopic('orders')
  await topic.createSubscription('workers')
  await topic.publishMessage({ data: Buffer.from('a') })
  await pubsub.close()

  expect(await (await fetch(`${admin}/stats`)).json()).toEqual({
    published: 1,
    delivered: 0,
    redelivered: 0,
    deadLettered: 0,
    subscriptions: { 'projects/command/subscriptions/workers': { backlog: 1, outstanding: 0 } },
    process: { cpuSeconds: expect.any(Number), residentBytes: expect.any(Number) },
  })
  const put = (body: string) => fetch(`${admin}/knobs`, { method: 'PUT', body })
  expect(await (await put('{"duplicateRate":0.5}')).json()).toMatchObject({ duplicateRate: 0.5, reorder: false })
  expect(await (await fetch(`${admin}/knobs`)).json()).toMatchObject({ duplicateRate: 0.5 })
  const answers = [await put('{"duplicateRate":5}'), await put('nonsense'), await put('x'.repeat(20_000))]
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400])
  expect(await answers[0]?.json()).toEqual({ error: 'duplicateRate: expected a number from 0 to 1, not 5' })
  expect((await fetch(`${admin}/elsewhere`)).status).toBe(404)
  expect((await fetch(`${admin}/stats`, { method: 'DELETE' })).status).toBe(405)

  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(output.stderr).toBe('')
})

test('a port that is taken gets one line, and exit code 1', async () => {
  const first = run('--port', '0')
  await once(first.child.stdout, 'data')
  const port = /:(\d+)$/m.exec(first.output.stdout)?.[1] ?? ''
  const second = run('--port', port)
  expect(await second.exited).toBe(1)
  expect(second.output.stderr).toBe(`emulator: port ${port} is in use\n`)
  const third = run('--port', '0', '--admin-port', port)
  expect(await third.exited).toBe(1)
  expect(third.output.stderr).toBe(`emulator: port ${port} is in use\n`)
  first.child.kill('SIGINT')
  expect(await first.exited).toBe(0)
})

test.each(['SIGTERM', 'disconnect'] as const)('a program that forked it can end it by %s', async (how) => {
  const child = fork(MAIN, ['--port', '0', '--admin-port', '0'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  if (child.stdout) await once(child.stdout, 'data')
  if (how === 'disconnect')
    child.disconnect() // as when its parent was killed
  else child.kill(how)
  expect(await exited).toEqual([0, null])
})
