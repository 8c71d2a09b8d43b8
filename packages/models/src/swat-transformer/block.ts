import type { RotaryTables } from '@swat-js/positional-encodings'
import {
  swatAttentionLayer,
  type RollingCache,
  type SwatAttentionParameters,
  type SwatAttentionSettings,
} from '@swat-js/swat-attention'
import { addRmsNorm, rmsNorm, SwatError, tf, type KernelPolicy } from '@swat-js/tensor-core'
import { mlp, type MlpParameters } from '../layers/mlp.js'
import type { NormWeight } from '../layers/weights.js'
import { recurrentLayer } from '../recurrent/recurrent-layer.js'
import type { RecurrentParameters } from '../recurrent/recurrent-parameters.js'
import type { RecurrentSettings } from '../recurrent/recurrent-settings.js'
import type { RecurrentState } from '../recurrent/recurrent-state.js'
import { isRecurrentState, type LayerMemory } from './layer-memory.js'

/** Parameters of one block under their official names. */
export type SwatBlockParameters = {
  /** Norm before attention, `[hidden]`. */
  attn_norm: NormWeight
  /** Parameters of the attention layer; where the mixer is a recurrence, those of `RecurrentParameters` instead. */
  attn: SwatAttentionParameters
  /** Where `attnOutNorm` is on: norm after attention, `[hidden]` (spec 1.8). */
  attn_out_norm?: NormWeight
  /** Where `layerScale` is on: factors of what attention adds, `[hidden]`. */
  attn_layer_scale?: NormWeight
  /** Norm before the feed-forward layer, `[hidden]`. */
  mlp_norm: NormWeight
  /** Matrices of the feed-forward layer. */
  mlp: MlpParameters
  /** Where `layerScale` is on: factors of what the feed-forward layer adds, `[hidden]`. */
  mlp_layer_scale?: NormWeight
}

/** The numbers that make a block. */
export interface SwatBlockSettings {
  /** Heads, window, activation and slopes. */
  attention: SwatAttentionSettings
  /** A recurrence in the place of attention; default null. */
  recurrent?: RecurrentSettings | null
  /** Epsilon of all norms. */
  normEpsilon: number
}

/** What a block gets besides its input. */
export interface SwatBlockContext {
  /** Rotary tables for the positions of this call, as the attention layer takes them; `null` without them. */
  rotary: RotaryTables | null
  /** Rotary tables for looking at sinks in the cache, as the attention layer takes them. */
  sinkRotary?: RotaryTables | null
  /** What is known of earlier tokens, consumed; without it the input is the start of a sequence. */
  cache?: LayerMemory
  /** With a cache: tokens of each sequence, the rest is padding. */
  lengths?: readonly number[]
  /** Without a cache, attention only: documents in one sequence, int32 `[batch, length]`. */
  segmentIds?: tf.Tensor2D | null
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a block returns. */
export interface SwatBlockResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The cache for the next call; `null` when none came. */
  cache: LayerMemory | null
}

/**
 * One pre-norm block: `x + attention(norm(x))`, then `+ mlp(norm(·))` (spec 4.1); where there are parameters
 * for it, with a norm after attention and a factor for each channel before both additions (spec 1.8).
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - weights of the block
 * @param settings - see {@link SwatBlockSettings}
 * @param context - rotary tables, cache, kernels
 * @returns see {@link SwatBlockResult}; both are the caller's to dispose, the cache lives until then
 */
export function swatBlock(
  x: tf.Tensor3D,
  parameters: SwatBlockParameters,
  settings: SwatBlockSettings,
  context: SwatBlockContext,
): SwatBlockResult {
  const norm = { epsilon: settings.normEpsilon, kernels: context.kernels }
  const { attn_out_norm, attn_layer_scale, mlp_layer_scale } = parameters
  const normed = (x: tf.Tensor3D) => (attn_out_norm ? rmsNorm(x, attn_out_norm.weight, norm) : x)
  const scaled = (x: tf.Tensor3D, scale?: NormWeight): tf.Tensor3D => (scale ? tf.mul(x, scale.weight) : x)

  // every tensor: [batch, length, hidden]
  const before = addRmsNorm(x, null, parameters.attn_norm.weight, norm)
  const mixed = mix(before.normalised, parameters.attn, settings, context)
  const branch = scaled(normed(mixed.output), attn_layer_scale)
  const attended = addRmsNorm(before.sum, branch, parameters.mlp_norm.weight, norm)
  const fedForward = mlp(attended.normalised, parameters.mlp, context)
  const output: tf.Tensor3D = tf.add(attended.sum, scaled(fedForward, mlp_layer_scale))
  return { output, cache: mixed.cache }
}

/** Attention, or the recurrence in its place. */
function mix(
  x: tf.Tensor3D,
  parameters: SwatAttentionParameters,
  { attention, recurrent }: SwatBlockSettings,
  { cache, ...context }: SwatBlockContext,
): SwatBlockResult {
  const isState = cache !== undefined && isRecurrentState(cache)
  if (cache && isState !== Boolean(recurrent)) {
    throw new SwatError(
      'cache',
      `swatBlock: the cache is that of ${isState ? 'a recurrence' : 'attention'}, but the block has ` +
        `${recurrent ? recurrent.type : 'attention'}. Make it with createModelCache for this model.`,
    )
  }
  if (!recurrent) return swatAttentionLayer(x, parameters, attention, { ...context, cache: cache as RollingCache })
  if (context.segmentIds) {
    throw new SwatError(
      'config',
      `swatBlock: segmentIds need attention, but the block has ${recurrent.type}, whose state goes on from one document ` +
        "to the next. Train it with documents: 'packed'.",
    )
  }
  const { output, state } = recurrentLayer(x, parameters as unknown as RecurrentParameters, recurrent, {
    ...context,
    state: cache as RecurrentState,
  })
  return { output, cache: state }
}
