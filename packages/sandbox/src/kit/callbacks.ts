import * as http from 'node:http'
import * as https from 'node:https'
import type { Faults } from './faults.ts'

/** A callback to be sent; its headers are made per try, for signatures carry the time. */
export interface Callback {
  readonly url: string
  /** What it is about: faults are limited per subject. */
  readonly subject: string
  readonly body: string
  readonly headers: () => Record<string, string>
}

export interface CallbackOptions {
  readonly faults: Faults
  /** Waits before the second, third, … try, milliseconds; after the last the callback is given up. */
  readonly retryDelaysMs: readonly number[]
  /** How long a receiver may take, milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** Callbacks under way at once. Default 16. */
  readonly concurrent?: number
}

export interface CallbackSender {
  /** Sends in the background, again until any 2xx or until the delays are used up. */
  send(callback: Callback): void
  /** `givenUp`: all tries used, nobody answered 2xx. */
  counts(): { delivered: number; tries: number; givenUp: number }
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** Posts callbacks as providers do: repeated until accepted, sometimes twice, sometimes late, never in a fixed order. */
export function createCallbackSender(options: CallbackOptions): CallbackSender {
  const { faults, retryDelaysMs, timeoutMs = 5_000, concurrent = 16 } = options
  const counts = { delivered: 0, tries: 0, givenUp: 0 }
  const due: { callback: Callback; tried: number }[] = []
  const timers = new Set<NodeJS.Timeout>()
  const requests = new Set<http.ClientRequest>()
  const agents = {
    http: new http.Agent({ keepAlive: true, maxSockets: concurrent }),
    https: new https.Agent({ keepAlive: true, maxSockets: concurrent }),
  }
  let isStopped = false
  let underWay = 0
  let onIdle: (() => void)[] = []

  function queue(callback: Callback, tried: number, afterMs: number): void {
    if (isStopped) return
    if (afterMs === 0) {
      due.push({ callback, tried })
      sendDue()
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      due.push({ callback, tried })
      sendDue()
    }, afterMs)
    timers.add(timer)
  }

  function sendDue(): void {
    while (underWay < concurrent) {
      const next = due.shift()
      if (!next) break
      underWay += 1
      void post(next.callback).then((accepted) => {
        underWay -= 1
        const waitMs = retryDelaysMs[next.tried]
        if (accepted) counts.delivered += 1
        else if (waitMs === undefined) counts.givenUp += 1
        else queue(next.callback, next.tried + 1, waitMs)
        sendDue()
      })
    }
    if (underWay === 0 && due.length === 0 && timers.size === 0) {
      for (const resolve of onIdle.splice(0)) resolve()
    }
  }

  /** Without `fetch`, which costs several times as much: thousands go out while a pay-day is measured on the same cores. */
  function post({ url, body, headers }: Callback): Promise<boolean> {
    counts.tries += 1
    const { protocol } = new URL(url)
    if (protocol !== 'http:' && protocol !== 'https:') return Promise.resolve(false)
    return new Promise((resolve) => {
      const isSecure = protocol === 'https:'
      const request = (isSecure ? https : http).request(url, {
        method: 'POST',
        agent: isSecure ? agents.https : agents.http,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers() },
      })
      const timer = setTimeout(() => request.destroy(), timeoutMs) // of the whole, however its bytes drip
      requests.add(request)
      let accepted = false
      request.on('response', (response) => {
        const { statusCode = 0 } = response
        response.on('end', () => {
          accepted = statusCode >= 200 && statusCode <= 299 // only a 2xx of the address itself counts
        })
        response.on('error', () => undefined) // it closes, too
        response.resume() // frees the connection for the next one
      })
      request.on('error', () => undefined) // nobody listens, or too slowly: the next try, or the count of those given up, tells
      request.on('close', () => {
        clearTimeout(timer)
        requests.delete(request)
        resolve(accepted)
      })
      request.end(body)
    })
  }

  return {
    send(callback) {
      queue(callback, 0, faults.strikes('late-callback', callback.subject) ? faults.lateMs : 0)
      if (faults.strikes('duplicate-callback', callback.subject)) queue(callback, 0, 0)
    },
    counts: () => ({ ...counts }),
    idle: () =>
      new Promise((resolve) => {
        onIdle.push(resolve)
        sendDue()
      }),
    async stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
      for (const request of requests) request.destroy()
      timers.clear()
      due.length = 0
      if (underWay > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
      onIdle = []
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}
