import type { RotaryTables } from '@swat-js/positional-encodings'
import { type KernelPolicy, linear, SwatError, tf } from '@swat-js/tensor-core'
import { attentionHeads } from './attention-heads.js'
import type { RollingCache } from './cache/rolling-cache.js'
import { cachedAttention } from './cached-attention/cached-attention.js'
import { expectLayerParameters } from './expect-layer-parameters.js'
import type { AttentionActivation } from './op/contract.js'
import { swatAttention } from './op/swat-attention.js'

/** A projection. */
export type ProjectionParameters = {
  /** `[out, in]` */
  weight: tf.Tensor2D
  /** With `qkvBias` only, and never of the output: `[out]`. */
  bias?: tf.Tensor1D
}

/** Parameters of one attention layer, in the names of the official model (spec 4.5). Projections are `[out, in]`. */
export type SwatAttentionParameters = {
  /** Queries: `[heads · headDim, hidden]`. */
  q_proj: ProjectionParameters
  /** Keys: `[kvHeads · headDim, hidden]`. */
  k_proj: ProjectionParameters
  /** Values: `[kvHeads · headDim, hidden]`. */
  v_proj: ProjectionParameters
  /** Output: `[hidden, heads · headDim]`. */
  o_proj: ProjectionParameters
  /** With `qkNorm` only: `[headDim]`. */
  q_norm?: {
    /** The vector. */
    weight: tf.Tensor1D
  }
  /** With `qkNorm` only: `[headDim]`. */
  k_norm?: {
    /** The vector. */
    weight: tf.Tensor1D
  }
  /** With slopes `'learned'` only: one slope a head in the paper's sign, `[heads]`. */
  slopes?: tf.Tensor1D
  /** With bias `'learned'` only: added to the logits of each head, `[heads]`. */
  sigmoid_bias?: tf.Tensor1D
  /** With `distanceTable` only: added by distance, `[heads, tableLength]` (spec 1.6). */
  learnable_bias_diagonals?: tf.Tensor2D
  /** With `learnedSink` only: logit of one more, valueless key of each head, `[heads]`. */
  sink_logits?: tf.Tensor1D
}

/** The numbers that make an attention layer. */
export interface SwatAttentionSettings {
  /** Number of query heads. */
  heads: number
  /** Number of key and value heads; divides `heads`. */
  kvHeads: number
  /** Size of a head. */
  headDim: number
  /** Number of keys a query sees, itself included; null = every earlier key. */
  window: number | null
  /** What turns logits into weights. */
  activation: AttentionActivation
  /** One slope a head, paper sign; `'learned'` = those among the parameters; null = none. */
  slopes: readonly number[] | 'learned' | null
  /** Added to every logit; `'learned'` = the one among the parameters; null = nothing. */
  bias: number | 'learned' | null
  /** Length of the table among the parameters that is added to the logits by distance; default null = none. */
  distanceTable?: number | null
  /** First tokens that stay visible beside the window; default 0. */
  sinks?: number
  /**
   * Where queries see these: `'absolute'` = where they stood, the default; `'in-cache'` = just before the window, as in
   * StreamingLLM (spec 1.7).
   */
  sinkPositions?: 'absolute' | 'in-cache'
  /** Softmax only: whether there are sink logits among the parameters; default false. */
  learnedSink?: boolean
  /** Whether queries, keys and values have a bias; default false. */
  qkvBias?: boolean
  /** Whether queries and keys are normalised before the rotation. */
  qkNorm: boolean
}

/** What surrounds one call of the layer. */
export interface SwatAttentionContext {
  /**
   * Rotation tables for the positions of `x`, with a cache from `cache.positions` on: one row a token, the same for all
   * sequences, or batch · length rows, sequence after sequence. Null = no rotary positions.
   */
  rotary: RotaryTables | null
  /**
   * With `sinkPositions: 'in-cache'` only: tables as `rotary`, for where each query stands when it looks at a sink, see
   * `inCachePosition`.
   */
  sinkRotary?: RotaryTables | null
  /** The past of this layer, when it is streamed; consumed. Made with {@link layerCacheOptions}. */
  cache?: RollingCache | null
  /** With a cache: how many tokens of each sequence are its own, the rest is padding. Default all. */
  lengths?: readonly number[]
  /** Without a cache: documents in one sequence, int32 `[batch, length]`; a query sees its own only. Default one. */
  segmentIds?: tf.Tensor2D | null
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What {@link swatAttentionLayer} returns. */
export interface SwatAttentionResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The cache for the tokens that follow; null when none was given. It lives until it is disposed of. */
  cache: RollingCache | null
}

