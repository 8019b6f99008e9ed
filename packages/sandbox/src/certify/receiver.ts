import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A callback as it came in, for a rail's own verifier. */
export interface ReceivedCallback {
  readonly method: string
  /** The whole URL that the provider was told to call. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
}

export interface Receiver {
  readonly url: string
  stop(): Promise<void>
}

/** Takes callbacks and answers 204. */
export async function startReceiver(take: (callback: ReceivedCallback) => void): Promise<Receiver> {
  let base = ''
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    take({ method, url: base + url, headers, rawBody: Buffer.concat(chunks) })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: base,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
