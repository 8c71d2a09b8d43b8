import { createRandom } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { initialRecurrentParameter } from './initial-recurrent-parameter.js'
import { recurrentParameterShapes } from './recurrent-parameters.js'
import { recurrentSettings, recurrentSizes, type RecurrentSettingsInput } from './recurrent-settings.js'

const common = { hiddenSize: 2048, heads: 32, headDim: 64, normEpsilon: 1e-6 }

/** Parameters of a layer, summed over its shapes. */
function count(input: RecurrentSettingsInput): number {
  const shapes = [...recurrentParameterShapes(recurrentSettings(input)).values()]
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, axis) => product * axis, 1), 0)
}

describe('recurrentSettings', () => {
  it('has the ratios of the official layers', () => {
    const hidden = 2048
    expect(count({ type: 'retnet', ...common, heads: 8, headDim: 256 })).toBe(8 * hidden ** 2 + 512)
    expect(count({ type: 'gla', ...common, heads: 4, headDim: 512 })).toBe(
      4 * hidden ** 2 + 16 * (2048 + 1024) + 1024 + 512,
    )
    expect(count({ type: 'deltanet', ...common })).toBe(4 * hidden ** 2 + 32 * 2048 + 3 * 4 * 2048 + 64)
    // six heads of 256 in 2048 channels: 6 · hidden², and what is small
    expect(count({ type: 'gated-deltanet', ...common, heads: 6, headDim: 256 })).toBe(
      6 * hidden ** 2 + 2 * 6 * 2048 + 2 * 6 + 4 * (2 * 1536 + 3072) + 512,
    )
    const inner = 4096
    expect(count({ type: 'mamba2', ...common })).toBe(
      hidden * (2 * inner + 2 * 128 + 64) + (inner + 256) * 5 + 3 * 64 + inner + inner * hidden,
    )
    expect(recurrentSizes(recurrentSettings({ type: 'mamba2', ...common }))).toEqual({
      ...{ heads: 64, keyDim: 128, valueDim: 64, convolved: inner + 256 },
    })
  })

  it('refuses what does not come out whole', () => {
    expect(() => recurrentSettings({ type: 'gla', ...common, headDim: 5 })).toThrow(
      'recurrentSettings: size of a key must be an integer of at least 1, but is 2.5.',
    )
    expect(() => recurrentSettings({ type: 'retnet', ...common, headDim: 7 })).toThrow('must be even, but is 7')
    expect(() => recurrentSettings({ type: 'mamba2', ...common, heads: 0 })).toThrow('heads must be an integer')
    expect(() => recurrentSettings({ ...common, type: 'titans' as 'gla' })).toThrow('but is titans')
  })
})

describe('initialRecurrentParameter', () => {
  const draw = (type: 'mamba2' | 'gated-deltanet', name: string, shape = [4000]) =>
    initialRecurrentParameter(type, name, shape, createRandom(1), 0.02)
  const range = (values: Float32Array) => [Math.min(...values), Math.max(...values)]

  it('draws rates of decay evenly from their range', () => {
    for (const [type, lowest] of [
      ['mamba2', 1],
      ['gated-deltanet', 0],
    ] as const) {
      const drawn = draw(type, 'A_log').map(Math.exp)
      const [low, high] = range(drawn)
      expect(low).toBeGreaterThanOrEqual(lowest)
      expect(low).toBeLessThan(lowest + 0.1)
      expect(high).toBeLessThanOrEqual(16.00001)
      expect(drawn.reduce((sum, rate) => sum + rate, 0) / drawn.length).toBeCloseTo((lowest + 16) / 2, 0)
    }
  })

  it('draws time steps by their logarithm', () => {
    const drawn = draw('mamba2', 'dt_bias').map((bias) => Math.log1p(Math.exp(bias)))
    const [low, high] = range(drawn)
    expect(low).toBeCloseTo(1e-3, 5)
    expect(high).toBeCloseTo(1e-1, 3)
    const middle = Math.exp(drawn.reduce((sum, step) => sum + Math.log(step), 0) / drawn.length)
    expect(middle).toBeCloseTo(1e-2, 3)
  })

  it('sets norms and D to 1, biases to 0, draws the rest', () => {
    expect(range(draw('mamba2', 'D'))).toEqual([1, 1])
    expect(range(draw('mamba2', 'norm.weight'))).toEqual([1, 1])
    expect(range(draw('mamba2', 'conv1d.bias'))).toEqual([0, 0])
    const filters = draw('mamba2', 'conv1d.weight', [1000, 1, 4])
    expect(Math.sqrt(filters.reduce((sum, x) => sum + x * x, 0) / filters.length)).toBeCloseTo(0.02, 3)
  })
})
