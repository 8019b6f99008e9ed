import { expect, test } from '@jest/globals'
import { Deque } from './deque.ts'
import { Mischief } from './knobs.ts'

test('a deque does what an array does, through growing and shrinking', () => {
  const dice = new Mischief()
  const deque = new Deque<number>()
  const array: number[] = []
  for (let step = 0; step < 6000; step++) {
    const isGrowing = Math.floor(step / 1000) % 2 === 0
    const throwOf = dice.random()
    if (throwOf < (isGrowing ? 0.6 : 0.2)) {
      deque.push(step)
      array.push(step)
    } else if (throwOf < (isGrowing ? 0.8 : 0.3)) {
      deque.unshift(step)
      array.unshift(step)
    } else {
      expect(deque.shift()).toBe(array.shift())
    }
    expect(deque.size).toBe(array.length)
    expect(deque.first()).toBe(array[0])
    if (array.length > 3) {
      deque.swap(1, array.length - 1)
      const [second, last] = [array[1] as number, array[array.length - 1] as number]
      array[1] = last
      array[array.length - 1] = second
    }
    if (step % 1000 === 0) expect([...deque]).toEqual(array)
  }
})
