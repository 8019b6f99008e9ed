import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './http.ts'

export const ME = ['me'] as const

const isOver = (error: unknown): boolean => error instanceof ApiError && error.status === 401

/** Worth another try: no answer, or one that says that the API is at fault. */
const mayPass = (error: unknown): boolean =>
  error instanceof ApiError && (error.kind === 'unreachable' || error.status >= 500)

/**
 * Answers, kept while their page is looked at. A session that ends is noticed by whichever request is refused first; who
 * is signed in is then asked again, and the page of the sign-in takes over.
 */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error, query) {
      if (isOver(error) && query.queryKey[0] !== ME[0]) void queryClient.invalidateQueries({ queryKey: ME })
    },
  }),
  mutationCache: new MutationCache({
    onError(error) {
      if (isOver(error)) void queryClient.invalidateQueries({ queryKey: ME })
    },
  }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && mayPass(error),
      retryDelay: (failures) => 500 * 2 ** failures,
      staleTime: 2_000,
      networkMode: 'always', // the API may well be on this machine while the browser believes itself offline
    },
    mutations: { networkMode: 'always' },
  },
})
