import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiError } from '../http.ts'
import { useSpeech } from '../language.tsx'

export function Loading() {
  const { t } = useSpeech()
  return (
    <p className="loading" role="status">
      {t('app.loading')}
    </p>
  )
}

/** What went wrong, in the API's own sentence where it gave one. */
export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t, tell } = useSpeech()
  return (
    <div className="trouble" role="alert">
      <p>{sentenceOf(error, { t, tell })}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {t('app.retry')}
        </button>
      )}
    </div>
  )
}

/** @throws whatever is no answer of the API: a fault of the console is not told as one of the API's */
export function sentenceOf(error: unknown, { t, tell }: Pick<ReturnType<typeof useSpeech>, 't' | 'tell'>): string {
  if (!(error instanceof ApiError)) throw error
  if (error.kind === 'unreachable') return t('error.unreachable')
  if (error.kind === 'garbled') return t('error.garbled')
  return tell('problem', error.message)
}

export const Empty = ({ children }: { children: ReactNode }) => <p className="empty">{children}</p>

/** What a query brought, or where it stands. What was brought stays while it is asked for anew, also when that fails. */
export function Answer<Data>({
  query,
  children,
}: {
  query: UseQueryResult<Data>
  children: (data: Data) => ReactNode
}) {
  const retry = () => void query.refetch()
  if (query.data === undefined) {
    return query.error ? <Trouble error={query.error} onRetry={retry} /> : <Loading />
  }
  return (
    <>
      {query.error && <Trouble error={query.error} onRetry={retry} />}
      {children(query.data)}
    </>
  )
}
