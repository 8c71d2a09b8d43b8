import { readFileSync } from 'node:fs'
import { tf, useEngine } from '@swat-js/tensor-core'
import { expectClose, expectNoLeak } from '@swat-js/tensor-core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { rotaryFrequencies } from './rotary-frequencies.js'
import { disposeRotaryTables, rotaryTables } from './rotary-tables.js'

const golden: { inv_freqs: { dim: number; base: number; inv_freq: number[] }[] } = JSON.parse(
  readFileSync(new URL('../../../../test/golden/rope.json', import.meta.url), 'utf8'),
)

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe('rotaryFrequencies', () => {
  it.each(golden.inv_freqs)('golden: head size $dim, base $base', ({ dim, base, inv_freq }) => {
    expectClose(rotaryFrequencies(dim, base), inv_freq, { relative: 1e-12 })
  })

  it('has base 10000 by default', () => {
    expect(rotaryFrequencies(64)).toEqual(rotaryFrequencies(64, 10_000))
  })

  it.each([7, 0, -2, 2.5])('refuses head size %d', (headDim) => {
    expect(() => rotaryFrequencies(headDim)).toThrow(
      `rotaryFrequencies: headDim must be a positive even integer, because it is rotated in pairs, but is ${headDim}.`,
    )
  })

  it.each([0, -1, NaN, Infinity])('refuses base %d', (base) => {
    expect(() => rotaryFrequencies(8, base)).toThrow(`base must be a positive number, but is ${base}.`)
  })
})

describe('rotaryTables', () => {
  it('holds cosine and sine of position · frequency', () => {
    const { cos, sin, headDim, length } = rotaryTables({ headDim: 4, positions: [3, 100] })
    expect([headDim, length]).toEqual([4, 2])
    expectClose(cos, [Math.cos(3), Math.cos(0.03), Math.cos(100), Math.cos(1)], { relative: 1e-7 })
    expectClose(sin, [Math.sin(3), Math.sin(0.03), Math.sin(100), Math.sin(1)], { relative: 1e-7 })
  })

  it('takes consecutive positions from a start', () => {
    const listed = rotaryTables({ headDim: 8, positions: Int32Array.of(5, 6, 7) })
    const consecutive = rotaryTables({ headDim: 8, positions: { start: 5, length: 3 } })
    expectClose(consecutive.cos, listed.cos, { relative: 0 })
    expectClose(consecutive.sin, listed.sin, { relative: 0 })
  })

  it('gives every call its own values, whatever was asked before', () => {
    const of = (start: number, base?: number) => rotaryTables({ headDim: 4, base, positions: { start, length: 2 } })
    const first = of(7)
    first.cos.dataSync().fill(0) // on this engine the values themselves
    expectClose(of(7).cos, rotaryTables({ headDim: 4, positions: [7, 8] }).cos, { relative: 0 })
    expectClose(of(8).sin, rotaryTables({ headDim: 4, positions: [8, 9] }).sin, { relative: 0 })
    expectClose(of(8, 100).sin, rotaryTables({ headDim: 4, base: 100, positions: [8, 9] }).sin, { relative: 0 })
  })

  it('tells neighbouring positions apart beyond 2^24 and 2^31', () => {
    for (const start of [2 ** 24, 2 ** 31]) {
      const { cos, sin } = rotaryTables({ headDim: 2, positions: { start, length: 2 } })
      const [[c0], [c1]] = cos.arraySync()
      const [[s0], [s1]] = sin.arraySync()
      expect(c0 * c1 + s0 * s1).toBeCloseTo(Math.cos(1), 6)
      expect(s1 * c0 - c1 * s0).toBeCloseTo(Math.sin(1), 6)
    }
  })

  it('is freed by disposeRotaryTables', async () => {
    await expectNoLeak(() => disposeRotaryTables(rotaryTables({ headDim: 8, positions: [1, 2] })))
  })

  it.each<[string, ArrayLike<number> | { start: number; length: number }, string]>([
    ['no positions', [], 'positions must hold at least one position, but is empty.'],
    ['a negative position', [3, -1], 'a position must be an integer from 0 to 2^53 - 1, but one is -1.'],
    ['a fractional position', [0.5], 'but one is 0.5.'],
    ['a negative start', { start: -4, length: 2 }, 'but one is -4.'],
    ['no length', { start: 0, length: 0 }, 'positions.length must be a positive integer, but is 0.'],
  ])('refuses %s', (_name, positions, message) => {
    expect(() => rotaryTables({ headDim: 8, positions })).toThrow(message)
  })

  it('refuses an odd head size', () => {
    expect(() => rotaryTables({ headDim: 5, positions: [0] })).toThrow(expect.objectContaining({ code: 'rotary' }))
  })

  it('stores float32', () => {
    expect(rotaryTables({ headDim: 4, positions: [1] }).cos).toBeInstanceOf(tf.Tensor)
    expect(rotaryTables({ headDim: 4, positions: [1] }).cos.dtype).toBe('float32')
  })
})
