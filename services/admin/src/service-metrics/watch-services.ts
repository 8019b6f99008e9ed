import type { Logger } from '@remesa/service-kit/logger'
import { readFigures } from './prometheus-text.ts'
import { type Scrape, type ServiceHistory, STARTED, withScrape } from './service-history.ts'

/** Where a process tells its metrics. */
export interface MetricsAddress {
  readonly name: string
  readonly url: string
}

/** What the services tell of themselves, read every few seconds. */
export interface ServiceWatch {
  /** @returns one per address, in their order */
  read(): readonly ServiceHistory[]
  stop(): void
}

/** How far back figures go. */
export const WINDOW_MS = 3_600_000
const TIMEOUT_MS = 3_000
const MAX_CHARACTERS = 4_000_000

/** All that figures are made of: the rest is left where it is. */
const WANTED = new Set([
  STARTED,
  'remesa_provider_call_seconds_bucket',
  'remesa_provider_call_seconds_sum',
  'remesa_provider_call_seconds_count',
  'remesa_messages_handled_total',
  'remesa_messages_in_hand',
  'remesa_oldest_message_seconds',
])

interface Options {
  readonly addresses: readonly MetricsAddress[]
  readonly now: () => Date
  readonly logger: Pick<Logger, 'warn' | 'info'>
  /** Between the end of a round and the next. */
  readonly everyMs?: number
}

/** Reads every service's metrics until it is stopped. One that does not answer is said to be so; its last figures stay. */
export function watchServices({ addresses, now, logger, everyMs = 10_000 }: Options): ServiceWatch {
  const histories = addresses.map(({ name }): ServiceHistory => ({ name, scrapes: [], trouble: 'not read yet' }))
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined

  async function round(): Promise<void> {
    await Promise.all(addresses.map(look))
    if (!stopping.signal.aborted) timer = setTimeout(() => void round(), everyMs)
  }

  async function look({ name, url }: MetricsAddress, index: number): Promise<void> {
    const before = histories[index]
    if (!before) return
    const found = await scrape(url, now, stopping.signal)
    if (stopping.signal.aborted) return
    const trouble = 'trouble' in found ? found.trouble : null
    if (trouble !== before.trouble && trouble !== null) logger.warn({ from: name, trouble }, 'metrics cannot be read')
    if (trouble === null && before.scrapes.length > 0 && before.trouble !== null) {
      logger.info({ from: name }, 'metrics can be read again')
    }
    const scrapes = 'trouble' in found ? before.scrapes : withScrape(before.scrapes, found, WINDOW_MS)
    histories[index] = { name, scrapes, trouble }
  }

  void round()
  return {
    read: () => histories,
    stop() {
      stopping.abort()
      clearTimeout(timer)
    },
  }
}

/** @returns what was told, or why not, in a word or two: what an address answers is not for every reader */
async function scrape(url: string, now: () => Date, stopped: AbortSignal): Promise<Scrape | { trouble: string }> {
  try {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)])
    const response = await fetch(url, { signal, redirect: 'error' })
    if (!response.ok) {
      await response.body?.cancel()
      return { trouble: `status ${response.status}` }
    }
    const text = await response.text()
    if (text.length > MAX_CHARACTERS) return { trouble: 'too large' }
    return { at: now(), figures: readFigures(text, (name) => WANTED.has(name)) }
  } catch (error) {
    return { trouble: error instanceof RangeError ? 'no metrics' : 'unreachable' }
  }
}