/**
 * One attention layer (SWAT Eq. 5; spec 1.5): project → norm (optional) → rotate → attend → project.
 *
 * @param x - `[batch, length, hidden]`, normalised by the block
 * @param parameters - weights, `[out, in]`
 * @param settings - heads, window, activation, slopes
 * @param context - rotation tables, cache, kernel choice
 * @returns `output` `[batch, length, hidden]`, and the cache after these tokens, null when `context.cache` is absent
 * @throws SwatError `shape` when tensors do not fit the settings, `attention` when settings make no sense or the cache
 * has another window or other sinks, `cache` when it was consumed before
 */
export function swatAttentionLayer(
  x: tf.Tensor3D,
  parameters: SwatAttentionParameters,
  settings: SwatAttentionSettings,
  context: SwatAttentionContext,
): SwatAttentionResult {
  const { heads, headDim, window, activation, sinks = 0 } = settings
  expectLayerParameters(x, parameters, settings)
  const [batch, length] = x.shape
  const { kernels } = context

  let cache = context.cache ?? null
  expectSameReach(cache, settings)
  expectUsableSegments(context, settings)
  const output = tf.tidy(() => {
    const { queries, keys, values } = attentionHeads(x, parameters, settings, context)

    const terms = { activation, scale: headDim ** -0.5, ...layerTerms(parameters, settings), kernels }
    let attended: tf.Tensor4D // [batch, length, heads, headDim, or twice that with sinks in the cache]
    if (cache) {
      const step = cachedAttention(queries, keys, values, cache, { ...terms, lengths: context.lengths })
      attended = step.output
      cache = step.cache
    } else {
      attended = swatAttention(queries, keys, values, { ...terms, window, sinks, segmentIds: context.segmentIds })
    }
    if (attended.shape[3] > headDim) attended = tf.slice(attended, [0, 0, 0, 0], [batch, length, heads, headDim])

    const joined = tf.reshape(attended, [batch, length, heads * headDim])
    return linear(joined, parameters.o_proj.weight, { kernels }) as tf.Tensor3D
  })
  return { output, cache }
}

/** The terms of a layer's logits beside the inner product, as `swatAttention` takes them. */
export interface LayerTerms {
  /** One slope a head, paper sign; null = none. */
  slopes: readonly number[] | tf.Tensor1D | null
  /** Added to every logit, one for all heads or one a head; null = nothing. */
  bias: number | tf.Tensor1D | null
  /** `[heads, tableLength]`, added by distance; null = none. */
  distanceTable: tf.Tensor2D | null
  /** `[heads]`, softmax only: logits of one more, valueless key; null = none. */
  sinkLogits: tf.Tensor1D | null
}

/**
 * The terms of a layer's logits beside the inner product.
 *
 * @param parameters - where the learned ones are
 * @param settings - which there are
 * @returns options of `swatAttention` and `cachedAttention`
 */
export function layerTerms(
  parameters: SwatAttentionParameters,
  { slopes, bias, distanceTable, learnedSink }: SwatAttentionSettings,
): LayerTerms {
  return {
    slopes: slopes === 'learned' ? (parameters.slopes ?? null) : slopes,
    bias: bias === 'learned' ? (parameters.sigmoid_bias ?? null) : bias,
    distanceTable: distanceTable ? (parameters.learnable_bias_diagonals ?? null) : null,
    sinkLogits: learnedSink ? (parameters.sink_logits ?? null) : null,
  }
}

function expectUsableSegments({ segmentIds, cache }: SwatAttentionContext, { sinks = 0 }: SwatAttentionSettings): void {
  if (!segmentIds || (!cache && sinks === 0)) return
  throw new SwatError(
    'attention',
    cache
      ? 'swatAttentionLayer: segmentIds cannot be given with a cache, whose keys are those of one document. Leave them out.'
      : `swatAttentionLayer: segmentIds cannot be given with sinks, got ${sinks}: only the first document of a row would ` +
          'have them. Leave out the segments or the sinks.',
  )
}

function expectSameReach(cache: RollingCache | null, { window, sinks = 0 }: SwatAttentionSettings): void {
  if (!cache) return
  if (cache.window !== window) {
    throw new SwatError(
      'attention',
      `swatAttentionLayer: the cache must have the window of the layer, ${window}, but has ${cache.window}. ` +
        'Make it with createRollingCache(layerCacheOptions(settings, batchSize)).',
    )
  }
  const needed = window === null ? 0 : sinks // without a window a cache keeps every key
  if (cache.sinks === needed) return
  throw new SwatError(
    'attention',
    `swatAttentionLayer: the cache must have the sinks of the layer, ${needed}, but has ${cache.sinks}. ` +
      'Make it with createRollingCache(layerCacheOptions(settings, batchSize)).',
  )
}
