import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import pg from 'pg'

const MODULE = fileURLToPath(new URL('../src/testing/embedded-postgres.ts', import.meta.url))
const PROGRAM = `
  const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)})
  const { url } = await startEmbeddedPostgres()
  console.log(url)
  setInterval(() => {}, 60_000)`

test('the embedded PostgreSQL does not outlive a process that is killed, nor do its files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-orphan-'))
  await chmod(directory, 0o755) // for root's PostgreSQL, which runs as somebody else
  try {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      env: { ...process.env, TMPDIR: directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const url = String(line).trim()
    const client = new pg.Client(url)
    await client.connect()
    await client.end()

    parent.kill('SIGKILL')
    while ((await readdir(directory)).length > 0) await sleep(50)
    await expect(new pg.Client(url).connect()).rejects.toThrow('ECONNREFUSED')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
