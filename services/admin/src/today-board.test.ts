import { expect, test } from '@jest/globals'
import { type BoardListener, createBoard } from './today-board.ts'

/** What one who listens has heard, and a way to wait for more of it. */
function aListener() {
  const heard: string[] = []
  const waiting: (() => void)[] = []
  const hear = (what: string): void => {
    heard.push(what)
    for (const wake of waiting.splice(0)) wake()
  }
  const listener: BoardListener = {
    tell: (state) => hear(JSON.parse(state).count),
    stillHere: () => hear('still here'),
    end: () => hear('end'),
  }
  const until = async (length: number): Promise<void> => {
    while (heard.length < length) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  return { listener, heard, until }
}

test('what changes is told once, and while nothing does there are signs of life', async () => {
  const counts = [1, 1, 1, 2, 2]
  const read = async () => ({ count: counts.shift() ?? 2, at: String(Math.random()) })
  const board = createBoard({ read, logger: { error: () => {} }, everyMs: 1, silenceMs: 5 })
  const { listener, heard, until } = aListener()
  const leave = board.listen(listener)
  await until(5)
  leave()
  expect(heard.filter((what) => what !== 'still here')).toEqual([1, 2])
  expect(heard).toContain('still here')
})

test('one reading serves all; who comes later is told at once, and nothing is read while nobody listens', async () => {
  let readings = 0
  const read = async () => ({ count: ++readings, at: '' })
  const board = createBoard({ read, logger: { error: () => {} }, everyMs: 3_600_000 })
  const first = aListener()
  const leaveFirst = board.listen(first.listener)
  await first.until(1)
  const second = aListener()
  const leaveSecond = board.listen(second.listener)
  expect([first.heard, second.heard, readings]).toEqual([[1], [1], 1])
  leaveFirst()
  leaveSecond()
  const third = aListener()
  board.listen(third.listener)
  await third.until(1)
  expect([third.heard, readings]).toEqual([[2], 2])
  board.stop()
  expect(third.heard).toEqual([2, 'end'])
})

test('a reading that fails is logged, and the next one is told', async () => {
  let readings = 0
  const errors: unknown[] = []
  const read = async () => {
    if (++readings === 1) throw new Error('no database')
    return { count: readings, at: '' }
  }
  const board = createBoard({ read, logger: { error: (entry: unknown) => void errors.push(entry) }, everyMs: 1 })
  const { listener, heard, until } = aListener()
  const leave = board.listen(listener)
  await until(1)
  leave()
  expect([heard[0], errors.length]).toEqual([2, 1])
})
