import { afterEach, expect, test } from '@jest/globals'
import { aNetSuite, closeAll } from './a-netsuite.ts'

afterEach(closeAll)

const page = (ids: readonly string[], hasMore = false) => ({
  status: 200,
  body: { items: ids.map((id) => ({ links: [], id })), hasMore },
})

test('what NetSuite does not bring of what was asked for is gone', async () => {
  const { client } = await aNetSuite(() => page(['12', '14']))
  expect(await client.findGoneDocuments(['11', '12', '13', '14'])).toEqual(['11', '13'])
})

test.each([
  ['more than was asked for', page(['12', '99'])],
  ['the promise of more', page(['12'], true)],
  ['no list', { status: 200, body: { items: 'none' } }],
])('%s is garbled: nothing is taken for gone', async (_, answer) => {
  const { client } = await aNetSuite(() => answer)
  await expect(client.findGoneDocuments(['12', '13'])).rejects.toMatchObject({ kind: 'garbled' })
})

const twenty = Array.from({ length: 20 }, (_, index) => `${index + 1}`)

test('of many documents that all are gone none is: our role may no longer see them, and that is asked once', async () => {
  const { client, asked } = await aNetSuite(() => page([]))
  await expect(client.findGoneDocuments(twenty)).rejects.toMatchObject({
    ...{ kind: 'unavailable', credentials: true, code: 'no_document_shown', operation: 'look for documents' },
  })
  expect(asked).toHaveLength(1)
})

test('a few may all be gone, and of many all but one', async () => {
  const { client } = await aNetSuite(({ text }) => page(text.includes(',20)') ? ['20'] : []))
  expect(await client.findGoneDocuments(twenty.slice(0, 19))).toHaveLength(19)
  expect(await client.findGoneDocuments(twenty)).toHaveLength(19)
})

test('no ids, too many, and what is no id of NetSuite’s are refused before anything is asked', async () => {
  const { client, asked } = await aNetSuite(() => 'lost')
  for (const ids of [[], Array(1_001).fill('1'), ['1; drop']]) {
    await expect(client.findGoneDocuments(ids)).rejects.toBeInstanceOf(RangeError)
  }
  expect(asked).toEqual([])
})
