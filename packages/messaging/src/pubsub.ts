import { PubSub, type v1 } from '@google-cloud/pubsub'

/**
 * The client of Google's service, or of an emulator.
 * @param options.emulatorHost - `host:port` without a scheme; credentials of the environment are used without it
 */
export function createPubSub(options: { projectId: string; emulatorHost?: string | undefined }): PubSub {
  const { projectId, emulatorHost } = options
  if (!emulatorHost) return new PubSub({ projectId })
  return new PubSub({
    projectId,
    apiEndpoint: emulatorHost,
    emulatorMode: true,
    clientOptions: { universeDomain: 'googleapis.com' }, // or it would ask Google's metadata server for it first
  })
}

/** What the generated clients below `PubSub` are made with, so that they reach the same service. */
export const clientOptions = async (pubsub: PubSub): Promise<ClientOptions> =>
  (await pubsub.getClientConfig()) as ClientOptions // declared more loosely, though it is what PubSub itself hands them

type ClientOptions = NonNullable<ConstructorParameters<typeof v1.PublisherClient>[0]>
