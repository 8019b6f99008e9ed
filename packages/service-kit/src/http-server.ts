import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** Resolves when what it asks after can be worked with, to `disabled` when it is not configured; throws when it cannot. */
export type ReadinessCheck = () => unknown

export interface HealthServer {
  /** The one it listens on, also when 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

interface Options {
  /** 0 lets the system choose. */
  readonly port: number
  /** By name, asked anew at each request, so parts may be added while the service starts. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>
  readonly registry: Registry
  /** How long one check may take before it counts as failed. */
  readonly checkTimeoutMs?: number
}

/**
 * `GET /healthz`: the process answers. `GET /readyz`: each named check passes, else 503 with the names of those that
 * do not; their errors may hold hosts and users, so they are not shown. A part that is disabled is said to be. `GET /metrics`: Prometheus text.
 */
export async function startHealthServer(options: Options): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0]
    const answer = request.method === 'GET' || request.method === 'HEAD' ? answers.get(path ?? '') : undefined
    request.resume()
    if (!answer) return reply(response, 404, 'text/plain', 'not found: try /healthz, /readyz or /metrics\n')
    answer(response, options).catch((error: unknown) => {
      // A metric that cannot be collected must not end the service that it measures.
      reply(response, 500, 'text/plain', `${error instanceof Error ? error.name : 'Error'}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, () => resolve(server.off('error', reject) && undefined))
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections() // a scraper's kept-alive connection would hold the process open
      }),
  }
}

const answers = new Map<string, (response: ServerResponse, options: Options) => Promise<void>>([
  ['/healthz', async (response) => reply(response, 200, 'application/json', '{"status":"live"}\n')],
  ['/readyz', answerReadiness],
  ['/metrics', async (response, { registry }) => reply(response, 200, registry.contentType, await registry.metrics())],
])

async function answerReadiness(response: ServerResponse, { checks, checkTimeoutMs = 2000 }: Options): Promise<void> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await resultOf(check, checkTimeoutMs)]),
  )
  const ready = results.every(([, result]) => result !== 'failed')
  const body = { status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) }
  reply(response, ready ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`)
}

type CheckResult = 'ok' | 'disabled' | 'failed'

async function resultOf(check: ReadinessCheck, timeoutMs: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'failed')
  })
  const checked = (async (): Promise<CheckResult> => ((await check()) === 'disabled' ? 'disabled' : 'ok'))().catch(
    (): CheckResult => 'failed',
  )
  return Promise.race([checked, timeout]).finally(() => clearTimeout(timer))
}

function reply(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}
