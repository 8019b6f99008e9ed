import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from '@jest/globals'
import { createHttpClient, type HttpClientOptions } from '../src/http-client.ts'
import { NoAnswerError } from '../src/provider-error.ts'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function aServer(handle: Handler) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    handle(request, response, Buffer.concat(chunks).toString())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Speaks bytes instead of HTTP. */
async function aTcpServer(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function aClient(baseUrl: string, options: Partial<HttpClientOptions> = {}) {
  const client = createHttpClient({ provider: 'bank', baseUrl, timeoutMs: 2000, maxConcurrent: 4, ...options })
  closing.push(client.close)
  return client
}

const ASK = { operation: 'ask', method: 'GET', path: '/' } as const

test('every status is an answer, with headers, parsed body and the body as it came', async () => {
  const url = await aServer((request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'theirs' })
    response.end(status === 204 ? undefined : '{"amount":0.10}')
  })
  const client = aClient(url)
  for (const status of [200, 204, 302, 401, 404, 422, 429, 500, 503]) {
    const answer = await client.request({ ...ASK, path: `/${status}` })
    const body = status === 204 ? undefined : { amount: 0.1 }
    expect(answer).toMatchObject({ status, requestId: 'theirs', provider: 'bank', operation: 'ask' })
    expect(answer.body).toEqual(body)
    expect(answer.raw).toBe(status === 204 ? '' : '{"amount":0.10}')
  }
})

test('JSON and forms are sent as such, with our request id', async () => {
  const url = await aServer((request, response, body) => response.end(JSON.stringify([request.headers, body])))
  const client = aClient(`${url}/v1/`, { headers: { 'x-ours': 'yes' } })
  const json = await client.request({
    ...ASK,
    method: 'POST',
    json: { a: 1 },
    headers: () => ({ authorization: 'me' }),
  })
  expect(json.body).toEqual([
    expect.objectContaining({
      'content-type': 'application/json',
      'x-ours': 'yes',
      authorization: 'me',
      'x-request-id': json.requestId,
    }),
    '{"a":1}',
  ])
  const form = await client.request({ ...ASK, method: 'POST', form: { scope: 'read write' } })
  expect(form.body).toEqual([
    expect.objectContaining({ 'content-type': 'application/x-www-form-urlencoded' }),
    'scope=read+write',
  ])
})

test('a compressed answer, and one that begins with a byte order mark, are read as what they say', async () => {
  const url = await aServer((request, response) => {
    const encoding = request.url?.slice(1) ?? ''
    const text = Buffer.from('\ufeff{"paid":"sí"}')
    const encoders: Record<string, () => Buffer> = { gzip: () => gzipSync(text), br: () => brotliCompressSync(text) }
    const encode = encoders[encoding]
    response.writeHead(200, encode && { 'content-encoding': encoding }).end(encode?.() ?? text)
  })
  for (const encoding of ['gzip', 'br', 'none']) {
    expect((await aClient(url).request({ ...ASK, path: `/${encoding}` })).body).toEqual({ paid: 'sí' })
  }
})

test('an answer that is not JSON is handed over as text', async () => {
  const url = await aServer((_, response) => response.end('<html>502</html>'))
  expect((await aClient(url).request(ASK)).body).toBe('<html>502</html>')
})

test('no more requests are under way than allowed, and the number can be changed', async () => {
  let now = 0
  let most = 0
  const url = await aServer((_, response) => {
    most = Math.max(most, ++now)
    setTimeout(() => response.end(String(now--)), 5)
  })
  const client = aClient(url, { maxConcurrent: 3 })
  await Promise.all(Array.from({ length: 12 }, () => client.request(ASK)))
  expect(most).toBe(3)
  most = 0
  client.concurrency = 1
  await Promise.all(Array.from({ length: 4 }, () => client.request(ASK)))
  expect(most).toBe(1)
})

test('connections are kept and used again', async () => {
  const ports = new Set<number | undefined>()
  const url = await aServer((request, response) => {
    ports.add(request.socket.remotePort)
    response.end('{}')
  })
  const client = aClient(url)
  for (let i = 0; i < 5; i++) await client.request(ASK)
  expect(ports.size).toBe(1)
})

const noAnswer = (code: string, sent: boolean) =>
  expect.objectContaining({ name: 'NoAnswerError', kind: 'unavailable', status: 0, code, sent })

test('silence, and an answer that drips, end at the time-out', async () => {
  const silent = await aServer(() => undefined)
  await expect(aClient(silent, { timeoutMs: 30 }).request(ASK)).rejects.toEqual(noAnswer('TIMEOUT', true))
  const dripping = await aServer((_, response) => {
    const timer = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(timer))
  })
  await expect(aClient(dripping, { timeoutMs: 60 }).request(ASK)).rejects.toEqual(noAnswer('TIMEOUT', true))
})

