import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('a terminal that is closed leaves no process and no file of the stack behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-start-'))
  await chmod(directory, 0o755) // for root's PostgreSQL, which runs as somebody else
  const { DATABASE_URL, PUBSUB_EMULATOR_HOST, ...env } = process.env // everything is to be its own
  const start = spawn(process.execPath, [MAIN, '--sellers', '5', '--settlements', '0', '--bookings', '0'], {
    env: { ...env, TMPDIR: directory, REMESA_STACK_FILE: join(directory, 'stack.json') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const exited = once(start, 'exit')
    let said = ''
    for await (const data of start.stdout) {
      said += data
      if (said.includes('Syncing')) break // and the output is closed, as that of the terminal would be
    }
    const family = await descendantsOf(start.pid ?? 0)
    expect(family.length).toBeGreaterThan(11) // PostgreSQL, Pub/Sub, sandboxes and nine services

    start.kill('SIGHUP')
    expect(await exited).toEqual([129, null])
    while ((await readdir(directory)).length > 0) await sleep(50)
    const living = new Set((await processes()).map(({ pid }) => pid))
    expect(family.filter((pid) => living.has(pid))).toEqual([])
  } finally {
    start.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  }
}, 120_000)

async function processes(): Promise<readonly { pid: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => ({ pid, parent }))
}

async function descendantsOf(ancestor: number): Promise<readonly number[]> {
  const all = await processes()
  const family = [ancestor]
  for (const member of family) family.push(...all.filter(({ parent }) => parent === member).map(({ pid }) => pid))
  return family.slice(1)
}
