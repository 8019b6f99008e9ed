import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Today } from './api.ts'
import { read } from './client.ts'

export type Liveness = 'connecting' | 'live' | 'polling' | 'past'

const POLL_MS = 5_000
const RECONNECT_MS = 5_000
const TODAY = 'today'

/**
 * The state of a day. The current one is pushed by the API as it changes; while that connection is away, it is asked for
 * every few seconds and the connection tried again.
 * @param date - a business date; undefined: the current one
 */
export function useToday(date: string | undefined) {
  const queries = useQueryClient()
  const [isLive, setLive] = useState<boolean | undefined>()
  const isPast = date !== undefined
  useEffect(() => {
    if (isPast) return
    let source: EventSource
    let timer: ReturnType<typeof setTimeout> | undefined
    const connect = () => {
      source = new EventSource('/v1/events')
      source.addEventListener('open', () => setLive(true))
      source.addEventListener('today', ({ data }) => {
        setLive(true)
        queries.setQueryData([TODAY, undefined], JSON.parse(data) as Today)
      })
      source.addEventListener('error', () => {
        setLive(false)
        // A browser tries again by itself, but not after an answer such as 503 or 401.
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, RECONNECT_MS)
      })
    }
    connect()
    return () => {
      clearTimeout(timer)
      source.close()
    }
  }, [isPast, queries])

  const query = useQuery({
    queryKey: [TODAY, date],
    queryFn: ({ signal }) => read<Today>('/v1/today', { date }, signal),
    refetchInterval: isPast || isLive ? false : POLL_MS,
  })
  const liveness: Liveness = isPast ? 'past' : isLive === undefined ? 'connecting' : isLive ? 'live' : 'polling'
  return { query, liveness }
}
