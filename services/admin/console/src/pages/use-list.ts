import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { readPage } from '../client.ts'
import type { Query } from '../http.ts'

/** One page of a list; the page before stays while the next one comes. @param refreshMs - asked for again so often */
export const useList = <Item>(path: string, query: Query, refreshMs?: number) =>
  useQuery({
    queryKey: [path, query],
    queryFn: ({ signal }) => readPage<Item>(path, query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs ?? false,
  })
