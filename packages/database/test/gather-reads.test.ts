import { expect, test } from '@jest/globals'
import { gatherReads } from '../src/gather-reads.ts'

/** Rows that count up, and the groups in which they were read. A key below zero cannot be read. */
function aTable() {
  const groups: (readonly number[])[] = []
  const find = gatherReads(async (keys: readonly number[]) => {
    groups.push(keys)
    if (keys.some((key) => key < 0)) throw new Error('a bad key')
    return new Map(keys.filter((key) => key < 100).map((key) => [key, key * 10]))
  })
  return { groups, find }
}

test('what is asked for in one turn is read by one statement, each key once; what does not exist is undefined', async () => {
  const { groups, find } = aTable()
  expect(await Promise.all([1, 2, 1, 100].map(find))).toEqual([10, 20, 10, undefined])
  expect(groups).toEqual([[1, 2, 100]])
})

test('nothing is kept: what is asked for again is read again', async () => {
  const { groups, find } = aTable()
  await find(1)
  await find(1)
  expect(groups).toEqual([[1], [1]])
})

test('one bad key rejects alone', async () => {
  const { find } = aTable()
  const [good, bad] = await Promise.allSettled([1, -1].map(find))
  expect([good?.status, bad?.status]).toEqual(['fulfilled', 'rejected'])
})
