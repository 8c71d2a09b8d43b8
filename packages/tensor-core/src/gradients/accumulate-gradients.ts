import {
  disposeParameters,
  flattenParameters,
  mapParameters,
  type ParameterTree,
} from '../parameters/parameter-tree.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import { valueAndGradients } from './value-and-gradients.js'

/**
 * Loss and gradients of several batches as if they were one: the mean of both, weighted. One batch's gradients are
 * alive at a time beside the sum.
 *
 * @param loss - the mean loss of one batch
 * @param parameters - where to differentiate; they stay the caller's
 * @param batches - at least one
 * @param weightOf - what a batch counts, for a mean over tokens the number of tokens that are scored; above 0
 * @returns the weighted mean loss, and gradients that are the caller's to dispose
 * @throws SwatError `batches` when there is no batch or a weight is not above 0. Whatever `loss` throws passes through,
 * and nothing leaks.
 */
export async function accumulateGradients<Tree extends ParameterTree, Batch>(
  loss: (parameters: Tree, batch: Batch) => tf.Scalar,
  parameters: Tree,
  batches: readonly Batch[],
  weightOf: (batch: Batch) => number,
): Promise<{
  /** The weighted mean loss. */
  loss: number
  /** The gradients of that mean, nested like the parameters. */
  gradients: Tree
}> {
  const weights = batches.map(weightOf)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (batches.length === 0 || !weights.every((weight) => weight > 0 && Number.isFinite(weight))) {
    throw new SwatError(
      'batches',
      `accumulateGradients: expected at least one batch and weights above 0, but the weights are [${weights.join(', ')}]. ` +
        'Leave out batches in which nothing is scored.',
    )
  }
  let meanLoss = 0
  let sum: Tree | undefined
  try {
    for (const [i, batch] of batches.entries()) {
      const { value, gradients } = valueAndGradients((tree: Tree) => loss(tree, batch), parameters)
      sum = batches.length === 1 ? gradients : addScaled(sum, gradients, weights[i] / total)
      const [batchLoss] = await readAndDispose(value)
      meanLoss += (batchLoss * weights[i]) / total
    }
  } catch (error) {
    if (sum) disposeParameters(sum)
    throw error
  }
  return { loss: meanLoss, gradients: sum as Tree }
}

/** `sum + factor · gradients`; consumes both trees. */
function addScaled<Tree extends ParameterTree>(sum: Tree | undefined, gradients: Tree, factor: number): Tree {
  const before = sum && flattenParameters(sum)
  const added = mapParameters(gradients, (gradient, name) =>
    tf.tidy(() => {
      const scaled = tf.mul(gradient, factor)
      const previous = before?.get(name)
      return previous ? tf.add(previous, scaled) : scaled
    }),
  ) as Tree
  disposeParameters(gradients)
  if (sum) disposeParameters(sum)
  return added
}

async function readAndDispose(value: tf.Scalar): Promise<Float32Array> {
  try {
    return await value.data<'float32'>()
  } finally {
    value.dispose()
  }
}
