import { SwatError } from '@swat-js/tensor-core'
import { ropeFromHuggingFace, ropeToHuggingFace } from './hugging-face-rope.js'
import { intermediateSize } from './intermediate-size.js'
import { resolveSlopes } from './resolve-slopes.js'
import { resolveConfig, type SwatConfig, type SwatConfigInput } from './swat-config.js'

/** The contents of a Hugging Face `config.json`. */
export type HuggingFaceConfig = Record<string, unknown>

/**
 * Writes a configuration under the keys of the official `SWATConfig` (spec 4.5). What the official class does not
 * know – slopes, activation, biases, sinks, norms, head size, rotation switched off – goes under keys that begin with
 * `swat_`. A scaling of the rotation has the names of Hugging Face, whose meaning it keeps.
 *
 * Plain softmax, and a recurrence, get an `attention_normalization` that the official class refuses: what it calls
 * softmax, and takes when the key is absent, is another attention (spec 1.6).
 *
 * @param config - the model
 * @returns plain data for `config.json`; {@link fromHuggingFaceConfig} reads it back exactly
 */
export function toHuggingFaceConfig(config: SwatConfig): HuggingFaceConfig {
  return {
    architectures: ['SWATForCausalLM'],
    model_type: 'swat',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_heads: config.heads,
    num_kv_heads: config.kvHeads,
    intermediate_size: config.intermediateSize,
    hidden_act: 'swish',
    window_size: Array.isArray(config.window) ? null : config.window,
    ...ropeToHuggingFace(config),
    attention_normalization: normalizationOf(config),
    qkv_bias: config.qkvBias,
    qk_norm: config.qkNorm,
    elementwise_affine: true,
    norm_eps: config.normEpsilon,
    initializer_range: config.initStd,
    tie_word_embeddings: config.tied,
    swat_mixer: config.mixer,
    swat_activation: config.activation,
    swat_windows: Array.isArray(config.window) ? config.window : null,
    swat_slopes: config.slopes,
    swat_slope_values: resolveSlopes(config.slopes, config.heads),
    swat_trainable_slopes: config.trainableSlopes,
    swat_sigmoid_bias: config.sigmoidBias,
    swat_position_bias_length: config.positionBias?.length ?? null,
    swat_sinks: config.sinks,
    swat_sink_positions: config.sinkPositions,
    swat_learned_sink: config.learnedSink,
    swat_layer_scale: config.layerScale,
    swat_attn_out_norm: config.attnOutNorm,
    swat_rope: config.rope !== null,
    swat_head_dim: config.headDim,
  }
}

/**
 * Reads a `config.json` of the official class or of {@link toHuggingFaceConfig}. Absent official keys take the official
 * defaults; without `swat_…` keys the model is the paper's: sigmoid, balanced slopes, rotary embedding.
 *
 * @param json - the parsed file; keys that do not change the computation are ignored
 * @returns the complete configuration
 * @throws SwatError `config` when the file describes another model, or a variant that this package does not compute
 */
export function fromHuggingFaceConfig(json: HuggingFaceConfig): SwatConfig {
  if (json.model_type !== 'swat') {
    const type = JSON.stringify(json.model_type) ?? 'missing'
    throw refusal(`model_type must be "swat", but is ${type}. Only SWAT models can be read.`)
  }
  for (const [key, accepted, reason] of onlyAccepted) {
    const value = json[key]
    if (value !== undefined && value !== null && !accepted.includes(value)) {
      throw refusal(`${key} ${JSON.stringify(value)} cannot be read: ${reason}.`)
    }
  }
  const value = <T>(key: string, fallback: T): T => (json[key] ?? fallback) as T
  const hiddenSize = value('hidden_size', 2048)
  const heads = value('num_heads', 32)
  // Where the official class has a table, it has no slopes (spec 1.3).
  const tableLength = value<number | null>('swat_position_bias_length', value('max_bias_length', null))
  const headDim = value<number | undefined>('swat_head_dim', undefined)
  // Each value is checked by resolveConfig, whatever the file holds.
  const input: SwatConfigInput = {
    vocabSize: value('vocab_size', 32000),
    hiddenSize,
    layers: value('num_hidden_layers', 24),
    heads,
    kvHeads: value('num_kv_heads', heads),
    headDim,
    intermediateSize: value('intermediate_size', intermediateSize(hiddenSize, value('hidden_ratio', 4))),
    mixer: value('swat_mixer', 'attention'),
    window: value('swat_windows', value('window_size', null)),
    activation: activationOf(json),
    slopes: value('swat_slopes', tableLength === null ? 'swat-+' : 'none'),
    trainableSlopes: value('swat_trainable_slopes', false),
    rope: ropeFromHuggingFace(json, headDim ?? hiddenSize / heads),
    sigmoidBias: value('swat_sigmoid_bias', 0),
    positionBias: tableLength === null ? null : { type: 'learned', length: tableLength },
    sinks: value('swat_sinks', 0),
    sinkPositions: value('swat_sink_positions', 'absolute'),
    learnedSink: value('swat_learned_sink', false),
    layerScale: value('swat_layer_scale', null),
    attnOutNorm: value('swat_attn_out_norm', false),
    qkvBias: value('qkv_bias', false),
    qkNorm: value('qk_norm', false),
    normEpsilon: value('norm_eps', 1e-6),
    tied: value('tie_word_embeddings', false),
    initStd: value('initializer_range', 0.02),
  }
  try {
    return resolveConfig(input)
  } catch (error) {
    if (!(error instanceof SwatError)) throw error
    throw refusal(`the file does not describe a valid model. ${error.message}`)
  }
}

/** What the official class computes, or a word that it refuses. */
function normalizationOf({ mixer, activation }: SwatConfig): string {
  if (mixer !== 'attention') return mixer
  return activation === 'sigmoid' ? 'sigmoid' : 'plain-softmax'
}

/** Keys with which the official class computes something that this package does not. */
const onlyAccepted: readonly [key: string, accepted: readonly unknown[], reason: string][] = [
  ['attention_bias', [false], 'the projection of the output has no bias here'],
  ['hidden_act', ['swish', 'silu'], 'the feed-forward layer is SwiGLU here'],
  ['elementwise_affine', [true], 'RMS norms have weights here'],
]

/** The official `softmax` is "elastic": it subtracts an offset from each weight. That of this package does not. */
function activationOf(json: HuggingFaceConfig): 'sigmoid' | 'softmax' {
  const own = json.swat_activation
  if (own !== undefined) return own as 'sigmoid' | 'softmax'
  const official = json.attention_normalization ?? 'sigmoid'
  if (official === 'sigmoid') return 'sigmoid'
  throw refusal(
    `attention_normalization ${JSON.stringify(official)} of the official class cannot be read, only "sigmoid". ` +
      'For plain softmax attention add "swat_activation": "softmax" to the file.',
  )
}

function refusal(message: string): SwatError {
  return new SwatError('config', `fromHuggingFaceConfig: ${message}`)
}
