import { applyRotary, type RotaryTables } from '@swat-js/positional-encodings'
import { type KernelPolicy, linear, rmsNorm, SwatError, tf } from '@swat-js/tensor-core'
import type {
  ProjectionParameters,
  SwatAttentionContext,
  SwatAttentionParameters,
  SwatAttentionSettings,
} from './layer.js'

/** What attention works on: `headDim` channels a head, twice that with sinks in the cache. */
export interface AttentionHeads {
  /** `[batch, length, heads, headDim]` */
  queries: tf.Tensor4D
  /** `[batch, length, kvHeads, headDim]` */
  keys: tf.Tensor4D
  /** `[batch, length, kvHeads, headDim]` */
  values: tf.Tensor4D
}

/** Epsilon of the norm over queries and keys: the default of the official module, not the model's own (spec 1.5). */
const qkNormEpsilon = 1e-5

/**
 * Queries, keys and values of a layer: project → norm (optional) → rotate (spec 1.5).
 *
 * StreamingLLM's sinks are seen from another place than all other keys, by a query that is rotated otherwise (spec
 * section 1.7). Heads of twice the size hold both: a query has both rotations, a key is zero where the other one
 * belongs, so that the inner product takes the right one, whatever kernel computes it.
 *
 * @param x - `[batch, length, hidden]`, normalised by the block
 * @param parameters - weights, `[out, in]`
 * @param settings - heads, norm, sinks
 * @param context - rotation tables, cache, kernel choice
 * @returns see {@link AttentionHeads}
 * @throws SwatError `attention` when sinks in the cache lack their rotation tables
 */
export function attentionHeads(
  x: tf.Tensor3D,
  parameters: SwatAttentionParameters,
  settings: SwatAttentionSettings,
  context: Pick<SwatAttentionContext, 'rotary' | 'sinkRotary' | 'cache' | 'kernels'>,
): AttentionHeads {
  const { heads, kvHeads, headDim, sinks = 0 } = settings
  const { rotary, sinkRotary, cache, kernels } = context
  const [batch, length] = x.shape
  const project = ({ weight, bias }: ProjectionParameters, heads: number) => {
    const projected = linear(x, weight, { kernels })
    const withBias = bias ? tf.add(projected, bias) : projected
    return tf.reshape(withBias, [batch, length, heads, headDim]) as tf.Tensor4D
  }
  const norm = (x: tf.Tensor4D, weight: tf.Tensor1D | undefined) =>
    weight ? rmsNorm(x, weight, { epsilon: qkNormEpsilon, kernels }) : x

  const rotate = (x: tf.Tensor4D) => (rotary ? rotated(x, rotary, kernels) : x)

  const unrotated = norm(project(parameters.q_proj, heads), parameters.q_norm?.weight)
  const queries = rotate(unrotated)
  const keys = rotate(norm(project(parameters.k_proj, kvHeads), parameters.k_norm?.weight))
  const values = project(parameters.v_proj, kvHeads)
  if (!hasSinksInCache(settings)) return { queries, keys, values }

  if (!sinkRotary) {
    throw new SwatError(
      'attention',
      "swatAttentionLayer: sinkPositions 'in-cache' needs context.sinkRotary, but it is missing. " +
        'Make it with rotaryTables for the positions that inCachePosition gives.',
    )
  }
  const isSink = sinkMask(cache?.positions ?? [0], length, sinks) // [batch or 1, length, 1, 1]
  return {
    queries: joined([queries, rotated(unrotated, sinkRotary, kernels)]),
    keys: joined([tf.mul(keys, tf.sub(1, isSink)), tf.mul(keys, isSink)]),
    values: joined([values, tf.zerosLike(values)]),
  }
}

/** Whether queries see the first tokens from another place than all others. */
export function hasSinksInCache({ sinks = 0, window, sinkPositions }: SwatAttentionSettings): boolean {
  return sinks > 0 && window !== null && sinkPositions === 'in-cache'
}

/**
 * Where a query of StreamingLLM stands when it looks at a sink: in the list of the sinks and the keys in its window, it
 * is the last (spec 1.7).
 *
 * @param position - where it stands in the text, from 0 on
 * @param sinks - first tokens that stay visible
 * @param window - number of keys a query sees beside them, itself included
 * @returns its index in that list
 */
export function inCachePosition(position: number, sinks: number, window: number): number {
  return Math.min(position, sinks + window - 1)
}

/** Heads side by side become heads of twice the size. */
function joined(parts: readonly tf.Tensor4D[]): tf.Tensor4D {
  return tf.concat([...parts], 3)
}

/** 1 where a token is a sink. */
function sinkMask(starts: readonly number[], length: number, sinks: number): tf.Tensor4D {
  const values = starts.flatMap((start) => Array.from({ length }, (_, i) => (start + i < sinks ? 1 : 0)))
  return tf.tensor4d(values, [starts.length, length, 1, 1])
}

/** With tables of their own for each sequence, all tokens are rotated as if they were one. */
function rotated(x: tf.Tensor4D, rotary: RotaryTables, kernels: KernelPolicy | undefined): tf.Tensor4D {
  const [batch, length, heads, headDim] = x.shape
  if (batch === 1 || rotary.length !== batch * length) return applyRotary(x, rotary, { kernels })
  const inOneSequence = tf.reshape(x, [1, batch * length, heads, headDim]) as tf.Tensor4D
  return tf.reshape(applyRotary(inOneSequence, rotary, { kernels }), x.shape)
}
