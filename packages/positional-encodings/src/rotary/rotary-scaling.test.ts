import { readFileSync } from 'node:fs'
import { createRandom, tf, useEngine } from '@swat-js/tensor-core'
import { expectClose } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { applyRotary } from './apply-rotary.js'
import { ntkBase } from './ntk-base.js'
import { rotaryFrequencies } from './rotary-frequencies.js'
import { rotaryMscale } from './rotary-mscale.js'
import { rotaryScalingAt } from './rotary-scaling-at.js'
import type { RotaryScaling, StaticRotaryScaling } from './rotary-scaling.js'
import { rotaryTables } from './rotary-tables.js'

interface Golden {
  yarn: {
    dim: number
    base: number
    original_max_position: number
    factor: number
    ntk_base: number
    yarn_low: number
    yarn_high: number
    yarn_code_inv_freq: number[]
    yarn_paper_inv_freq: number[]
    attention_factor_mscale: number
    logit_multiplier: number
  }[]
  dynamic_ntk: {
    dim: number
    base: number
    factor: number
    original_max_position: number
    seq_len: number
    new_base: number
  }[]
}
const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/rope-scaling.json', import.meta.url), 'utf8'),
)

/** Every frequency by itself: the slowest are a ten-thousandth of the fastest. */
function expectSameFrequencies(actual: Float64Array, expected: ArrayLike<number>, relative = 1e-12) {
  expect(actual.length).toBe(expected.length)
  const ratios = actual.map((frequency, i) => frequency / expected[i])
  expectClose(ratios, new Float64Array(expected.length).fill(1), { relative })
}

beforeAll(async () => {
  await useEngine({ backend: 'cpu' })
})

describe.each(golden.yarn)('golden: head size $dim, base $base, $factor × $original_max_position', (row) => {
  const { dim, base, factor, original_max_position: originalLength } = row

  it('yarn', () => {
    expectSameFrequencies(
      rotaryFrequencies(dim, base, { type: 'yarn', factor, originalLength }),
      row.yarn_code_inv_freq,
    )
  })

  it('yarn: the pairs between which it mixes', () => {
    const scaled = rotaryFrequencies(dim, base, { type: 'yarn', factor, originalLength })
    const shares = rotaryFrequencies(dim, base).map((frequency, i) => (1 - scaled[i] / frequency) / (1 - 1 / factor))
    expect(shares.findLastIndex((share) => share < 1e-9)).toBe(row.yarn_low)
    expect(shares.findIndex((share) => share > 1 - 1e-9)).toBe(row.yarn_high)
  })

  it('yarn-by-parts', () => {
    const scaling = { type: 'yarn-by-parts', factor, originalLength } as const
    expectSameFrequencies(rotaryFrequencies(dim, base, scaling), row.yarn_paper_inv_freq)
  })

  it('ntk', () => {
    expect(ntkBase(dim, base, factor) / row.ntk_base).toBeCloseTo(1, 12)
    const scaled = rotaryFrequencies(dim, base, { type: 'ntk', factor })
    expectSameFrequencies(scaled, rotaryFrequencies(dim, row.ntk_base))
  })

  it('temperature', () => {
    expect(rotaryMscale(factor)).toBeCloseTo(row.attention_factor_mscale, 11)
    const positions = [0, 1, 1000]
    const of = (mscale?: number) =>
      rotaryTables({ headDim: dim, base, positions, scaling: { type: 'yarn', factor, originalLength, mscale } })
    const [plain, scaled] = [of(), of(rotaryMscale(factor))]
    for (const table of ['cos', 'sin'] as const) {
      expectClose(scaled[table], tf.mul(plain[table], row.attention_factor_mscale), { relative: 2e-7 })
    }
    const logits = [plain, scaled].map((tables) => {
      const x = applyRotary(tf.ones([1, 3, 1, dim]), tables)
      return tf.sum(tf.mul(tf.slice(x, [0, 1, 0, 0], [1, 1, 1, dim]), tf.slice(x, [0, 2, 0, 0], [1, 1, 1, dim])))
    })
    expectClose(logits[1], tf.mul(logits[0], row.logit_multiplier), { relative: 2e-6 })
  })
})

