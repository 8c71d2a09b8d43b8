import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom, type RandomState } from './create-random.js'

const firstWords = (seed: number | RandomState, count: number) => {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.next() * 2 ** 32)
}

describe('createRandom', () => {
  // from the C reference implementations of xoshiro128** 1.1 and splitmix64
  it('gives the numbers of the reference implementation', () => {
    expect(firstWords({ generator: 'xoshiro128**', words: [1, 2, 3, 4] }, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  it.each([
    { seed: 0, words: [3737715805, 2584255861, 2876756834, 3286328325] },
    { seed: 42, words: [1776835114, 4165204688, 17111135, 2317295270] },
    { seed: -1, words: [477689756, 2493998634, 555695776, 607808419] },
    { seed: 2 ** 53 - 1, words: [1233166643, 1287031142, 661813442, 2960669951] },
  ])('is seeded by splitmix64: seed $seed', ({ seed, words }) => {
    expect(firstWords(seed, 4)).toEqual(words)
  })

  it('continues from a stored state with the same numbers, whatever was drawn', () => {
    const draw = fc.constantFrom('next', 'normal', 'integer')
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.array(draw, { maxLength: 20 }), (seed, draws) => {
        const random = createRandom(seed)
        for (const name of draws) if (name === 'integer') random.integer(1000)
        for (const name of draws) if (name !== 'integer') random[name as 'next' | 'normal']()
        const copy = createRandom(JSON.parse(JSON.stringify(random.state())) as RandomState)
        for (let i = 0; i < 5; i++) {
          const drawn = [random.next(), random.normal(), random.integer(7)]
          expect([copy.next(), copy.normal(), copy.integer(7)]).toEqual(drawn)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('fills arrays with the numbers that it draws one by one, bit for bit, and goes on from there', () => {
    for (const [seed, deviation] of [
      [1, 0.02],
      [2, 1],
      [3, 1e-3],
    ]) {
      const [one, all] = [createRandom(seed), createRandom(seed)]
      const expected = Float32Array.from({ length: 300_000 }, () => deviation * one.normal())
      const filled = new Float32Array(expected.length)
      all.fillNormal(filled.subarray(0, 1001), deviation)
      all.fillNormal(filled.subarray(1001, 1001), deviation)
      all.fillNormal(filled.subarray(1001), deviation)
      expect(filled.findIndex((value, i) => !Object.is(value, expected[i]))).toBe(-1)
      expect(all.state()).toEqual(one.state())
    }
  })

  it('fills as it draws where logarithm or cosine is close to 0', () => {
    const zero: RandomState = { generator: 'xoshiro128**', words: [1, 0, 0, 0] } // its first words are 0
    const [one, all] = [createRandom(zero), createRandom(zero)]
    const filled = new Float32Array(3)
    all.fillNormal(filled, 1)
    expect([...filled]).toEqual([...Float32Array.from({ length: 3 }, () => one.normal())])
  })

  it('has a state that later draws do not change', () => {
    const random = createRandom(5)
    const state = random.state()
    const before = JSON.stringify(state)
    random.next()
    expect(JSON.stringify(state)).toBe(before)
    expect(JSON.stringify(random.state())).not.toBe(before)
  })

  it('draws uniform and normal numbers with the right moments', () => {
    const random = createRandom(1)
    const count = 200_000
    const uniform = moments(Array.from({ length: count }, () => random.next()))
    expect(Math.abs(uniform.mean - 1 / 2)).toBeLessThan(0.003)
    expect(Math.abs(uniform.variance - 1 / 12)).toBeLessThan(0.001)
    const normal = moments(Array.from({ length: count }, () => random.normal()))
    expect(Math.abs(normal.mean)).toBeLessThan(0.01)
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.015)
    expect(Math.abs(normal.skewness)).toBeLessThan(0.025)
    expect(Math.abs(normal.kurtosis - 3)).toBeLessThan(0.05)
  })

  it('draws whole numbers below the limit equally often', () => {
    const random = createRandom(2)
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
    expect(random.integer(1)).toBe(0)
    expect(random.integer(2 ** 32)).toBeGreaterThanOrEqual(0)
  })

  it('refuses seeds, states and limits that it cannot honour', () => {
    expect(() => createRandom(0.5)).toThrow('seed must be a whole number within ±2^53, but is 0.5')
    expect(() => createRandom(NaN)).toThrow('but is NaN')
    expect(() => createRandom({ generator: 'xoshiro128**', words: [0, 0, 0, 0] })).toThrow('not all zero')
    expect(() => createRandom({ generator: 'xoshiro128**', words: [1, 2, 3, -4] })).toThrow('[1,2,3,-4]')
    expect(() => createRandom(1).integer(0)).toThrow('below must be a whole number from 1 to 2^32, but is 0')
  })
})

function moments(values: number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const central = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length
  const variance = central(2)
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 }
}
