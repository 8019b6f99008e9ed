import { PubSub } from '@google-cloud/pubsub'

/**
 * The client of Google's service, or of an emulator.
 * @param options.emulatorHost - `host:port` without a scheme; credentials of the environment are used without it
 */
export function createPubSub(options: { projectId: string; emulatorHost?: string | undefined }): PubSub {
  const { projectId, emulatorHost } = options
  return new PubSub({ projectId, ...(emulatorHost && { apiEndpoint: emulatorHost, emulatorMode: true }) })
}
