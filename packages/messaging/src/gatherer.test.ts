import { afterEach, expect, test } from '@jest/globals'
import { createGatherer, type Gathered } from './gatherer.ts'

interface Item extends Gathered {
  readonly n: number
}

let stop = () => {}
afterEach(() => stop())

/** A gatherer whose batches end when the test says so. */
function world(options: { maxBatch: number; lingerMs: number; concurrentBatches: number }) {
  const batches: { ns: number[]; end: () => void }[] = []
  let began = Promise.withResolvers<void>()
  const gatherer = createGatherer<Item>({
    ...options,
    run: (batch) =>
      new Promise((end) => {
        batches.push({ ns: batch.map(({ n }) => n), end })
        began.resolve()
        began = Promise.withResolvers()
      }),
  })
  stop = () => void gatherer.stop()
  const add = (n: number, orderingKey = '') => gatherer.add({ n, orderingKey })
  return { gatherer, batches, add, next: () => began.promise, ns: () => batches.map(({ ns }) => ns) }
}
const settled = () => new Promise(setImmediate)

test('a batch begins at once when it is full', () => {
  const { add, ns } = world({ maxBatch: 3, lingerMs: 60_000, concurrentBatches: 2 })
  for (const n of [1, 2, 3, 4]) add(n)
  expect(ns()).toEqual([[1, 2, 3]])
})

test('a batch that does not fill begins when its first item has lingered', async () => {
  const { add, ns, next } = world({ maxBatch: 3, lingerMs: 5, concurrentBatches: 2 })
  add(1)
  add(2)
  expect(ns()).toEqual([])
  await next()
  expect(ns()).toEqual([[1, 2]])
})

test('items that come in one turn make one batch even without a linger time', async () => {
  const { add, ns, next } = world({ maxBatch: 100, lingerMs: 0, concurrentBatches: 2 })
  for (const n of [1, 2, 3]) process.nextTick(add, n)
  await next()
  expect(ns()).toEqual([[1, 2, 3]])
})

test('no more batches run at once than allowed, and the next begins when one ends', async () => {
  const { add, ns, batches } = world({ maxBatch: 1, lingerMs: 0, concurrentBatches: 2 })
  for (const n of [1, 2, 3]) add(n)
  expect(ns()).toEqual([[1], [2]])
  batches[1]?.end()
  await settled()
  expect(ns()).toEqual([[1], [2], [3]])
})

test('an item whose key is in a batch waits for its end, and those of other keys pass it', async () => {
  const { add, ns, batches } = world({ maxBatch: 2, lingerMs: 60_000, concurrentBatches: 3 })
  add(1, 'a')
  add(2, 'a')
  for (const [n, key] of [
    [3, 'a'],
    [4, 'b'],
    [5, 'a'],
    [6, ''],
  ] as const)
    add(n, key)
  expect(ns()).toEqual([
    [1, 2],
    [4, 6],
  ])
  batches[0]?.end()
  await settled()
  expect(ns()[2]).toEqual([3, 5])
})

test('stopped, it begins nothing more and tells what it has not begun and when the rest ends', async () => {
  const { add, ns, batches, gatherer } = world({ maxBatch: 1, lingerMs: 0, concurrentBatches: 1 })
  for (const n of [1, 2, 3]) add(n)
  const { unbegun, finished } = gatherer.stop()
  expect(unbegun.map(({ n }) => n)).toEqual([2, 3])
  batches[0]?.end()
  await finished
  expect(ns()).toEqual([[1]])
})
