import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
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

/** What a server can do instead of answering. */
export type Trouble = 'hang up' | 'never' | 'drip' | 'break off'

/** An HTTP server that answers what a test tells it to. */
export async function startAnswering(answer: (request: Received) => Reply | Trouble) {
  const received: Received[] = []
  const drips = new Set<NodeJS.Timeout>()
  const server = createServer(async (incoming, outgoing) => {
    let body = ''
    for await (const chunk of incoming) body += chunk
    const { method = '', url: target = '', headers } = incoming
    const request = { method, target, headers, body }
    received.push(request)
    const reply = answer(request)
    if (typeof reply === 'string') return makeTrouble(reply, outgoing, drips)
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {})
    outgoing.writeHead(reply.status, reply.headers).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      for (const drip of drips) clearInterval(drip)
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function makeTrouble(trouble: Trouble, outgoing: ServerResponse, drips: Set<NodeJS.Timeout>): void {
  switch (trouble) {
    case 'hang up':
      outgoing.destroy()
      break
    case 'never':
      break
    case 'drip':
      outgoing.writeHead(200)
      drips.add(setInterval(() => outgoing.write(' '), 20))
      break
    case 'break off':
      outgoing.writeHead(200, { 'content-length': '1000' })
      outgoing.write('{"id":"tr_1A",', () => outgoing.destroy())
  }
}
