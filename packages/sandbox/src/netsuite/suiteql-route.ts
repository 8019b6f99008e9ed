import { createHash } from 'node:crypto'
import type { Reply, Route, SandboxRequest } from '../kit/http.ts'
import { isObject } from './record-body.ts'
import { pageNumber } from './record-routes.ts'
import { invalidContent, refusal } from './refusal.ts'
import type { Ledger } from './rules.ts'
import { parseSelect } from './sql-parser.ts'
import { runSelect, type SqlResult } from './sql-run.ts'
import { SqlProblem } from './sql-values.ts'

export const SUITEQL_PATH = '/services/rest/query/v1/suiteql'
/** NetSuite gives no more rows of one query, however it is paged (facts: netsuite §6). */
const MOST_ROWS = 100_000

export interface SuiteQlOptions {
  readonly ledger: Ledger
  readonly authenticate: (request: SandboxRequest) => void
  readonly url: () => string
}

/** SuiteQL over REST: a POST that names a query, answered one page at a time. */
export function suiteQlRoute({ ledger, authenticate, url }: SuiteQlOptions): Route {
  function handle(request: SandboxRequest): Reply {
    if (request.headers.prefer !== 'transient') {
      throw refusal(400, 'INVALID_HEADER', 'Invalid request header: Prefer. Send Prefer: transient.')
    }
    const limit = pageNumber(request.query, 'limit', 1000)
    const offset = pageNumber(request.query, 'offset', 0)
    if (offset % limit !== 0) throw refusal(400, 'INVALID_PARAMETER', 'The offset must be a multiple of the limit.')

    const result = resultOf(request)
    const totalResults = Math.min(result.totalRows, MOST_ROWS)
    const items = result
      .page(offset, Math.max(0, Math.min(limit, totalResults - offset)))
      .map((row) => ({ links: [], ...row }))
    const hasMore = offset + items.length < totalResults
    const link = (rel: string, at: number) => ({ rel, href: `${url()}${SUITEQL_PATH}?limit=${limit}&offset=${at}` })
    const links = [
      ...(hasMore ? [link('next', offset + limit)] : []),
      ...(offset > 0 ? [link('prev', Math.max(0, offset - limit))] : []),
      link('self', offset),
    ]
    return { status: 200, body: { links, count: items.length, hasMore, items, offset, totalResults } }
  }

  function resultOf(request: SandboxRequest): SqlResult {
    const body = request.json()
    if (!isObject(body) || typeof body.q !== 'string')
      throw invalidContent('The body needs a query: { "q": "SELECT …" }.', 'q')
    const params = body.params ?? []
    if (!Array.isArray(params)) throw invalidContent('params must be an array.', 'params')
    try {
      return runSelect(ledger, parseSelect(body.q, params))
    } catch (error) {
      if (!(error instanceof SqlProblem)) throw error
      throw refusal(
        400,
        'INVALID_PARAMETER',
        `Invalid search query. Detailed unprocessed description follows. ${error.message}`,
      )
    }
  }

  return { method: 'POST', path: SUITEQL_PATH, authenticate, subject: subjectOf, handle }
}

/** Faults are limited per subject: a query that is asked again is the same subject, another page is not. */
function subjectOf({ rawBody, target }: SandboxRequest): string {
  return `suiteql ${createHash('sha1').update(target).update(rawBody).digest('base64')}`
}
