import {
  disposeParameters,
  flattenParameters,
  mapParameters,
  type ParameterTree,
} from '../parameters/parameter-tree.js'
import { tf } from '../tf.js'

/**
 * Scales gradients down so that the root of the sum of all their squares is at most `maxNorm`, by the factor
 * `min(1, maxNorm / (norm + 1e-6))` as PyTorch does (spec 5.2).
 *
 * @param gradients - consumed: use what is returned. A norm that is not finite is returned as it is, with the gradients
 * unchanged
 * @param maxNorm - the limit; null measures only
 * @returns the gradients to use and their norm before clipping
 */
export async function clipByGlobalNorm<Tree extends ParameterTree>(
  gradients: Tree,
  maxNorm: number | null,
): Promise<{
  /** The gradients to use. */
  gradients: Tree
  /** Their norm before clipping. */
  norm: number
}> {
  const squares = tf.tidy(() => {
    const sums = [...flattenParameters(gradients).values()].map((gradient) => tf.sum(tf.square(gradient)))
    return tf.stack([tf.scalar(0), ...sums])
  })
  const values = await squares.data<'float32'>()
  squares.dispose()
  const norm = Math.sqrt(values.reduce((total, square) => total + square, 0))
  const factor = maxNorm === null ? 1 : Math.min(1, maxNorm / (norm + 1e-6))
  if (!Number.isFinite(norm) || factor === 1) return { gradients, norm }
  const clipped = mapParameters(gradients, (gradient) => tf.mul(gradient, factor)) as Tree
  disposeParameters(gradients)
  return { gradients: clipped, norm }
}
