import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createNetSuiteClient, type NetSuiteClientOptions } from '../src/netsuite-client.ts'

export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown
}
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

const closing: (() => void)[] = []

export function closeAll(): void {
  for (const close of closing.splice(0).reverse()) close()
}

export const TBA = {
  kind: 'tba',
  ...{ consumerKey: 'ck', consumerSecret: 'cs', tokenId: 'ti', tokenSecret: 'ts' },
} as const

/** Answers whatever a test wants, the strange things too that the sandbox never says; `lost` breaks the connection. */
export async function aNetSuite(
  answer: (asked: Asked, count: number) => Answer | 'lost' | Promise<Answer | 'lost'>,
  options: Partial<NetSuiteClientOptions> = {},
) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const one = { method, url, headers, text: Buffer.concat(chunks).toString() }
    asked.push(one)
    const said = await answer(one, asked.length)
    if (said === 'lost') return request.socket.destroy()
    response.writeHead(said.status, said.headers)
    return response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const retry = { tries: 4, firstMs: 1, maxMs: 20 }
  const client = createNetSuiteClient({ baseUrl, accountId: '1234567_SB1', auth: TBA, retry, ...options })
  closing.push(client.close)
  return { client, asked, baseUrl }
}

/** NetSuite's way to refuse. */
export function refusing(status: number, code: string, path?: string): Answer {
  const detail = { detail: 'secret detail', 'o:errorCode': code, ...(path && { 'o:errorPath': path }) }
  return { status, body: { type: 'x', title: 'Bad Request', status, 'o:errorDetails': [detail] } }
}

export function saved(type: string, id: number): Answer {
  return { status: 204, headers: { location: `https://x.example/services/rest/record/v1/${type}/${id}` } }
}
