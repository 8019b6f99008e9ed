import * as http from 'node:http'
import * as https from 'node:https'

export interface ConnectionOptions {
  readonly maxConcurrent: number
  readonly connectTimeoutMs: number
}

export interface Connections {
  readonly httpAgent: http.Agent
  readonly httpsAgent: https.Agent
  close(): void
}

/** Connections that stay open between requests: a TLS handshake per payment would cost more than the payment. */
export function createConnections({ maxConcurrent, connectTimeoutMs }: ConnectionOptions): Connections {
  const settings = { keepAlive: true, maxSockets: maxConcurrent, maxFreeSockets: maxConcurrent } as const
  const httpAgent = limitConnecting(new http.Agent(settings), 'connect', connectTimeoutMs)
  const httpsAgent = limitConnecting(new https.Agent(settings), 'secureConnect', connectTimeoutMs)
  return {
    httpAgent,
    httpsAgent,
    close() {
      httpAgent.destroy()
      httpsAgent.destroy()
    },
  }
}

/** What a socket that did not connect in time is destroyed with. */
export const CONNECT_TIMEOUT = 'CONNECT_TIMEOUT'

/** Agents have no limit for connecting alone. It is set per connection, not per request: most requests reuse one. */
function limitConnecting<A extends http.Agent>(agent: A, connected: 'connect' | 'secureConnect', limitMs: number): A {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (...args) => {
    const socket = connect(...args)
    if (!socket) return socket
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error(`not connected within ${limitMs} ms`), { code: CONNECT_TIMEOUT }))
    }, limitMs)
    socket.once(connected, () => clearTimeout(timer))
    socket.once('close', () => clearTimeout(timer))
    return socket
  }
  return agent
}
