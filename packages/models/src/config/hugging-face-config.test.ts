import { rotaryFrequencies, rotaryScalingAt, type RotaryScaling } from '@swat-js/positional-encodings'
import { expectClose } from '@swat-js/tensor-core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHuggingFaceConfig, toHuggingFaceConfig } from './hugging-face-config.js'
import { presetConfig, presetNames } from './presets.js'
import { resolveConfig } from './swat-config.js'

const sizes = { vocabSize: 9, hiddenSize: 8, layers: 1, heads: 2 }
const throughJson = (config: object) => JSON.parse(JSON.stringify(config)) as Record<string, unknown>

describe('Hugging Face config', () => {
  it.each(presetNames)('round trip of %s is exact', (name) => {
    const config = presetConfig(name)
    expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toStrictEqual(config)
  })

  it.each<[string, Parameters<typeof resolveConfig>[0]]>([
    [
      'everything unlike the default',
      {
        vocabSize: 24,
        hiddenSize: 16,
        layers: 3,
        heads: 4,
        kvHeads: 2,
        headDim: 6,
        intermediateSize: 24,
        window: 5,
        slopes: [-0.5, 0.25, 0, 1],
        rope: { base: 500 },
        sigmoidBias: 'neg-log-window',
        qkNorm: true,
        normEpsilon: 1e-5,
        tied: false,
        initStd: 0.1,
      },
    ],
    [
      'a softmax baseline without window, slopes and rotation',
      { ...sizes, window: null, activation: 'softmax', slopes: 'none', rope: null },
    ],
    ['a numeric bias', { ...sizes, window: 4, sigmoidBias: -1.25 }],
  ])('round trip of %s is exact', (_, input) => {
    const config = resolveConfig(input)
    expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toStrictEqual(config)
  })

  const wide = { ...sizes, window: 4, headDim: 16 }
  const withScaling = (scaling: RotaryScaling, rest: object = {}) =>
    resolveConfig({ ...wide, ...rest, rope: { base: 5000, scaling } })

  describe.each<[name: string, scaling: RotaryScaling, written: object]>([
    ['linear', { type: 'linear', factor: 4 }, { rope_theta: 5000, rope_scaling: { rope_type: 'linear', factor: 4 } }],
    ['ntk', { type: 'ntk', factor: 3 }, { rope_theta: 5000 * 3 ** (16 / 14), rope_scaling: null }],
    [
      'yarn',
      { type: 'yarn', factor: 4, originalLength: 64, mscale: 1.25 },
      {
        rope_theta: 5000,
        max_position_embeddings: 256,
        rope_scaling: {
          rope_type: 'yarn',
          factor: 4,
          original_max_position_embeddings: 64,
          attention_factor: 1.25,
          beta_fast: 32,
          beta_slow: 1,
        },
      },
    ],
    [
      'yarn-by-parts without a temperature',
      { type: 'yarn-by-parts', factor: 2.5, originalLength: 64, mscale: 1 },
      {
        rope_theta: 5000,
        max_position_embeddings: 160,
        rope_scaling: {
          rope_type: 'llama3',
          factor: 2.5,
          original_max_position_embeddings: 64,
          low_freq_factor: 1,
          high_freq_factor: 32,
        },
      },
    ],
    [
      'yarn-by-parts with a temperature',
      { type: 'yarn-by-parts', factor: 2, originalLength: 64, mscale: 1.1 },
      {
        rope_scaling: {
          rope_type: 'yarn-by-parts',
          factor: 2,
          original_max_position_embeddings: 64,
          attention_factor: 1.1,
        },
      },
    ],
    [
      'dynamic-linear',
      { type: 'dynamic-linear', originalLength: 64 },
      { rope_scaling: { rope_type: 'dynamic-linear', original_max_position_embeddings: 64 } },
    ],
    [
      'dynamic-ntk',
      { type: 'dynamic-ntk', factor: 2, originalLength: 64 },
      {
        rope_theta: 5000,
        max_position_embeddings: 64,
        rope_scaling: { rope_type: 'dynamic', factor: 2, original_max_position_embeddings: 64 },
      },
    ],
  ])('rotary scaling %s', (_, scaling, written) => {
    it('has the names of Hugging Face', () => {
      const json = toHuggingFaceConfig(withScaling(scaling))
      expect(json).toMatchObject(written)
      expect(Object.keys(json)).toEqual(Object.keys(throughJson(json)))
    })

    it('comes back exactly', () => {
      for (const activation of ['sigmoid', 'softmax'] as const) {
        const config = withScaling(scaling, { activation })
        expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toStrictEqual(config)
      }
    })
  })

  it.each<RotaryScaling>([
    { type: 'linear', factor: 4 },
    { type: 'ntk', factor: 3 },
    { type: 'yarn', factor: 4, originalLength: 256, mscale: 1.25 },
    { type: 'yarn-by-parts', factor: 2.5, originalLength: 256, mscale: 1 },
    { type: 'dynamic-ntk', factor: 2, originalLength: 256 },
  ])('means the same to who computes as Hugging Face does: $type', (scaling) => {
    const headDim = 64
    const json = throughJson(toHuggingFaceConfig(withScaling(scaling, { headDim })))
    for (const length of [100, 1000]) {
      const ours = rotaryFrequencies(headDim, 5000, rotaryScalingAt(scaling, length))
      const theirs = huggingFaceFrequencies(json, headDim, length)
      const ratios = ours.map((frequency, i) => frequency / theirs[i])
      expectClose(ratios, new Float64Array(headDim / 2).fill(1), { relative: 1e-12 })
    }
  })

  it('reads back any rotary scaling', () => {
    const factor = fc.double({ min: 1, max: 1000, noNaN: true })
    const originalLength = fc.integer({ min: 8, max: 100_000 })
    const mscale = fc.option(fc.double({ min: 0.1, max: 10, noNaN: true }), { nil: undefined })
    const scalings = fc.oneof<fc.Arbitrary<RotaryScaling>[]>(
      fc.record({ type: fc.constantFrom('linear', 'ntk'), factor }),
      fc.record({ type: fc.constantFrom('yarn', 'yarn-by-parts'), factor, originalLength, mscale }),
      fc.record({ type: fc.constant('dynamic-linear'), originalLength }),
      fc.record({ type: fc.constant('dynamic-ntk'), factor, originalLength }),
    )
    fc.assert(
      fc.property(scalings, fc.boolean(), fc.constantFrom(4, 16, 64), (scaling, softmax, headDim) => {
        const activation = softmax ? 'softmax' : 'sigmoid'
        const config = resolveConfig({ ...wide, headDim, activation, rope: { base: 10000, scaling } })
        expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toStrictEqual(config)
      }),
      { seed: 1 },
    )
  })

  it.each<[string, object, object]>([
    ['none', { rope_scaling: null }, { base: 10000 }],
    ['the default type', { rope_scaling: { rope_type: 'default' } }, { base: 10000 }],
    [
      'the old name of the type',
      { rope_scaling: { type: 'linear', factor: 2 } },
      { base: 10000, scaling: { type: 'linear', factor: 2 } },
    ],
    [
      'the new name of the whole',
      { rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 500 } },
      { base: 500, scaling: { type: 'linear', factor: 2 } },
    ],
    ['the new name without a scaling', { rope_parameters: { rope_type: 'default', rope_theta: 500 } }, { base: 500 }],
    [
      'the temperature that it has there, whatever the activation',
      { rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 256, attention_factor: null } },
      { base: 10000, scaling: { type: 'yarn', factor: 4, originalLength: 256, mscale: 0.1 * Math.log(4) + 1 } },
    ],
    [
      'the trained length from the model, as dynamic has it there',
      { max_position_embeddings: 512, rope_scaling: { rope_type: 'dynamic', factor: 2 } },
      { base: 10000, scaling: { type: 'dynamic-ntk', factor: 2, originalLength: 512 } },
    ],
    [
      'the official trained length where there is none',
      { rope_scaling: { rope_type: 'dynamic', factor: 2 } },
      { base: 10000, scaling: { type: 'dynamic-ntk', factor: 2, originalLength: 2048 } },
    ],
    ['no rotation', { swat_rope: false, rope_scaling: { rope_type: 'linear', factor: 2 } }, null as unknown as object],
  ])('reads a rotary scaling as Hugging Face does: %s', (_, keys, rope) => {
    expect(fromHuggingFaceConfig({ model_type: 'swat', ...keys }).rope).toStrictEqual(rope)
  })

  it('writes the official keys', () => {
    expect(toHuggingFaceConfig(presetConfig('swat-340m'))).toMatchObject({
      model_type: 'swat',
      architectures: ['SWATForCausalLM'],
      hidden_size: 1024,
      num_hidden_layers: 24,
      num_heads: 16,
      num_kv_heads: 16,
      intermediate_size: 2816,
      window_size: 256,
      rope_theta: 10000,
      vocab_size: 32000,
      tie_word_embeddings: true,
      norm_eps: 1e-6,
      initializer_range: 0.02,
      hidden_act: 'swish',
      qkv_bias: false,
      qk_norm: false,
    })
  })

  it('names an attention of the official class only where that is what the model computes', () => {
    const written = (activation: 'sigmoid' | 'softmax') =>
      toHuggingFaceConfig(resolveConfig({ ...sizes, window: 4, activation }))
    expect(written('sigmoid')).toMatchObject({ attention_normalization: 'sigmoid', swat_activation: 'sigmoid' })
    // The official class raises an error on a value that it does not know, and computes elastic softmax without one.
    expect(written('softmax')).toMatchObject({ attention_normalization: 'plain-softmax', swat_activation: 'softmax' })
  })

  it('reads the activation from our key, whatever the official one says', () => {
    const read = (keys: object) => fromHuggingFaceConfig({ model_type: 'swat', ...keys }).activation
    expect(read({ swat_activation: 'softmax' })).toBe('softmax')
    expect(read({ swat_activation: 'softmax', attention_normalization: 'softmax' })).toBe('softmax')
    expect(read({ attention_normalization: 'sigmoid' })).toBe('sigmoid')
  })

  it('keeps our own keys under swat_', () => {
    const own = [
      ...['swat_mixer', 'swat_activation', 'swat_windows', 'swat_slopes', 'swat_slope_values', 'swat_trainable_slopes'],
      ...['swat_sigmoid_bias', 'swat_position_bias_length', 'swat_sinks', 'swat_sink_positions', 'swat_learned_sink'],
      ...['swat_layer_scale', 'swat_attn_out_norm', 'swat_rope', 'swat_head_dim'],
    ]
    expect(Object.keys(toHuggingFaceConfig(presetConfig('nano'))).filter((key) => key.startsWith('swat_'))).toEqual(own)
  })

  it('reads the official defaults', () => {
    expect(fromHuggingFaceConfig({ model_type: 'swat' })).toEqual(
      resolveConfig({ vocabSize: 32000, hiddenSize: 2048, layers: 24, heads: 32, window: null, tied: false }),
    )
  })

  it('reads a file of the official class and ignores what does not change the computation', () => {
    const config = fromHuggingFaceConfig({
      model_type: 'swat',
      attention_bias: false,
      bos_token_id: 1,
      fuse_cross_entropy: true,
      hidden_act: 'swish',
      hidden_ratio: 2,
      hidden_size: 1024,
      initializer_range: 0.02,
      intermediate_size: null,
      num_heads: 16,
      num_kv_heads: null,
      num_hidden_layers: 24,
      tie_word_embeddings: true,
      torch_dtype: 'bfloat16',
      vocab_size: 32000,
      window_size: 256,
    })
    expect(config).toEqual(presetConfig('swat-340m', { intermediateSize: 1536 }))
  })

  it.each<[string, object, RegExp]>([
    ['another model', { model_type: 'llama' }, /model_type must be "swat", but is "llama"/],
    ['no model type', { model_type: undefined }, /model_type must be "swat", but is missing/],
    ['biases', { attention_bias: true }, /attention_bias true cannot be read/],
    ['another activation function', { hidden_act: 'gelu' }, /hidden_act "gelu" cannot be read/],
    ['norms without weights', { elementwise_affine: false }, /elementwise_affine false cannot be read/],
    ['elastic softmax', { attention_normalization: 'softmax' }, /"softmax" of the official class .*swat_activation/],
    [
      'plain softmax without our key',
      { attention_normalization: 'plain-softmax' },
      /"plain-softmax" .*swat_activation/,
    ],
    ['sparsemax', { attention_normalization: 'sparsemax' }, /attention_normalization "sparsemax"/],
    ['a wrong value', { num_heads: 'many' }, /the file does not .*heads must be a positive integer, but is 'many'/],
    [
      'another rotary scaling',
      { rope_scaling: { rope_type: 'longrope', factor: 2 } },
      /rope_type "longrope" .*only def/,
    ],
    ['a rotary scaling without type', { rope_scaling: { factor: 2 } }, /rope_type \(missing\) of rope_scaling cannot/],
    [
      'a rotary scaling in words',
      { rope_scaling: 'linear' },
      /rope_scaling must be an object or null, but is "linear"/,
    ],
    [
      'another range of yarn',
      { rope_scaling: { rope_type: 'yarn', factor: 2, beta_fast: 16 } },
      /rope_scaling\.beta_fast 16 cannot be read: only 32\./,
    ],
    [
      'a temperature of other layers',
      { rope_scaling: { rope_type: 'yarn', factor: 2, mscale_all_dim: 1 } },
      /rope_scaling\.mscale_all_dim 1 cannot be read: rope_type yarn has no such key here/,
    ],
    [
      'llama3 without its range',
      { rope_scaling: { rope_type: 'llama3', factor: 2 } },
      /rope_scaling\.low_freq_factor is missing/,
    ],
    [
      'a wrong factor',
      { rope_scaling: { rope_type: 'linear', factor: 0 } },
      /rope\.scaling\.factor must be a number of at least 1, but is 0/,
    ],
    [
      'a base that was changed under its scaling',
      { swat_rope_scaling: { type: 'ntk', base: 10000, factor: 2 }, rope_theta: 10000 },
      /swat_rope_scaling .* contradicts rope_theta 10000\. Remove it/,
    ],
    ['a wrong value of ours', { swat_slopes: 'steep' }, /slopes: .*'steep'/],
  ])('refuses %s with the reason', (_, wrong, message) => {
    expect(() => fromHuggingFaceConfig({ model_type: 'swat', ...wrong })).toThrow(message)
  })
})

