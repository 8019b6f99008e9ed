import type { Refusal, Reply, Route, SandboxRequest } from '../kit/http.ts'
import { type RecordType, recordTypeOf } from './fields.ts'
import { type RecordBody, readRecordBody, type Strictness } from './record-body.ts'
import { invalidContent, refusal } from './refusal.ts'
import { renderRecord } from './render-record.ts'
import type { Ledger } from './rules.ts'
import { deleteRecord, saveRecord } from './save-record.ts'
import { searchRecords } from './search-records.ts'

const ROOT = '/services/rest/record/v1'
const LARGEST_PAGE = 1000

export interface RecordRoutesOptions {
  readonly ledger: Ledger
  readonly authenticate: (request: SandboxRequest) => void
  readonly now: () => Date
  readonly url: () => string
}

/** SuiteTalk REST records: create, read, list, update, upsert by external id, delete (facts: netsuite §2). */
export function recordRoutes({ ledger, authenticate, now, url }: RecordRoutesOptions): Route[] {
  const { store } = ledger
  const recordUrl = () => url() + ROOT

  function save(request: SandboxRequest, type: RecordType, options: { key?: string; externalId?: string }): Reply {
    const previous = options.key === undefined ? undefined : store.find(type, options.key)
    const replace = new Set((request.query.get('replace') ?? '').split(',').filter(Boolean))
    const { externalId } = options
    const saved = saveRecord(ledger, { type, previous, externalId, body: bodyOf(request, type), replace, at: now() })
    return { status: 204, headers: { location: `${recordUrl()}/${type}/${saved.id}` } }
  }

  const create = (request: SandboxRequest): Reply => save(request, typeOf(request), {})

  function update(request: SandboxRequest): Reply {
    const record = store.get(typeOf(request), keyOf(request))
    return save(request, record.type, { key: record.id })
  }

  function upsert(request: SandboxRequest): Reply {
    const key = keyOf(request)
    if (!key.startsWith('eid:') || key === 'eid:')
      throw refusal(400, 'INVALID_ID', 'PUT needs an external id: eid:<id>.')
    return save(request, typeOf(request), { key, externalId: key.slice(4) })
  }

  function read(request: SandboxRequest): Reply {
    const { query } = request
    const body = renderRecord(ledger, store.get(typeOf(request), keyOf(request)), {
      recordUrl: recordUrl(),
      expandSubResources: query.get('expandSubResources') === 'true',
      fields: query.has('fields') ? new Set(query.get('fields')?.split(',')) : undefined,
    })
    return { status: 200, body }
  }

  function list(request: SandboxRequest): Reply {
    const { query } = request
    const type = typeOf(request)
    const found = searchRecords(store.all(type), query.get('q'))
    const limit = pageNumber(query, 'limit', LARGEST_PAGE)
    const offset = pageNumber(query, 'offset', 0)
    const items = found.slice(offset, offset + limit).map(({ id }) => ({
      links: [{ rel: 'self', href: `${recordUrl()}/${type}/${id}` }],
      id,
    }))
    const hasMore = offset + items.length < found.length
    return { status: 200, body: { links: [], count: items.length, hasMore, items, offset, totalResults: found.length } }
  }

  function remove(request: SandboxRequest): Reply {
    deleteRecord(ledger, store.get(typeOf(request), keyOf(request)), now())
    return { status: 204 }
  }

  const one = `${ROOT}/:type/:key`
  const many = `${ROOT}/:type`
  const common = {
    authenticate,
    subject: ({ path }: SandboxRequest) => decodeURIComponent(path.slice(ROOT.length + 1)),
  }
  return [
    { ...common, method: 'POST', path: many, handle: create },
    { ...common, method: 'GET', path: many, handle: list },
    { ...common, method: 'GET', path: one, handle: read },
    { ...common, method: 'PATCH', path: one, handle: update },
    { ...common, method: 'PUT', path: one, handle: upsert },
    { ...common, method: 'DELETE', path: one, handle: remove },
  ]
}

/** A whole number of a page's query. @throws Refusal for anything else. */
export function pageNumber(query: URLSearchParams, name: 'limit' | 'offset', whenAbsent: number): number {
  const text = query.get(name)
  if (text === null) return whenAbsent
  const number = Number(text)
  const isRight = /^\d+$/.test(text) && (name === 'offset' || (number >= 1 && number <= LARGEST_PAGE))
  if (!isRight) throw refusal(400, 'INVALID_PARAMETER', `Invalid value for the query parameter ${name}: ${text}.`)
  return number
}

function typeOf({ params }: SandboxRequest): RecordType {
  const type = recordTypeOf(params.type ?? '')
  if (type === undefined) throw refusal(404, 'NONEXISTENT_ID', `Record type ${params.type} does not exist.`)
  return type
}

const keyOf = ({ params }: SandboxRequest): string => params.key ?? ''

function bodyOf(request: SandboxRequest, type: RecordType): RecordBody {
  if (request.headers.prefer?.includes('respond-async')) {
    throw refusal(400, 'INVALID_HEADER', 'The sandbox runs no asynchronous jobs: leave Prefer: respond-async out.')
  }
  if (!/json/.test(request.headers['content-type'] ?? '')) throw unsupportedMedia()
  if (type === 'subsidiary' || type === 'currency') throw invalidContent(`${type} is kept by the ERP team.`)
  return readRecordBody(type, request.json(), {
    names: strictnessOf(request, 'x-netsuite-propertynamevalidation', 'Warning'),
    values: strictnessOf(request, 'x-netsuite-propertyvaluevalidation', 'Error'),
  })
}

const unsupportedMedia = (): Refusal =>
  refusal(415, 'INVALID_HEADER', 'Unsupported media type. Send Content-Type: application/json.')

function strictnessOf({ headers }: SandboxRequest, header: string, whenAbsent: Strictness): Strictness {
  const value = [headers[header]].flat()[0]?.toLowerCase()
  if (value === undefined) return whenAbsent
  if (value === 'error') return 'Error'
  if (value === 'warning') return 'Warning'
  if (value === 'ignore') return 'Ignore'
  throw refusal(400, 'INVALID_HEADER', `Invalid value for the header ${header}: ${value}.`)
}
