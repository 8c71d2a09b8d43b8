import { describe, expect, it } from 'vitest'
import { fromHuggingFaceConfig, toHuggingFaceConfig } from './hugging-face-config.js'
import { presetConfig, presetNames } from './presets.js'
import { resolveConfig } from './swat-config.js'

const sizes = { vocabSize: 9, hiddenSize: 8, layers: 1, heads: 2 }
const throughJson = (config: object) => JSON.parse(JSON.stringify(config)) as Record<string, unknown>

describe('Hugging Face config', () => {
  it.each(presetNames)('round trip of %s is exact', (name) => {
    const config = presetConfig(name)
    expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toEqual(config)
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
    expect(fromHuggingFaceConfig(throughJson(toHuggingFaceConfig(config)))).toEqual(config)
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
    const own = ['swat_activation', 'swat_slopes', 'swat_sigmoid_bias', 'swat_rope', 'swat_head_dim']
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
    ['biases', { qkv_bias: true }, /qkv_bias true cannot be read: projections have no bias/],
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
    ['a wrong value of ours', { swat_slopes: 'steep' }, /slopes: .*'steep'/],
  ])('refuses %s with the reason', (_, wrong, message) => {
    expect(() => fromHuggingFaceConfig({ model_type: 'swat', ...wrong })).toThrow(message)
  })
})