/** The formulas of `transformers`' `modeling_rope_utils.py`, from the keys of a `config.json` alone. */
function huggingFaceFrequencies(json: Record<string, unknown>, headDim: number, length: number): number[] {
  const theta = json.rope_theta as number
  const scaling = (json.rope_scaling ?? { rope_type: 'default' }) as Record<string, number> & { rope_type: string }
  const { rope_type, factor, original_max_position_embeddings: original } = scaling
  const withBase = (base: number) => Array.from({ length: headDim / 2 }, (_, i) => 1 / base ** ((2 * i) / headDim))
  const plain = withBase(theta)
  const between = (value: number) => Math.min(1, Math.max(0, value))
  switch (rope_type) {
    case 'default':
      return plain
    case 'linear':
      return plain.map((frequency) => frequency / factor)
    case 'dynamic': {
      const trained = json.max_position_embeddings as number
      const longest = Math.max(length, trained)
      return withBase(theta * ((factor * longest) / trained - (factor - 1)) ** (headDim / (headDim - 2)))
    }
    case 'yarn': {
      const pair = (turns: number) => (headDim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
      const low = Math.max(Math.floor(pair(scaling.beta_fast)), 0)
      const high = Math.min(Math.ceil(pair(scaling.beta_slow)), headDim - 1)
      const keep = plain.map((_, i) => 1 - between((i - low) / (high - low)))
      return plain.map((frequency, i) => (frequency / factor) * (1 - keep[i]) + frequency * keep[i])
    }
    case 'llama3': {
      const { low_freq_factor: low, high_freq_factor: high } = scaling
      return plain.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency
        if (wavelength < original / high) return frequency
        if (wavelength > original / low) return frequency / factor
        const smooth = (original / wavelength - low) / (high - low)
        return ((1 - smooth) * frequency) / factor + smooth * frequency
      })
    }
    default:
      throw new Error(`unknown rope_type ${rope_type}`)
  }
}
