import { expect, test } from '@jest/globals'
import { withSharedParts } from './shared-parts.ts'

const at = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const answer = (schema: object, description = 'Done.') => ({
  description,
  content: { 'application/json': { schema } },
})
const words = { type: 'object', properties: { words: { type: 'string' } } }

/** Two operations, as they are described before anything is shared. */
const described = (schemas: Readonly<Record<string, object>>, responses: readonly [object, object]) => ({
  openapi: '3.1.0',
  paths: {
    '/one': { post: { requestBody: answer(at('NoteInput')), responses: responses[0] } },
    '/other': { get: { parameters: [], responses: responses[1] } },
  },
  components: { schemas, securitySchemes: {} },
})

test('a schema has one name in requests and answers, and what nothing refers to is left out', () => {
  const schemas = { Note: words, NoteInput: words, Page: { items: at('Note') }, Idle: words, IdleInput: words }
  const { paths, components } = withSharedParts(
    described(schemas, [{ 200: answer(at('Note')) }, { 200: answer(at('Page')) }]),
  )
  expect(paths['/one'].post.requestBody).toEqual(answer(at('Note')))
  expect(components.schemas).toEqual({ Note: words, Page: { items: at('Note') } })
})

test('a schema that looks one way in requests and another in answers takes two names', () => {
  const schemas = { Note: words, NoteInput: { ...words, required: ['words'] } }
  const document = described(schemas, [{ 200: answer(at('Note')) }, {}])
  expect(() => withSharedParts(document)).toThrow('Note looks one way in requests and another in answers')
})

test('a problem that many operations may answer with is said once, and one that is put otherwise where it is', () => {
  const schemas = { NoteInput: words }
  const document = described(schemas, [
    { 200: answer(words), 404: answer(words, 'None of it.') },
    { 404: answer(words, 'None of it.'), 409: answer(words) },
  ])
  const { paths, components } = withSharedParts(document)
  const shared = { $ref: '#/components/responses/NotFound' }
  expect(paths['/one'].post.responses).toEqual({ 200: answer(words), 404: shared })
  expect(paths['/other'].get.responses).toMatchObject({ 404: shared })
  expect(components).toMatchObject({ responses: { NotFound: answer(words, 'None of it.') } })
  const third = { get: { responses: { 404: answer(words) } } }
  const other = { ...document, paths: { ...document.paths, '/third': third } }
  expect(withSharedParts(other).paths['/third'].get.responses).toEqual({ 404: answer(words) })
})

test('a name that ends as those of requests do is a name like any other', () => {
  const schemas = { NoteInput: words }
  expect(withSharedParts(described(schemas, [{}, {}])).components.schemas).toEqual({ NoteInput: words })
})
