import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { builtProgram } from '@remesa/local-stack/programs'
import { type ProcessOfTest, startProcess } from '@remesa/local-stack/testing/processes'
import type { World } from '@remesa/local-stack/testing/world'

/** The service as processes of its own, each of which may be killed at any time and is replaced at once. */
export interface Workers {
  /** SIGKILL to one of those that are ready, and another in its place. */
  killOne(choice: number): Promise<void>
  readonly killed: number
  /** SIGTERM to all. @returns their exit codes */
  stop(): Promise<readonly (number | null)[]>
}

interface Worker {
  readonly child: ProcessOfTest['child']
  readonly isReady: Promise<unknown>
  ready: boolean
}

const PAYOUTS = pathToFileURL(await builtProgram('payouts'))

export async function startWorkers(world: World, count: number, env: Readonly<Record<string, string>>) {
  const workers = Array.from({ length: count }, () => start(world, env))
  let killed = 0
  let stopping = false
  await Promise.all(workers.map(({ isReady }) => isReady))
  return {
    async killOne(choice) {
      const ready = workers.filter((worker) => worker.ready)
      const victim = ready[Math.floor(choice * ready.length)]
      if (!victim || stopping) return
      victim.child.kill('SIGKILL')
      await once(victim.child, 'exit')
      killed += 1
      workers.splice(workers.indexOf(victim), 1, start(world, env))
    },
    get killed() {
      return killed
    },
    async stop() {
      stopping = true
      await Promise.all(workers.map(({ isReady }) => isReady))
      return Promise.all(
        workers.map(async ({ child }) => {
          const exit = once(child, 'exit')
          child.kill('SIGTERM')
          return (await exit)[0] as number | null
        }),
      )
    },
  } satisfies Workers
}

function start(world: World, env: Readonly<Record<string, string>>): Worker {
  const started = startProcess(world, PAYOUTS, {
    DATABASE_URL: world.databaseUrl,
    DATABASE_POOL_SIZE: '4',
    PUBSUB_PROJECT_ID: 'test',
    PUBSUB_EMULATOR_HOST: world.emulator.host,
    HTTP_PORT: '0',
    ...world.stripeEnvironment,
    ...env,
  })
  const { child } = started
  const worker: Worker = { child, isReady: saidThatItStarted(started).then(() => (worker.ready = true)), ready: false }
  worker.isReady.catch(() => undefined) // whoever waits for it is told
  return worker
}

/** The log line of `runService`. */
async function saidThatItStarted({ child, said, exitCode }: ProcessOfTest): Promise<void> {
  const ended = exitCode().then((code) => {
    throw new Error(`a worker ended with ${code} before it was ready: ${said.stdout}${said.stderr}`)
  })
  ended.catch(() => undefined) // it ends some time
  while (!said.stdout.includes('"msg":"started"')) await Promise.race([once(child.stdout, 'data'), ended])
}
