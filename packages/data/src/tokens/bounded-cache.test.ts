import { expect, test } from 'vitest'
import { BoundedCache } from './bounded-cache.js'

test('never holds more than its capacity, and always what was put there last', () => {
  const cache = new BoundedCache<number, string>(3)
  const sizes: number[] = []
  for (let key = 0; key < 7; key++) {
    cache.set(key, `value ${key}`)
    expect(cache.get(key)).toBe(`value ${key}`)
    sizes.push(cache.size)
  }
  expect(sizes).toEqual([1, 2, 3, 1, 2, 3, 1])
  expect(cache.get(5)).toBeUndefined()
})

test('a value that is replaced takes no room', () => {
  const cache = new BoundedCache<string, number>(2)
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const)
    cache.set(key, value)
  expect([cache.get('a'), cache.get('b')]).toEqual([3, 2])
})
