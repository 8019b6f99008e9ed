import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test.each(['SIGTERM', 'disconnect'] as const)('the process of the sandbox ends by %s', async (how) => {
  const child = fork(MAIN, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env: { ...process.env, ...NO_GOOGLE } })
  const exited = once(child, 'exit')
  if (child.stdout) await once(child.stdout, 'data')
  if (how === 'disconnect')
    child.disconnect() // as when its parent was killed
  else child.kill(how)
  expect(await exited).toEqual([0, null])
})

const NO_GOOGLE = { PUBSUB_EMULATOR_HOST: '127.0.0.1:1', METADATA_SERVER_DETECTION: 'none' }