describe.each(golden.dynamic_ntk)(
  'golden: dynamic-ntk, head size $dim, base $base, factor $factor, $seq_len of $original_max_position',
  ({ dim, base, factor, original_max_position: originalLength, seq_len, new_base }) => {
    it('has the frequencies of the new base', () => {
      const scaling = rotaryScalingAt({ type: 'dynamic-ntk', factor, originalLength }, seq_len)
      expectSameFrequencies(rotaryFrequencies(dim, base, scaling), rotaryFrequencies(dim, new_base))
    })
  },
)

describe('linear and dynamic-linear', () => {
  it('turn a position by the angle of the position divided', () => {
    const halved = rotaryTables({ headDim: 8, scaling: { type: 'linear', factor: 2 }, positions: [10, 4000] })
    const near = rotaryTables({ headDim: 8, positions: [5, 2000] })
    expectClose(halved.cos, near.cos, { relative: 1e-6 })
    expectClose(halved.sin, near.sin, { relative: 1e-6 })
  })

  it('dynamic-linear squeezes the whole text into the original length', () => {
    const scaling: RotaryScaling = { type: 'dynamic-linear', originalLength: 100 }
    expect(rotaryScalingAt(scaling, 100)).toBeUndefined()
    expect(rotaryScalingAt(scaling, 250)).toEqual({ type: 'linear', factor: 2.5 })
  })
})

const lengths = fc.integer({ min: 7, max: 100_000 })
const factors = fc.double({ min: 1, max: 64, noNaN: true })
const scalings: fc.Arbitrary<StaticRotaryScaling> = fc.oneof(
  fc.record({ type: fc.constantFrom('linear' as const, 'ntk' as const), factor: factors }),
  fc.record({
    type: fc.constantFrom('yarn' as const, 'yarn-by-parts' as const),
    factor: factors,
    originalLength: lengths,
    mscale: fc.double({ min: 0.5, max: 2, noNaN: true }),
  }),
  fc.record({ factor: factors, originalLength: lengths, length: lengths }).map(
    ({ length, ...scaling }): StaticRotaryScaling =>
      rotaryScalingAt({ type: 'dynamic-ntk', ...scaling }, length) ?? {
        type: 'linear',
        factor: 1,
      },
  ),
  fc
    .record({ originalLength: lengths, length: lengths })
    .map(
      ({ originalLength, length }): StaticRotaryScaling =>
        rotaryScalingAt({ type: 'dynamic-linear', originalLength }, length) ?? { type: 'linear', factor: 1 },
    ),
)

