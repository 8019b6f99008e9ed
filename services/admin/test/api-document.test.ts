import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { listsOf, listsWithoutSample } from '@remesa/local-stack/bench/admin-samples'
import { Validator } from '@seriousme/openapi-schema-validator'
import { en } from '../console/src/i18n/en.ts'
import { spanish } from '../console/src/i18n/spanish-voice.ts'
import { type Api, anApi } from './an-api.ts'

// biome-ignore lint/suspicious/noExplicitAny: what it is, the validator says
type Part = any

let api: Api
let text: string
let document: Part
beforeAll(async () => {
  api = await anApi()
  text = await (await fetch(`${api.url}/openapi.json`)).text()
  document = JSON.parse(text)
})
afterAll(() => api.stop())

const operations = (): Part[] => Object.values(document.paths).flatMap((methods: Part) => Object.values(methods))

test('the API’s description is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('what the page reads is the same in OpenAPI 3.0: null is a mark of a type there, and beside a reference stands nothing', async () => {
  const shown: Part = await (await fetch(`${api.url}/docs/json`)).json()
  const validator = new Validator()
  expect(await validator.validate(structuredClone(shown))).toEqual({ valid: true })
  expect(validator.version).toBe('3.0')
  expect(Object.keys(shown.components.schemas)).toEqual(Object.keys(document.components.schemas))
  const { properties, example } = shown.components.schemas.Balance
  expect(properties).toMatchObject({
    id: { type: 'string', format: 'uuid' },
    money: { nullable: true, allOf: [{ $ref: '#/components/schemas/Money' }], description: expect.any(String) },
    reason: { nullable: true, type: 'string' },
    status: { $ref: '#/components/schemas/BalanceStatus' },
  })
  expect(example).toEqual(document.components.schemas.Balance.examples[0])
  expect(JSON.stringify(shown.components.schemas)).not.toContain('"null"')
})

test('every reference of the description leads somewhere, and nothing is named that no operation uses', () => {
  const references = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, place]) => place))
  const named = ['schemas', 'responses', 'parameters'].flatMap((kind) =>
    Object.keys(document.components[kind]).map((name) => `${kind}/${name}`),
  )
  expect([...references].toSorted()).toEqual(named.toSorted())
})

test('every operation has a name of its own, says what it does and what each of its answers means', () => {
  const names = operations().map(({ operationId }) => operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const { operationId, summary, description, tags, responses } of operations()) {
    expect(operationId).toMatch(/^[a-z][A-Za-z]+$/)
    expect(summary).toMatch(/^.{8}/)
    expect(description).toMatch(/^Role: (viewer|operator|approver)\.$/)
    expect(tags).toHaveLength(1)
    for (const response of Object.values<Part>(responses)) {
      expect(response.$ref ?? response.description).not.toBe('Default Response')
    }
  }
})

test('what an operation takes and answers has a name, and so have problems', () => {
  for (const { operationId, requestBody, responses } of operations()) {
    if (requestBody) {
      expect([operationId, requestBody.content['application/json'].schema]).toEqual([operationId, A_NAMED_SCHEMA])
    }
    for (const [status, response] of Object.entries<Part>(responses)) {
      const expected =
        Number(status) >= 400
          ? { $ref: expect.stringMatching(/^#\/components\/responses\//) }
          : { description: expect.any(String), content: expect.any(Object) }
      expect([operationId, status, response]).toEqual([operationId, status, expected])
      const schema = response.content?.['application/json']?.schema
      if (schema) expect([operationId, status, schema]).toEqual([operationId, status, A_NAMED_SCHEMA])
    }
  }
  for (const [name, problem] of Object.entries<Part>(document.components.responses)) {
    const media = { schema: { $ref: '#/components/schemas/Problem' }, example: { detail: expect.any(String) } }
    expect([name, problem.content]).toMatchObject([name, { 'application/problem+json': media }])
  }
})
const A_NAMED_SCHEMA = { $ref: expect.stringMatching(/^#\/components\/schemas\//) }

test('a deed says what it takes and every way in which it may end', () => {
  const release = document.paths['/v1/payouts/{id}/force-release'].post
  expect(Object.keys(release.responses)).toEqual([
    '200',
    '202',
    '400',
    '401',
    '403',
    '404',
    '409',
    '413',
    '415',
    '422',
    '500',
    '503',
  ])
  expect(release.parameters).toEqual([
    { $ref: '#/components/parameters/Id' },
    { $ref: '#/components/parameters/IdempotencyKey' },
  ])
  expect(document.components.parameters.Id).toEqual({
    ...{ in: 'path', name: 'id', required: true, schema: { type: 'string', format: 'uuid' } },
  })
  expect(document.components.parameters.IdempotencyKey).toMatchObject({ in: 'header', required: true })
  expect(release.description).toBe('Role: operator.')
  expect(release.requestBody.content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Reason' })
  expect(document.components.schemas.Reason.required).toEqual(['reason'])
})

test('the parts of the API stand in an order, each with a word about it, and every operation is in one of them', () => {
  const used = new Set(operations().flatMap(({ tags }) => tags))
  expect(document.tags.map(({ name }: Part) => name).toSorted()).toEqual([...used].toSorted())
  for (const { description } of document.tags) expect(description).toMatch(/^.{7}/)
})

test('the main things have an example', () => {
  for (const name of [
    'Problem',
    'Money',
    'Balance',
    'Payout',
    'Transfer',
    'Plan',
    'Alert',
    'ControlApproval',
    'Reason',
  ]) {
    expect([name, document.components.schemas[name].examples]).toEqual([name, [expect.any(Object)]])
  }
})

test('the description is small enough for a page to show it at once', () => {
  expect(text.length).toBeLessThan(175_000)
  expect(text).not.toContain(String(Number.MAX_SAFE_INTEGER))
})

/** Shown nowhere, or by messages of their own, or the same in every language. */
const UNNAMED = new Set([
  ...[
    'bearer',
    'session',
    '1P',
    '3P',
    'new',
    'replaced',
    'unchanged',
    'waits',
    'disputes',
    'rules',
    'repaid',
    'forgiven',
  ],
  ...['altered', 'discarded', 'drift', 'expired', 'not_found', 'replayed', 'replayed_before'],
])

test('every code that an answer may have is called something in the console, in Spanish too', () => {
  const found = text.matchAll(/"(?:enum":\[([^\]]*)\]|const":("[^"]*"))/g)
  const codes = [...found].flatMap(([, many, one]): unknown[] => JSON.parse(`[${many ?? one}]`))
  const isNamed = (code: string) =>
    ['code.', 'code.stage_', 'who.'].some((kind) => kind + code in en) ||
    spanish.label(code) !== code.replaceAll('_', ' ')
  const unnamed = codes.filter((code) => typeof code === 'string' && !isNamed(code) && !UNNAMED.has(code))
  expect(unnamed).toEqual([])
})

test('`pnpm bench admin` asks for every list that there is', () => {
  expect(listsOf(document)).toEqual(
    expect.arrayContaining(['/v1/balances', '/v1/plans/{id}/lines', '/v1/reconciliations/trend', '/v1/search']),
  )
  expect(listsOf(document)).not.toContain('/v1/today')
  expect(listsWithoutSample(document)).toEqual([])
  const { schema } = document.paths['/v1/balances'].get.responses['200'].content['application/json']
  const added = { get: { responses: { 200: { content: { 'application/json': { schema } } } } } }
  const withMore = { ...document, paths: { ...document.paths, '/v1/balances/{id}/notes': added } }
  expect(listsWithoutSample(withMore)).toEqual(['/v1/balances/{id}/notes'])
})
