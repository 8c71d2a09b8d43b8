import { expect, test } from 'vitest'
import { randomGenerator } from './random-generator.js'
import { randomPermutation } from './random-permutation.js'

const draw = (count: number, limit: number, ...keys: number[]): number[] => {
  const random = randomGenerator(...keys)
  return Array.from({ length: count }, () => random.below(limit))
}

/** xoshiro128** as its authors give it, on BigInt. */
function* reference(state: bigint[]): Generator<number> {
  const mask = 0xffffffffn
  const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (32n - bits))) & mask
  let [a, b, c, d] = state as [bigint, bigint, bigint, bigint]
  for (;;) {
    yield Number((rotate((b * 5n) & mask, 7n) * 9n) & mask)
    const shifted = (b << 9n) & mask
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11n)
  }
}

/** The 32-bit finaliser of murmur3, on BigInt. */
function mix(value: bigint): bigint {
  const mask = 0xffffffffn
  let mixed = (((value & mask) ^ ((value & mask) >> 16n)) * 0x85ebca6bn) & mask
  mixed = ((mixed ^ (mixed >> 13n)) * 0xc2b2ae35n) & mask
  return mixed ^ (mixed >> 16n)
}

test.each([[[0]], [[1]], [[42, 7]], [[2 ** 40 + 3, 0]]])('keys %j give the published algorithm’s sequence', (keys) => {
  const golden = 0x9e3779b9n
  let hash = BigInt(keys.length)
  for (const key of keys.map(BigInt)) hash = mix(mix(hash + golden + (key & 0xffffffffn)) + golden + (key >> 32n))
  const state = [1n, 2n, 3n, 4n].map((step) => mix(hash + step * golden))
  const expected = reference([state[0]!, state[1]!, state[2]!, state[3]! | 1n])
  expect(draw(20, 2 ** 32, ...keys)).toEqual(Array.from({ length: 20 }, () => expected.next().value as number))
})

test('each tuple of keys has a sequence of its own', () => {
  const tuples = [[0], [1], [0, 0], [0, 1], [1, 0], [2 ** 32], [2 ** 33]]
  expect(new Set(tuples.map((keys) => draw(4, 2 ** 32, ...keys).join())).size).toBe(tuples.length)
})

test('numbers are uniform over any limit', () => {
  for (const limit of [2, 3, 10, 97]) {
    const counts = new Array<number>(limit).fill(0)
    for (const value of draw(20_000, limit, 5)) counts[value]!++
    const expected = 20_000 / limit
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(limit - 1 + 5 * Math.sqrt(2 * (limit - 1)))
  }
})

test('a limit that does not divide 2³² stays fair', () => {
  const limit = 3 * 2 ** 30 // a plain remainder would give the lowest third half of all draws
  const low = draw(10_000, limit, 9).filter((value) => value < 2 ** 30).length
  expect(Math.abs(low / 10_000 - 1 / 3)).toBeLessThan(0.025)
})

test('a permutation has every number once, and every order of three is equally likely', () => {
  expect([...randomPermutation(1000, randomGenerator(1))].sort((a, b) => a - b)).toEqual([...Array(1000).keys()])
  const orders = new Map<string, number>()
  for (let seed = 0; seed < 6000; seed++) {
    const order = randomPermutation(3, randomGenerator(seed)).join()
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  expect(orders.size).toBe(6)
  for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
