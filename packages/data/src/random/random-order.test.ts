import { expect, test } from 'vitest'
import { randomOrder } from './random-order.js'

const list = (size: number, ...keys: number[]): number[] => {
  const at = randomOrder(size, ...keys)
  return Array.from({ length: size }, (_, place) => at(place))
}

test.each([1, 2, 3, 31, 32, 33, 1023, 1024, 1025, 5000, 70_000])('an order of %i has every number once', (size) => {
  expect(list(size, 7).sort((one, other) => one - other)).toEqual([...Array(size).keys()])
})

test('the largest sizes: no number comes twice, all are below the size', () => {
  const size = 2 ** 32
  const at = randomOrder(size, 1)
  const seen = new Set(Array.from({ length: 10_000 }, (_, place) => at(size - 1 - place)))
  expect(seen.size).toBe(10_000)
  for (const value of seen) expect(value >= 0 && value < size).toBe(true)
  expect(Math.abs([...seen].filter((value) => value < size / 2).length - 5000)).toBeLessThan(250)
})

test('every tuple of keys has an order of its own', () => {
  expect(list(100, 1, 2)).toEqual(list(100, 1, 2))
  expect(new Set([[1], [2], [1, 0], [1, 1], [2 ** 40]].map((keys) => list(100, ...keys).join())).size).toBe(5)
})

test('every order of three and of four is equally likely', () => {
  for (const [size, orders] of [
    [3, 6],
    [4, 24],
  ]) {
    const counts = new Map<string, number>()
    const draws = orders * 1000
    for (let seed = 0; seed < draws; seed++) {
      const order = list(size, seed).join()
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(orders)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chiSquare).toBeLessThan(orders - 1 + 5 * Math.sqrt(2 * (orders - 1)))
  }
})

test('neighbours are strangers: every place is equally likely to hold every number, and to follow every number', () => {
  const size = 50
  const [places, steps] = [new Float64Array(size * size), new Float64Array(size)]
  const draws = 20_000
  for (let seed = 0; seed < draws; seed++) {
    const at = randomOrder(size, seed, 3)
    const [first, second] = [at(seed % size), at((seed + 1) % size)]
    places[(seed % size) * size + first]!++
    steps[(second - first + size) % size]!++
  }
  const expected = draws / size / size
  const chiSquare = places.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  expect(Math.abs(chiSquare - size * size)).toBeLessThan(5 * Math.sqrt(2 * size * size))
  const perStep = draws / (size - 1)
  const chiSquareOfSteps = steps.slice(1).reduce((sum, count) => sum + (count - perStep) ** 2 / perStep, 0)
  expect(steps[0]).toBe(0)
  expect(chiSquareOfSteps).toBeLessThan(size + 5 * Math.sqrt(2 * size))
})
