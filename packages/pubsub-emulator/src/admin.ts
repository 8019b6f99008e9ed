import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Emulator } from './emulator.ts'
import { listen } from './port.ts'

const LARGEST_BODY_BYTES = 10_000

/** The side door of an emulator that runs as a process of its own. */
export type Admin = {
  /** Such as `http://127.0.0.1:8086`. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Serves `GET /stats` (the emulator's, and `process`, a {@link ProcessUsage}), `GET /knobs` and `PUT /knobs` (some or all
 * of them, as JSON; answers all).
 * @param options.port - 0 takes any free port
 * @throws Error when the port cannot be had
 */
export async function startAdmin(emulator: Emulator, { port, host }: { port: number; host: string }): Promise<Admin> {
  const server = createServer((request, response) => {
    answer(emulator, request).then(
      ({ code, body }) => send(response, code, body),
      (error: unknown) => send(response, 500, { error: String(error) }),
    )
  })
  await listen(server, host, port)
  const { port: boundPort } = server.address() as AddressInfo
  return { url: `http://${host}:${boundPort}`, stop: () => close(server) }
}

/** What an emulator's process has used so far. */
export type ProcessUsage = { cpuSeconds: number; residentBytes: number }

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() }
}

type Answer = { code: number; body: unknown }

async function answer(emulator: Emulator, request: IncomingMessage): Promise<Answer> {
  const { method = '', url = '' } = request
  if (url === '/stats' && method === 'GET') return { code: 200, body: { ...emulator.stats(), process: usage() } }
  if (url === '/knobs' && method === 'GET') return { code: 200, body: emulator.knobs() }
  if (url === '/knobs' && method === 'PUT') {
    try {
      emulator.setKnobs(JSON.parse(await bodyOf(request)))
    } catch (error) {
      if (error instanceof RangeError || error instanceof SyntaxError)
        return { code: 400, body: { error: error.message } }
      throw error
    }
    return { code: 200, body: emulator.knobs() }
  }
  if (url === '/stats' || url === '/knobs') return { code: 405, body: { error: `${method} is not allowed on ${url}` } }
  return { code: 404, body: { error: 'there is only GET /stats, GET /knobs and PUT /knobs' } }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > LARGEST_BODY_BYTES) throw new RangeError(`the body is longer than ${LARGEST_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

const close = (server: Server) =>
  new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeAllConnections()
  })
