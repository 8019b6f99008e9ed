import type { Figures } from './prometheus-text.ts'

/** What a service told at a moment. */
export interface Scrape {
  readonly at: Date
  readonly figures: Figures
}

/** What one process told over the last hour. */
export interface ServiceHistory {
  readonly name: string
  /** Oldest first; the last one is the newest there is. */
  readonly scrapes: readonly Scrape[]
  /** Why the last try brought nothing; null when it did. */
  readonly trouble: string | null
}

/** The name of what says when a process began, seconds since 1970. */
export const STARTED = 'process_start_time_seconds'

/** Between two scrapes that are kept; the newest one is kept whatever its age. */
const KEPT_EVERY_MS = 60_000

/** @param windowMs - older ones are forgotten, but for one, from which the window is counted */
export function withScrape(scrapes: readonly Scrape[], scrape: Scrape, windowMs: number): readonly Scrape[] {
  const last = scrapes.at(-1)
  const before = scrapes.at(-2)
  const isTooSoon = last && before && last.at.getTime() - before.at.getTime() < KEPT_EVERY_MS
  const kept = [...(isTooSoon ? scrapes.slice(0, -1) : scrapes), scrape]
  const from = scrape.at.getTime() - windowMs
  const firstWithin = kept.findIndex(({ at }) => at.getTime() >= from)
  return kept.slice(Math.max(0, firstWithin - 1))
}

const keyStarting = (figures: Figures): string | undefined =>
  [...figures.keys()].find((key) => key === STARTED || key.startsWith(`${STARTED}{`))

function startedAt({ figures }: Scrape): number | undefined {
  const key = keyStarting(figures)
  const seconds = key === undefined ? undefined : figures.get(key)
  return seconds === undefined ? undefined : seconds * 1_000
}

/** How much each counter grew, and over how long. */
export interface Growth {
  readonly seconds: number
  readonly figures: Figures
}

/**
 * What was added to counters from the first scrape to the last one. A process that was started anew counts from zero; so
 * does one that began within the window, whoever looked first.
 */
export function growthOf(scrapes: readonly Scrape[], windowMs: number): Growth {
  const [first, last] = [scrapes[0], scrapes.at(-1)]
  if (!first || !last) return { seconds: 0, figures: new Map() }
  const grown = new Map<string, number>()
  const add = (now: Scrape, before: Scrape | undefined) => {
    for (const [key, figure] of now.figures) {
      grown.set(key, (grown.get(key) ?? 0) + Math.max(0, figure - (before?.figures.get(key) ?? 0)))
    }
  }
  const began = startedAt(first)
  const isYoung = began !== undefined && began > last.at.getTime() - windowMs
  if (isYoung) add(first, undefined)
  for (const [index, scrape] of scrapes.entries()) {
    const before = scrapes[index - 1]
    if (before) add(scrape, startedAt(before) === startedAt(scrape) ? before : undefined)
  }
  const from = isYoung ? began : first.at.getTime()
  return { seconds: Math.max(0, last.at.getTime() - from) / 1_000, figures: grown }
}
