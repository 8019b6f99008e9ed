import { startEmulator } from './emulator.ts'

/** A Pub/Sub for tests: what to put into PUBSUB_EMULATOR_HOST, and how to be done with it. */
export type PubSubForTests = { readonly host: string; stop(): Promise<void> }

const IMAGE = 'gcr.io/google.com/cloudsdktool/google-cloud-cli:emulators'
const PORT = 8085

/**
 * The Pub/Sub that the environment asks for: the one at `PUBSUB_EMULATOR_HOST` if set; Google's emulator in a container when
 * `REMESA_TEST_INFRA=containers`; else this package's, in this process. Topics and subscriptions of earlier tests may be
 * there, so tests name theirs uniquely.
 */
export async function startPubSub(env: NodeJS.ProcessEnv): Promise<PubSubForTests> {
  return (await startExternalPubSub(env)) ?? startEmulator()
}

/** @returns undefined when the environment asks for neither an emulator that runs already nor a container */
export async function startExternalPubSub(env: NodeJS.ProcessEnv): Promise<PubSubForTests | undefined> {
  if (env.PUBSUB_EMULATOR_HOST) return { host: env.PUBSUB_EMULATOR_HOST, stop: async () => {} }
  if (env.REMESA_TEST_INFRA !== 'containers') return undefined
  const { GenericContainer, Wait } = await import('testcontainers')
  const container = await new GenericContainer(IMAGE)
    .withCommand(['gcloud', 'beta', 'emulators', 'pubsub', 'start', `--host-port=0.0.0.0:${PORT}`])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/Server started, listening on/))
    .start()
  return {
    host: `${container.getHost()}:${container.getMappedPort(PORT)}`,
    stop: async () => {
      await container.stop()
    },
  }
}
