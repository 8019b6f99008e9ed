import { Refusal, type Reply } from '../kit/http.ts'

/** One entry of `o:errorDetails` (facts: netsuite §4). */
export interface RefusalDetail {
  readonly detail: string
  readonly 'o:errorCode': string
  readonly 'o:errorPath'?: string
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  429: 'Too Many Requests',
}

/** An answer in NetSuite's error layout. */
export function errorReply(status: number, details: readonly RefusalDetail[]): Reply {
  return {
    status,
    headers: { 'content-type': 'application/vnd.oracle.resource+json; type=error' },
    body: {
      type: 'https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4',
      title: TITLES[status] ?? 'Internal Server Error',
      status,
      'o:errorDetails': details,
    },
  }
}

/** @param path - where in the body, e.g. `entity.id` */
export function refusal(status: number, code: string, detail: string, path?: string): Refusal {
  const entry = { detail, 'o:errorCode': code, ...(path === undefined ? {} : { 'o:errorPath': path }) }
  return new Refusal(errorReply(status, [entry]))
}

/** A rule of the books that the request breaks. */
export const userError = (detail: string, path?: string): Refusal => refusal(400, 'USER_ERROR', detail, path)

/** A value of the body that cannot be what it should be. */
export const invalidContent = (detail: string, path?: string): Refusal => refusal(400, 'INVALID_CONTENT', detail, path)
