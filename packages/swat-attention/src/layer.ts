import { applyRotary, type RotaryTables } from '@swat-js/positional-encodings'
import { expectShape, type KernelPolicy, linear, rmsNorm, SwatError, tf } from '@swat-js/tensor-core'
import type { RollingCache } from './cache/rolling-cache.js'
import { cachedAttention } from './cached-attention/cached-attention.js'
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
  /**
   * Rotation tables for the positions of `x`, with a cache from `cache.positions` on: one row a token, the same for all
   * sequences, or batch · length rows, sequence after sequence. Null = no rotary positions.
   */
  rotary: RotaryTables | null
  /** The past of this layer, when it is streamed; consumed. */
  cache?: RollingCache | null
  /** With a cache: how many tokens of each sequence are its own, the rest is padding. Default all. */
  lengths?: readonly number[]
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

/** Epsilon of the norm over queries and keys: the default of the official module, not the model's own (spec 1.5). */
const qkNormEpsilon = 1e-5

/**
 * One attention layer (SWAT Eq. 5; spec 1.5): project → norm (optional) → rotate → attend → project.
 *
 * @param x - `[batch, length, hidden]`, normalised by the block
 * @param parameters - weights, `[out, in]`
 * @param settings - heads, window, activation, slopes
 * @param context - rotation tables, cache, kernel choice
 * @returns `output` `[batch, length, hidden]`, and the cache after these tokens, null when `context.cache` is absent
 * @throws SwatError `shape` when tensors do not fit the settings, `attention` when settings make no sense or the cache
 * has another window, `cache` when it was consumed before
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

  let cache = context.cache ?? null
  expectSameWindow(cache, window)
  const output = tf.tidy(() => {
    const project = (weight: tf.Tensor2D, heads: number) =>
      tf.reshape(linear(x, weight, { kernels }), [batch, length, heads, headDim]) as tf.Tensor4D
    const norm = (x: tf.Tensor4D, weight: tf.Tensor1D | undefined) =>
      weight ? rmsNorm(x, weight, { epsilon: qkNormEpsilon, kernels }) : x
    const rotate = (x: tf.Tensor4D) => (rotary ? rotated(x, rotary, kernels) : x)

    const queries = rotate(norm(project(parameters.q_proj.weight, heads), parameters.q_norm?.weight))
    const keys = rotate(norm(project(parameters.k_proj.weight, kvHeads), parameters.k_norm?.weight))
    const values = project(parameters.v_proj.weight, kvHeads)

    const terms = { activation, slopes, bias, kernels }
    let attended: tf.Tensor4D // [batch, length, heads, headDim]
    if (cache) {
      const step = cachedAttention(queries, keys, values, cache, { ...terms, lengths: context.lengths })
      attended = step.output
      cache = step.cache
    } else {
      attended = swatAttention(queries, keys, values, { ...terms, window })
    }

    const joined = tf.reshape(attended, [batch, length, heads * headDim])
    return linear(joined, parameters.o_proj.weight, { kernels }) as tf.Tensor3D
  })
  return { output, cache }
}

/** With tables of their own for each sequence, all tokens are rotated as if they were one. */
function rotated(x: tf.Tensor4D, rotary: RotaryTables, kernels: KernelPolicy | undefined): tf.Tensor4D {
  const [batch, length, heads, headDim] = x.shape
  if (batch === 1 || rotary.length !== batch * length) return applyRotary(x, rotary, { kernels })
  const inOneSequence = tf.reshape(x, [1, batch * length, heads, headDim]) as tf.Tensor4D
  return tf.reshape(applyRotary(inOneSequence, rotary, { kernels }), x.shape)
}

function expectSameWindow(cache: RollingCache | null, window: number | null): void {
  if (!cache || cache.window === window) return
  throw new SwatError(
    'attention',
    `swatAttentionLayer: the cache must have the window of the layer, ${window}, but has ${cache.window}. ` +
      'Make it with createRollingCache({ window, … }).',
  )
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
