import * as http from 'node:http'
import * as https from 'node:https'
import { brotliDecompress, unzip } from 'node:zlib'
import {
  type AxiosAdapter,
  AxiosError,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
  type RawAxiosResponseHeaders,
} from 'axios'
import type { Connections } from './connections.ts'

interface Options {
  readonly baseUrl: URL
  readonly connections: Pick<Connections, 'httpAgent' | 'httpsAgent'>
  readonly maxAnswerBytes: number
}

/**
 * Carries out axios's requests by `node:http` alone: to one host, without redirects, proxies, forms, streams or progress.
 * axios's own adapter can do all of these and takes three times the CPU. Answers are text, whatever their status; what
 * fails rejects with an AxiosError of the codes that `failureOf` reads.
 */
export function nodeAdapter({ baseUrl, connections, maxAnswerBytes }: Options): AxiosAdapter {
  const { protocol } = baseUrl
  const isSecure = protocol === 'https:'
  // The host is the base URL's whatever a path looks like: `//elsewhere` must not carry our token there.
  const target = {
    hostname: baseUrl.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: baseUrl.port,
    agent: isSecure ? connections.httpsAgent : connections.httpAgent,
  }
  const prefix = baseUrl.pathname.replace(/\/+$/, '')
  const { request: open } = isSecure ? https : http

  return (config) =>
    new Promise((resolve, reject) => {
      if (!isSecure && protocol !== 'http:') {
        return reject(new AxiosError(`unsupported protocol ${protocol}`, AxiosError.ERR_BAD_REQUEST, config))
      }
      const data = config.data as string | undefined
      const request = open({
        ...target,
        method: config.method?.toUpperCase() ?? 'GET',
        path: `${prefix}/${(config.url ?? '').replace(/^\/+/, '')}`,
        headers: {
          'accept-encoding': 'gzip, br',
          ...config.headers.toJSON(),
          ...(data !== undefined && { 'content-length': Buffer.byteLength(data) }),
        },
      })
      const giveUp = () => void request.destroy()
      config.signal?.addEventListener?.('abort', giveUp)
      request.on('close', () => config.signal?.removeEventListener?.('abort', giveUp))
      request.on('error', (error) => reject(AxiosError.from(error, undefined, config, request)))
      request.on('response', (response) => {
        textOf(response, maxAnswerBytes).then(
          (text) => resolve(answerOf(response, text, config)),
          (error: unknown) => {
            giveUp()
            reject(brokenOff(error, response, { config, request }))
          },
        )
      })
      request.end(data)
    })
}

const answerOf = (
  { statusCode = 0, statusMessage = '', headers }: http.IncomingMessage,
  data: string,
  config: InternalAxiosRequestConfig,
): AxiosResponse<string> => ({
  data,
  status: statusCode,
  statusText: statusMessage,
  headers: headers as RawAxiosResponseHeaders,
  config,
})

class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

function brokenOff(
  error: unknown,
  response: http.IncomingMessage,
  { config, request }: { config: InternalAxiosRequestConfig; request: http.ClientRequest },
): AxiosError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined || !/^(Z_|ERR_|HPE_)/.test(code)) {
    const head = error instanceof AnswerTooLarge ? undefined : answerOf(response, '', config)
    return new AxiosError(message, AxiosError.ERR_BAD_RESPONSE, config, request, head)
  }
  return AxiosError.from(error as Error, undefined, config, request)
}

/** The whole body, decompressed. Both what comes and what it becomes are at most `maxBytes`. */
async function textOf(response: http.IncomingMessage, maxBytes: number): Promise<string> {
  const bytes = await bytesOf(response, maxBytes)
  const encoding = response.headers['content-encoding']
  const decode = encoding === undefined ? undefined : DECODERS[encoding.toLowerCase()]
  if (!decode || bytes.length === 0) return withoutMark(bytes)
  return new Promise((resolve, reject) => {
    decode(bytes, { maxOutputLength: maxBytes }, (error, text) => {
      if (!error) return resolve(withoutMark(text))
      reject((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? new AnswerTooLarge() : error)
    })
  })
}

/** Some servers put a byte order mark before their JSON. */
const withoutMark = (bytes: Buffer): string => bytes.toString().replace(/^\uFEFF/, '')

type Decode = (
  bytes: Buffer,
  options: { maxOutputLength: number },
  done: (e: Error | null, text: Buffer) => void,
) => void
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: unzip,
  'x-gzip': unzip,
  deflate: unzip,
  br: brotliDecompress,
}

function bytesOf(response: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    response.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) reject(new AnswerTooLarge())
      else chunks.push(chunk)
    })
    response.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    response.on('error', reject)
    response.on('close', () => reject(new Error('the answer broke off')))
  })
}
