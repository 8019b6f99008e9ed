import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connect, Plugin } from 'vite'
import { answersOf } from './fake-answers.ts'

/**
 * Stands for the API while pages are drawn (`vite dev` without ADMIN_URL): a day that goes on, one row of each kind, and
 * actions that are granted and change nothing.
 */
export function fakeApi(): Plugin {
  const serve = ({ middlewares }: { middlewares: Connect.Server }) => {
    middlewares.use((request, response, next) => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      if (url.pathname === '/v1/events') stream(response)
      else if (/^\/(v1|auth)\//.test(url.pathname)) answer(request, url, response)
      else next()
    })
  }
  return { name: 'fake-api', configureServer: serve, configurePreviewServer: serve }
}

const startedAt = Date.now()
const secondsSoFar = () => (Date.now() - startedAt) / 1_000

function answer({ method }: IncomingMessage, { pathname }: URL, response: ServerResponse): void {
  const answers = answersOf(secondsSoFar())
  const found = [pathname, pathname.replace(/[^/]+$/, ':id'), pathname.replace(/[^/]+\/([^/]+)$/, ':id/$1')]
    .map((path) => answers.get(path))
    .find((one) => one !== undefined)
  if (method !== 'GET') send(response, 200, { approval: null, replayed: 1, next: '/' })
  else if (found !== undefined) send(response, 200, found)
  else send(response, 404, { title: 'Not found', status: 404, detail: 'Nothing is made up for this address.' })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
  response.end(JSON.stringify(body))
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const tell = () => {
    response.write(`event: today\ndata: ${JSON.stringify(answersOf(secondsSoFar()).get('/v1/today'))}\n\n`)
  }
  tell()
  const timer = setInterval(tell, 1_000)
  response.on('close', () => clearInterval(timer))
}
