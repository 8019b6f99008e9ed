import type { Logger } from '@remesa/service-kit/logger'

/** Tells everybody who listens of the same state, as often as it changes. */
export interface Board {
  /**
   * Tells this listener the state at once, and again whenever it changes; or nothing, as a sign of life.
   * @returns a function that ends it
   */
  listen(listener: BoardListener): () => void
  /** Ends every listener. */
  stop(): void
}

export interface BoardListener {
  /** @param state - as JSON */
  tell(state: string): void
  /** Nothing has changed for a while. */
  stillHere(): void
  /** There will be no more. */
  end(): void
}

interface Parts {
  /** @returns the state; `at`, the moment it was read, alone is no change */
  readonly read: () => Promise<{ readonly at: string }>
  readonly logger: Pick<Logger, 'error'>
  /** Between two readings at least. */
  readonly everyMs?: number
  /** How long a listener hears nothing at most. */
  readonly silenceMs?: number
}

/** Of the time, reading takes a tenth at most: what is watched must not be slowed down by those who watch it. */
const REST_PER_READING = 9

/** One reading serves all who listen; while nobody does, nothing is read. */
export function createBoard({ read, logger, everyMs = 1_000, silenceMs = 15_000 }: Parts): Board {
  const listeners = new Map<BoardListener, { lastTold: number; told: string | undefined }>()
  let state: { body: string; compared: string } | undefined
  let timer: NodeJS.Timeout | undefined
  let isReading = false

  async function turn(): Promise<void> {
    timer = undefined
    isReading = true
    const began = performance.now()
    try {
      const { at, ...rest } = await read()
      if (listeners.size > 0) state = { body: JSON.stringify({ ...rest, at }), compared: JSON.stringify(rest) }
    } catch (err) {
      logger.error({ err }, 'what is shown live could not be read; it is tried again')
    }
    isReading = false
    const took = performance.now() - began
    tellAll()
    if (listeners.size > 0) timer = setTimeout(() => void turn(), Math.max(everyMs - took, took * REST_PER_READING))
  }

  function tellAll(): void {
    const now = performance.now()
    for (const [listener, heard] of listeners) {
      if (state && heard.told !== state.compared) {
        heard.told = state.compared
        heard.lastTold = now
        listener.tell(state.body)
      } else if (now - heard.lastTold >= silenceMs - everyMs) {
        heard.lastTold = now
        listener.stillHere()
      }
    }
  }

  return {
    listen(listener) {
      listeners.set(listener, { lastTold: performance.now(), told: state?.compared })
      if (state) listener.tell(state.body)
      if (timer === undefined && !isReading) void turn()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearTimeout(timer)
        timer = undefined
        state = undefined
      }
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
      for (const listener of listeners.keys()) listener.end()
      listeners.clear()
    },
  }
}
