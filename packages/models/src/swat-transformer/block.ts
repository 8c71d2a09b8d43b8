import type { RotaryTables } from '@swat-js/positional-encodings'
import {
  swatAttentionLayer,
  type RollingCache,
  type SwatAttentionParameters,
  type SwatAttentionSettings,
} from '@swat-js/swat-attention'
import { addRmsNorm, rmsNorm, tf, type KernelPolicy } from '@swat-js/tensor-core'
import { mlp, type MlpParameters } from '../layers/mlp.js'
import type { NormWeight } from '../layers/weights.js'

/** Parameters of one block under their official names. */
export type SwatBlockParameters = {
  /** Norm before attention, `[hidden]`. */
  attn_norm: NormWeight
  /** Projections of the attention layer. */
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
  /** Epsilon of all norms. */
  normEpsilon: number
}

/** What a block gets besides its input. */
export interface SwatBlockContext {
  /** Rotary tables for the positions of this call, as the attention layer takes them; `null` without them. */
  rotary: RotaryTables | null
  /** Rotary tables for looking at sinks in the cache, as the attention layer takes them. */
  sinkRotary?: RotaryTables | null
  /** Keys and values of earlier tokens, consumed; without it the input is the start of a sequence. */
  cache?: RollingCache
  /** With a cache: tokens of each sequence, the rest is padding. */
  lengths?: readonly number[]
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What a block returns. */
export interface SwatBlockResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The cache for the next call; `null` when none came. */
  cache: RollingCache | null
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
  const attention = swatAttentionLayer(before.normalised, parameters.attn, settings.attention, context)
  const branch = scaled(normed(attention.output), attn_layer_scale)
  const attended = addRmsNorm(before.sum, branch, parameters.mlp_norm.weight, norm)
  const fedForward = mlp(attended.normalised, parameters.mlp, context)
  const output: tf.Tensor3D = tf.add(attended.sum, scaled(fedForward, mlp_layer_scale))
  return { output, cache: attention.cache }
}
