import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  /** An object goes out as JSON, a string as it is. */
  readonly body?: unknown
}

/** An HTTP server that answers what a test tells it to; `hang up` cuts the connection instead. */
export async function startAnswering(answer: (request: Received) => Reply | 'hang up') {
  const received: Received[] = []
  const server = createServer(async (incoming, outgoing) => {
    let body = ''
    for await (const chunk of incoming) body += chunk
    const { method = '', url: target = '', headers } = incoming
    const request = { method, target, headers, body }
    received.push(request)
    const reply = answer(request)
    if (reply === 'hang up') return incoming.socket.destroy()
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {})
    outgoing.writeHead(reply.status, reply.headers).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
