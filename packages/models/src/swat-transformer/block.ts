import type { RotaryTables } from '@swat-js/positional-encodings'
import {
  swatAttentionLayer,
  type RollingCache,
  type SwatAttentionParameters,
  type SwatAttentionSettings,
} from '@swat-js/swat-attention'
import { addRmsNorm, tf, type KernelPolicy } from '@swat-js/tensor-core'
import { mlp, type MlpParameters } from '../layers/mlp.js'
import type { NormWeight } from '../layers/weights.js'

/** Parameters of one block under their official names. */
export type SwatBlockParameters = {
  /** Norm before attention, `[hidden]`. */
  attn_norm: NormWeight
  /** Projections of the attention layer. */
  attn: SwatAttentionParameters
  /** Norm before the feed-forward layer, `[hidden]`. */
  mlp_norm: NormWeight
  /** Matrices of the feed-forward layer. */
  mlp: MlpParameters
}

/** What all blocks of a model share. */
export interface SwatBlockSettings {
  /** Heads, window, activation and slopes. */
  attention: SwatAttentionSettings
  /** Epsilon of both norms. */
  normEpsilon: number
}

/** What a block gets besides its input. */
export interface SwatBlockContext {
  /** Rotary tables for the positions of this call, as the attention layer takes them; `null` without them. */
  rotary: RotaryTables | null
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
 * One pre-norm block: `x + attention(norm(x))`, then `+ mlp(norm(·))` (spec 4.1).
 *
 * @param x - `[batch, length, hidden]`
 * @param parameters - weights of the block
 * @param settings - shared by all blocks
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

  // every tensor: [batch, length, hidden]
  const before = addRmsNorm(x, null, parameters.attn_norm.weight, norm)
  const attention = swatAttentionLayer(before.normalised, parameters.attn, settings.attention, context)
  const attended = addRmsNorm(before.sum, attention.output, parameters.mlp_norm.weight, norm)
  const output: tf.Tensor3D = tf.add(attended.sum, mlp(attended.normalised, parameters.mlp, context))
  return { output, cache: attention.cache }
}
