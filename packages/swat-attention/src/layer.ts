import { applyRotary, type RotaryTables } from '@swat-js/positional-encodings'
import { expectShape, type KernelPolicy, linear, rmsNorm, SwatError, tf } from '@swat-js/tensor-core'
import { extendRollingCache, type RollingCache } from './cache/rolling-cache.js'
import type { AttentionActivation } from './op/contract.js'
import { swatAttention } from './op/swat-attention.js'

/** Parameters of one attention layer, in the names of the official model (spec 4.5). Projections are `[out, in]`. */
export type SwatAttentionParameters = {
  /** Queries: `[heads · headDim, hidden]`. */
  q_proj: {
    /** The matrix. */
    weight: tf.Tensor2D
  }
  /** Keys: `[kvHeads · headDim, hidden]`. */
  k_proj: {
    /** The matrix. */
    weight: tf.Tensor2D
  }
  /** Values: `[kvHeads · headDim, hidden]`. */
  v_proj: {
    /** The matrix. */
    weight: tf.Tensor2D
  }
  /** Output: `[hidden, heads · headDim]`. */
  o_proj: {
    /** The matrix. */
    weight: tf.Tensor2D
  }
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
  /** One slope a head, paper sign; null = none. */
  slopes: readonly number[] | null
  /** Added to every logit; null = nothing. */
  bias: number | null
  /** Whether queries and keys are normalised before the rotation. */
  qkNorm: boolean
}

/** What surrounds one call of the layer. */
export interface SwatAttentionContext {
  /** Rotation tables for the positions of `x`, with a cache from `cache.position` on; null = no rotary positions. */
  rotary: RotaryTables | null
  /** The past of this layer, when it is streamed. */
  cache?: RollingCache | null
  /** Which kernels run. */
  kernels?: KernelPolicy
}

/** What {@link swatAttentionLayer} returns. */
export interface SwatAttentionResult {
  /** `[batch, length, hidden]` */
  output: tf.Tensor3D
  /** The cache for the tokens that follow; null when none was given. */
  cache: RollingCache | null
}

/** Epsilon of the norm over queries and keys: the default of the official module, not the model's own (spec 1.5). */
const qkNormEpsilon = 1e-5

/**
 * One attention layer (SWAT Eq. 5; spec 1.5): project → norm (optional) → rotate → attend → project.
 *
 * @param x - `[batch, length, hidden]`, normalised by the block
 * @param parameters - weights, `[out, in]`
 * @param settings - heads, window, activation, slopes
 * @param context - rotation tables, cache, kernel choice
 * @returns `output` `[batch, length, hidden]`, and the cache after these tokens, null when `context.cache` is absent.
 * The old cache stays the caller's, the new one becomes the caller's: inside `tf.tidy`, return it to keep it
 * @throws SwatError `shape` when tensors do not fit the settings, `attention` when settings make no sense
 */
export function swatAttentionLayer(
  x: tf.Tensor3D,
  parameters: SwatAttentionParameters,
  settings: SwatAttentionSettings,
  context: SwatAttentionContext,
): SwatAttentionResult {
  const { heads, kvHeads, headDim, window, activation, slopes, bias } = settings
  expectShape('swatAttentionLayer', 'x', x, ['batch', 'length', 'hidden'])
  const [batch, length, hidden] = x.shape
  expectProjections(parameters, settings, hidden)
  const { rotary, kernels } = context

  const { output, cache } = tf.tidy(() => {
    const project = (weight: tf.Tensor2D, heads: number) =>
      tf.reshape(linear(x, weight, { kernels }), [batch, length, heads, headDim]) as tf.Tensor4D
    const norm = (x: tf.Tensor4D, weight: tf.Tensor1D | undefined) =>
      weight ? rmsNorm(x, weight, { epsilon: qkNormEpsilon, kernels }) : x
    const rotate = (x: tf.Tensor4D) => (rotary ? applyRotary(x, rotary, { kernels }) : x)

    const queries = rotate(norm(project(parameters.q_proj.weight, heads), parameters.q_norm?.weight))
    const keys = rotate(norm(project(parameters.k_proj.weight, kvHeads), parameters.k_norm?.weight))
    const values = project(parameters.v_proj.weight, kvHeads)

    const past = context.cache
    const seen = past ? extendRollingCache(past, keys, values, window) : { keys, values, keyOffset: 0, cache: null }
    const attended = swatAttention(queries, seen.keys, seen.values, {
      window,
      activation,
      slopes,
      bias,
      queryOffset: past?.position ?? 0,
      keyOffset: seen.keyOffset,
      kernels,
    }) // [batch, length, heads, headDim]

    const joined = tf.reshape(attended, [batch, length, heads * headDim])
    const output = linear(joined, parameters.o_proj.weight, { kernels }) as tf.Tensor3D
    return { output, cache: seen.cache ?? undefined }
  })
  return { output, cache: cache ?? null }
}

function expectProjections(parameters: SwatAttentionParameters, settings: SwatAttentionSettings, hidden: number): void {
  const { heads, kvHeads, headDim, qkNorm } = settings
  const shapes = {
    q_proj: [heads * headDim, hidden],
    k_proj: [kvHeads * headDim, hidden],
    v_proj: [kvHeads * headDim, hidden],
    o_proj: [hidden, heads * headDim],
  } as const
  for (const [name, shape] of Object.entries(shapes)) {
    expectShape('swatAttentionLayer', `${name}.weight`, parameters[name as keyof typeof shapes].weight, shape)
  }
  for (const name of ['q_norm', 'k_norm'] as const) {
    const norm = parameters[name]
    if ((norm !== undefined) !== qkNorm) {
      throw new SwatError(
        'shape',
        `swatAttentionLayer: qkNorm is ${qkNorm}, but ${name}.weight is ${norm ? 'given' : 'missing'}. ` +
          `${qkNorm ? `Give a vector [${headDim}] or set qkNorm to false` : 'Leave it out or set qkNorm to true'}.`,
      )
    }
    if (norm) expectShape('swatAttentionLayer', `${name}.weight`, norm.weight, [headDim])
  }
}