test('a lost connection may have been enough, a refused one was not', async () => {
  const dropping = await aTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  await expect(aClient(dropping).request(ASK)).rejects.toEqual(noAnswer('ECONNRESET', true))
  const breaking = await aTcpServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')),
  )
  await expect(aClient(breaking).request(ASK)).rejects.toEqual(noAnswer('ANSWER_BROKE_OFF', true))
  await expect(aClient('http://127.0.0.1:1').request(ASK)).rejects.toEqual(noAnswer('ECONNREFUSED', false))
  await expect(aClient('http://nowhere.invalid').request(ASK)).rejects.toMatchObject({
    kind: 'unavailable',
    sent: false,
  })
})

test('a handshake that takes too long ends before anything is sent', async () => {
  const mute = await aTcpServer(() => undefined)
  const client = aClient(mute.replace('http:', 'https:'), { connectTimeoutMs: 30 })
  await expect(client.request(ASK)).rejects.toEqual(noAnswer('CONNECT_TIMEOUT', false))
})

test('an abort ends a waiting request unsent, and a running one as unknown', async () => {
  const url = await aServer(() => undefined)
  const client = aClient(url, { maxConcurrent: 1 })
  const [running, waiting] = [new AbortController(), new AbortController()]
  const answers = Promise.allSettled([
    client.request({ ...ASK, signal: running.signal }),
    client.request({ ...ASK, signal: waiting.signal }),
  ])
  waiting.abort()
  running.abort()
  expect((await answers).map((answer) => answer.status === 'rejected' && answer.reason)).toEqual([
    noAnswer('ABORTED', true),
    noAnswer('ABORTED', false),
  ])
  await expect(client.request({ ...ASK, signal: AbortSignal.abort() })).rejects.toEqual(noAnswer('ABORTED', false))
})

test('an answer too large, compressed or not, and one that is no HTTP, are garbled', async () => {
  const garbled = (code: unknown) => expect.objectContaining({ kind: 'garbled', code })
  const large = await aServer((_, response) => response.end('x'.repeat(2000)))
  await expect(aClient(large, { maxAnswerBytes: 1000 }).request(ASK)).rejects.toEqual(garbled('ANSWER_TOO_LARGE'))
  const bomb = await aServer((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000))),
  )
  await expect(aClient(bomb, { maxAnswerBytes: 1000 }).request(ASK)).rejects.toEqual(garbled('ANSWER_TOO_LARGE'))
  const broken = await aServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'))
  await expect(aClient(broken).request(ASK)).rejects.toEqual(garbled('Z_DATA_ERROR'))
  const noise = await aTcpServer((socket) => socket.end('hello\r\n'))
  await expect(aClient(noise).request(ASK)).rejects.toEqual(garbled(expect.stringMatching(/^HPE_/)))
})

test('a redirect is not followed', async () => {
  const asked: (string | undefined)[] = []
  const url = await aServer((request, response) => {
    asked.push(request.url)
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect((await aClient(url).request(ASK)).status).toBe(307)
  expect(asked).toEqual(['/'])
})

test('an error holds nothing of the request', async () => {
  const url = await aServer((request) => request.socket.destroy())
  const headers = { authorization: 'Bearer s3cret' }
  const error = await aClient(url)
    .request({ ...ASK, method: 'POST', headers, json: { rut: '90749000-9' } })
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(NoAnswerError)
  const everything = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)
  expect(everything).not.toMatch(/s3cret|90749000|127\.0\.0\.1/)
})

test('a request that cannot be made is our own mistake, not the provider failing', async () => {
  expect(() => aClient('no url')).toThrow('Invalid URL')
  const error = await aClient('ftp://bank.example')
    .request(ASK)
    .catch((thrown: unknown) => thrown)
  expect(error).toEqual(new Error('bank, ask: the request could not be made (ERR_BAD_REQUEST)'))
})

test('a path never leads to another host', async () => {
  const url = await aServer((request, response) => response.end(JSON.stringify(request.url)))
  for (const path of ['//elsewhere.invalid/x', 'http://elsewhere.invalid/x']) {
    expect((await aClient(url).request({ ...ASK, path })).body).toContain('elsewhere')
  }
})

test('each call is measured, by provider, operation and outcome', async () => {
  const seen: unknown[] = []
  const url = await aServer((request, response) => response.writeHead(request.url === '/' ? 200 : 503).end())
  const metrics = { providerCall: (labels: object) => seen.push(labels) }
  const client = aClient(url, { metrics: metrics as never })
  await client.request(ASK)
  await client.request({ ...ASK, path: '/down' })
  await expect(aClient('http://127.0.0.1:1', { metrics: metrics as never }).request(ASK)).rejects.toThrow('no answer')
  const labels = { provider: 'bank', operation: 'ask' }
  expect(seen).toEqual(['ok', '503', 'no_answer'].map((outcome) => ({ ...labels, outcome })))
})