describe('every scaling', () => {
  it('divides frequencies by 1 to its factor, more the slower they are', () => {
    fc.assert(
      fc.property(scalings, fc.integer({ min: 2, max: 64 }), (scaling, pairs) => {
        const before = rotaryFrequencies(2 * pairs)
        const ratios = rotaryFrequencies(2 * pairs, 10_000, scaling).map((frequency, i) => before[i] / frequency)
        const bounded = [1, ...ratios, scaling.factor]
        bounded.slice(1).forEach((ratio, i) => expect(ratio).toBeGreaterThanOrEqual(bounded[i] * (1 - 1e-12)))
      }),
      { seed: 1 },
    )
  })

  it('leaves inner products as they are when all positions are shifted', () => {
    const random = createRandom(1)
    const values = Float32Array.from({ length: 4 * 16 }, () => random.normal())
    fc.assert(
      fc.property(scalings, fc.nat(2 ** 31), (scaling, shift) => {
        tf.tidy(() => {
          const products = (start: number) => {
            const tables = rotaryTables({ headDim: 16, scaling, positions: { start, length: 4 } })
            const rotated = tf.reshape(applyRotary(tf.tensor4d(values, [1, 4, 1, 16]), tables), [4, 16]) as tf.Tensor2D
            return tf.matMul(rotated, rotated, false, true)
          }
          expectClose(products(shift), products(0), { relative: 2e-6 })
        })
      }),
      { seed: 1 },
    )
  })

  it('has a gradient that is the transposed map, temperature included', () => {
    const scaling = { type: 'yarn', factor: 4, originalLength: 64, mscale: 1.5 } as const
    tf.tidy(() => {
      const tables = rotaryTables({ headDim: 8, scaling, positions: { start: 3, length: 5 } })
      const [x, dy] = [1, 2].map((seed) => tf.randomNormal<tf.Rank.R4>([2, 5, 2, 8], 0, 1, 'float32', seed))
      const dx = tf.grad((x) => applyRotary(x as tf.Tensor4D, tables))(x, dy)
      expectClose(tf.sum(tf.mul(dx, x)), tf.sum(tf.mul(dy, applyRotary(x as tf.Tensor4D, tables))), { relative: 1e-5 })
    })
  })

  it('has tables of its own, whatever was asked before', () => {
    const of = (scaling?: StaticRotaryScaling) =>
      rotaryTables({ headDim: 16, scaling, positions: { start: 5, length: 3 } }).cos.arraySync()
    const yarn = { type: 'yarn', factor: 4, originalLength: 64 } as const
    const all = [
      undefined,
      { type: 'linear', factor: 2 },
      { type: 'linear', factor: 3 },
      { type: 'ntk', factor: 2 },
      yarn,
      { ...yarn, type: 'yarn-by-parts' },
      { ...yarn, mscale: 1.1 },
    ] as const
    const tables = all.map((scaling) => JSON.stringify(of(scaling)))
    expect(new Set(tables).size).toBe(all.length)
    expect(all.map((scaling) => JSON.stringify(of(scaling)))).toEqual(tables)
  })
})

describe('a scaling that makes no sense is refused', () => {
  it.each<[what: string, scaling: object, message: string]>([
    ['an unknown type', { type: 'longrope' }, 'scaling.type must be one of linear, ntk, yarn, yarn-by-parts, dynamic'],
    ['a factor below 1', { type: 'linear', factor: 0.5 }, 'scaling.factor must be a number of at least 1, but is 0.5.'],
    ['a factor that is none', { type: 'ntk', factor: NaN }, 'but is NaN.'],
    [
      'no original length',
      { type: 'yarn', factor: 2, originalLength: 0 },
      'must be a positive integer, but is 0. Give',
    ],
    ['a temperature of 0', { type: 'yarn', factor: 2, originalLength: 64, mscale: 0 }, 'scaling.mscale must be'],
    [
      'a dynamic one without a length',
      { type: 'dynamic-linear', originalLength: 64 },
      'the scaling dynamic-linear depends on the length of the text. Pass rotaryScalingAt(scaling, length).',
    ],
    [
      'an original length that no pair turns in once',
      { type: 'yarn', factor: 2, originalLength: 1 },
      'yarn is not defined for originalLength 1 with base 10000',
    ],
  ])('%s', (_, scaling, message) => {
    const call = () => rotaryTables({ headDim: 16, scaling: scaling as StaticRotaryScaling, positions: [0] })
    expect(call).toThrow(message)
    expect(call).toThrow(expect.objectContaining({ code: 'rotary' }))
  })

  it('a single pair with ntk', () => {
    expect(() => rotaryFrequencies(2, 10_000, { type: 'ntk', factor: 2 })).toThrow('headDim must be at least 4')
  })

  it('a length that is none', () => {
    expect(() => rotaryScalingAt(undefined, 0)).toThrow('length must be a positive integer, but is 0.')
    const scaling = { type: 'dynamic-ntk', factor: -1, originalLength: 64 } as const
    expect(() => rotaryScalingAt(scaling, 8)).toThrow('rotaryScalingAt: scaling.factor must be')
  })
})
