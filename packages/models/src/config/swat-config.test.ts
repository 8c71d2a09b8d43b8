import fc from 'fast-check'
import { SwatError } from '@swat-js/tensor-core'
import { describe, expect, it } from 'vitest'
import { resolveConfig, type SwatConfigInput } from './swat-config.js'

const sizes = { vocabSize: 256, hiddenSize: 64, layers: 2, heads: 4, window: 32 }

const recurrence = { mixer: 'gla', window: null, slopes: 'none', rope: null }

const yarn = { type: 'yarn', factor: 4, originalLength: 64 } as const
const scaled = (scaling: unknown) => ({ rope: { scaling } })

function messageFor(input: object): string {
  try {
    resolveConfig(input as SwatConfigInput)
  } catch (error) {
    expect(error).toBeInstanceOf(SwatError)
    expect((error as SwatError).code).toBe('config')
    return (error as SwatError).message
  }
  throw new Error('resolveConfig accepted the configuration')
}

describe('resolveConfig', () => {
  it('fills in every default', () => {
    expect(resolveConfig(sizes)).toEqual({
      ...sizes,
      kvHeads: 4,
      headDim: 16,
      intermediateSize: 256,
      mixer: 'attention',
      activation: 'sigmoid',
      slopes: 'swat-+',
      rope: { base: 10000 },
      trainableSlopes: false,
      sigmoidBias: 0,
      positionBias: null,
      sinks: 0,
      sinkPositions: 'absolute',
      learnedSink: false,
      qkvBias: false,
      qkNorm: false,
      layerScale: null,
      attnOutNorm: false,
      normEpsilon: 1e-6,
      tied: true,
      initStd: 0.02,
    })
  })

  it('keeps given values, also a head size that does not divide the hidden size', () => {
    const slopes = [-0.5, -0.25, 0.5, 0.25]
    const given = { heads: 4, kvHeads: 2, headDim: 6, intermediateSize: 24, slopes, rope: null }
    expect(resolveConfig({ ...sizes, ...given })).toMatchObject(given)
    expect(resolveConfig({ ...sizes, rope: { base: 500 } }).rope).toEqual({ base: 500 })
    expect(resolveConfig({ ...sizes, rope: {} }).rope).toStrictEqual({ base: 10000 })
    expect(resolveConfig({ ...sizes, rope: { scaling: undefined } }).rope).toStrictEqual({ base: 10000 })
    expect(resolveConfig({ ...sizes, window: null }).window).toBeNull()
  })

  it('writes the temperature of YaRN out: 1 for sigmoid, that of its paper for softmax', () => {
    const mscaleOf = (activation: 'sigmoid' | 'softmax', mscale?: number) =>
      resolveConfig({ ...sizes, activation, rope: { scaling: { ...yarn, mscale } } }).rope?.scaling
    expect(mscaleOf('sigmoid')).toEqual({ ...yarn, mscale: 1 })
    expect(mscaleOf('softmax')).toEqual({ ...yarn, mscale: 0.1 * Math.log(4) + 1 })
    expect(mscaleOf('softmax', 1)).toEqual({ ...yarn, mscale: 1 })
    expect(mscaleOf('sigmoid', 1.5)).toEqual({ ...yarn, mscale: 1.5 })
  })

  it('shares nothing between configurations', () => {
    const input = { ...sizes, slopes: [1, 2, 3, 4] }
    const [first, second] = [resolveConfig(input), resolveConfig(input)]
    expect(first.rope).not.toBe(second.rope)
    expect(first.slopes).not.toBe(input.slopes)
  })

  it.each<[string, object, RegExp]>([
    ['a missing size', { layers: undefined }, /layers must be a positive integer, but is missing\./],
    ['a missing window', { window: undefined }, /window must be .* but is missing/],
    [
      'window 0',
      { window: 0 },
      /window must be a positive integer, null for unlimited, or a list of these, .*but is 0\./,
    ],
    ['a negative window', { window: -3 }, /window must be .* but is -3\./],
    ['a fractional window', { window: 1.5 }, /window must be .* but is 1\.5\./],
    ['a size in words', { vocabSize: '256' }, /vocabSize must be a positive integer, but is '256'\./],
    ['an unknown key', { hidden: 64 }, /Unknown key 'hidden'; known keys are vocabSize, hiddenSize, layers/],
    ['an unknown key of rope', { rope: { theta: 1 } }, /Unknown key 'theta'; known keys are base, scaling\./],
    ['a rope that is a number', { rope: 10000 }, /rope must be \{ base: number, .* \} or null, but is 10000\./],
    ['a rope base of 0', { rope: { base: 0 } }, /rope\.base must be a positive number, but is 0\./],
    [
      'another scaling',
      scaled({ type: 'long', factor: 2 }),
      /rope\.scaling\.type must be 'linear', .* but is 'long'\./,
    ],
    ['a scaling without type', scaled({ factor: 2 }), /rope\.scaling\.type must be 'linear', .* but is missing\./],
    [
      'a scaling that is a number',
      scaled(2),
      /rope\.scaling must be an object such as \{ type: 'linear', .* but is 2\./,
    ],
    [
      'a factor below 1',
      scaled({ type: 'ntk', factor: 0.5 }),
      /^resolveConfig: rope\.scaling\.factor must be a number of at least 1, but is 0\.5\.$/,
    ],
    ['no original length', scaled({ type: 'yarn', factor: 2 }), /rope\.scaling\.originalLength must .* is missing\./],
    [
      'a temperature of 0',
      scaled({ ...yarn, mscale: 0 }),
      /rope\.scaling\.mscale must be a positive number, but is 0\./,
    ],
    [
      'a temperature without YaRN',
      scaled({ type: 'linear', factor: 2, mscale: 2 }),
      /Unknown key 'mscale'; known keys are type, factor\./,
    ],
    [
      'YaRN for a length in which nothing turns',
      scaled({ ...yarn, originalLength: 1 }),
      /rope\.scaling: .*yarn is not defined for originalLength 1/,
    ],
    [
      'NTK with a single pair',
      { headDim: 2, ...scaled({ type: 'dynamic-ntk', factor: 1, originalLength: 64 }) },
      /rope\.scaling: .*headDim must be at least 4, .* but is 2\./,
    ],
    ['another activation', { activation: 'relu' }, /activation must be 'sigmoid' or 'softmax', but is 'relu'\./],
    ['an odd head size with RoPE', { headDim: 5 }, /headDim must be even for RoPE, but is 5\..*rope to null/],
    ['heads that do not divide', { heads: 6 }, /hiddenSize \(64\) must be a multiple of heads \(6\)\..*give headDim/],
    ['kvHeads that do not divide', { kvHeads: 3 }, /kvHeads must divide heads \(4\), but is 3\. Choose from 1, 2, 4\./],
    ['too few slopes', { slopes: [0.5] }, /slopes must have one number for each of 4 heads, but has 1\./],
    [
      'a slope that is no number',
      { slopes: [1, 2, 3, NaN] },
      /slopes must be the name of a slope preset, .* or one number a head/,
    ],
    ['an unknown slope preset', { slopes: 'steep' }, /slopes: .*'steep'.*'swat-\+'/],
    ['a split of other heads', { slopes: 'alibi-3:2' }, /slopes: .*'alibi-3:2' is for 5 heads, but there are 4/],
    ['balanced slopes with odd heads', { heads: 1, slopes: 'swat-+' }, /slopes: .*heads must be even, but is 1/],
    [
      'a recurrence with a window',
      { ...recurrence, window: 32 },
      /^resolveConfig: window must be null with mixer 'gla', which has no attention, but is 32\.$/,
    ],
    [
      'a recurrence with slopes',
      { ...recurrence, slopes: 'swat-+' },
      /^resolveConfig: slopes must be 'none' with mixer 'gla', which has no attention, but is 'swat-\+'\.$/,
    ],
    [
      'a recurrence with RoPE',
      { ...recurrence, rope: {} },
      /^resolveConfig: rope must be null with mixer 'gla', which has no attention, but is .*base.*\.$/,
    ],
    [
      'a recurrence with shared key heads',
      { ...recurrence, kvHeads: 2 },
      /^resolveConfig: kvHeads must be 4 with mixer 'gla', which has no attention, but is 2\.$/,
    ],
    [
      'a recurrence where only the sizes were given',
      { mixer: 'gla' },
      /window must be null .* slopes must be 'none' .* rope must be null /,
    ],
    [
      'a recurrence with softmax and norms of queries',
      { ...recurrence, activation: 'softmax', qkNorm: true },
      /activation must be 'sigmoid' with mixer 'gla', .* but is 'softmax'\. qkNorm must be false .* but is true\.$/,
    ],
    ['another mixer', { mixer: 'rwkv' }, /mixer must be 'attention', 'retnet', .* but is 'rwkv'\./],
    ['a log bias without window', { window: null, sigmoidBias: 'neg-log-window' }, /needs a window/],
    ['a bias with softmax', { activation: 'softmax', sigmoidBias: -1 }, /sigmoidBias must be 0 with .*'softmax'/],
    ['a learned bias with softmax', { activation: 'softmax', sigmoidBias: 'learned' }, /sigmoidBias must be 0 with/],
    [
      'a log bias where some layers have no window',
      { window: [8, null], sigmoidBias: 'neg-log-window' },
      /sigmoidBias 'neg-log-window' needs a window, but that of some layers is null/,
    ],
    ['an empty pattern of windows', { window: [] }, /window must be .*, but is \[\]/],
    ['a window of a pattern', { window: [4, 0] }, /window\.1 must be a positive integer, .* but is 0\./],
    ['a pattern longer than the model', { window: [1, 2, 3] }, /not be a longer list than there are layers \(2\), but/],
    ['counted slopes for other heads', { slopes: { recency: 3, remote: 2, rule: 'pow2' } }, /for 4 heads, .* make 5/],
    [
      'another rule of slopes',
      { slopes: { recency: 3, remote: 1, rule: 'log' } },
      /slopes must be the name of a slope/,
    ],
    ['trained slopes of none', { slopes: 'none', trainableSlopes: true }, /trainableSlopes needs slopes to start from/],
    ['another table', { positionBias: { type: 'fixed', length: 2 } }, /positionBias.type must be 'learned'/],
    ['an empty table', { positionBias: { type: 'learned', length: 0 } }, /positionBias.length must be a positive/],
    ['a learned sink with sigmoid', { learnedSink: true }, /learnedSink needs activation 'softmax'/],
    ['a negative number of sinks', { sinks: -1 }, /sinks must be an integer of at least 0, but is -1/],
    [
      'sinks without a window',
      { window: null, slopes: 'none', sinks: 4 },
      /sinks must be 0 without a window, but is 4/,
    ],
    ['sinks with slopes', { sinks: 4 }, /sinks \(4\) need slopes 'none', but slopes is 'swat-\+'/],
    ['sinks in no cache', { sinkPositions: 'in-cache' }, /sinkPositions 'in-cache' needs sinks, but sinks is 0/],
    [
      'sinks in the cache without rotation',
      { sinks: 4, sinkPositions: 'in-cache', slopes: 'none', rope: null },
      /sinkPositions 'in-cache' needs RoPE, but rope is null/,
    ],
    [
      'sinks in the cache under a scaling that goes by length',
      {
        ...{ sinks: 4, sinkPositions: 'in-cache', slopes: 'none' },
        rope: { scaling: { type: 'dynamic-ntk', factor: 2, originalLength: 8 } },
      },
      /'in-cache' does not go with dynamic-ntk scaling/,
    ],
    [
      'a table with sinks in the cache',
      { ...{ sinks: 4, sinkPositions: 'in-cache', slopes: 'none' }, positionBias: { type: 'learned', length: 2 } },
      /positionBias must be null with sinkPositions 'in-cache'/,
    ],
    ['a layer scale of nothing', { layerScale: 0 }, /layerScale must be a positive number, but is 0/],
    ['another bias', { sigmoidBias: 'log' }, /must be a finite number, 'neg-log-window' or 'learned', but is 'log'/],
    ['tied as a word', { tied: 'yes' }, /tied must be true or false, but is 'yes'\./],
    ['an infinite epsilon', { normEpsilon: Infinity }, /normEpsilon must be a positive number, but is Infinity\./],
  ])('refuses %s', (_, wrong, message) => {
    expect(messageFor({ ...sizes, ...wrong })).toMatch(message)
  })

  it('names every fault at once', () => {
    expect(messageFor({ ...sizes, layers: 0, tied: 1 })).toMatch(/layers must.*tied must/)
    expect(messageFor({ ...sizes, kvHeads: 3, headDim: 5 })).toMatch(/headDim must.*kvHeads must/)
  })

  it('refuses what is not an object', () => {
    expect(messageFor(null as unknown as object)).toMatch(/must be an object, but is null/)
  })

  it('returns a resolved configuration unchanged', () => {
    const inputs = fc.record({
      vocabSize: fc.integer({ min: 1, max: 500 }),
      layers: fc.integer({ min: 1, max: 4 }),
      kvHeads: fc.constantFrom(1, 2, 4),
      window: fc.option(fc.integer({ min: 1, max: 99 })),
      slopes: fc.constantFrom('swat-', 'swat+', 'swat-+', 'alibi-3:1', 'none', 'code-f1a771f'),
      rope: fc.constantFrom(
        null,
        { base: 100 },
        { base: 100, scaling: { type: 'linear', factor: 2 } },
        { base: 100, scaling: yarn },
        { base: 100, scaling: { type: 'dynamic-ntk', factor: 2, originalLength: 64 } },
      ),
      qkNorm: fc.boolean(),
      tied: fc.boolean(),
    })
    fc.assert(
      fc.property(inputs, (input) => {
        const config = resolveConfig({ ...input, hiddenSize: 64, heads: 4 } as SwatConfigInput)
        expect(config).toMatchObject(input)
        expect(resolveConfig(config)).toEqual(config)
      }),
    )
  })
})
