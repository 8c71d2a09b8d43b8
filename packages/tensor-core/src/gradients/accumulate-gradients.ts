import { SwatError } from '../swat-error.js'
import { flattenParameters, mapParameters, type ParameterTree } from '../parameters/parameter-tree.js'
import { tf } from '../tf.js'
import { backpropagate } from './backpropagate.js'

/** Options of {@link accumulateGradients}. */
export interface AccumulateGradientsOptions {
  /** Factor of the gradients, for mixed precision; default 1. It stays the caller's. */
  lossScale?: tf.Scalar | null
}

/**
 * Loss and gradients of several batches as if they were one: the mean of both, weighted. Each gradient of a batch joins
 * the sum as soon as it is complete, so that beside the sum one tensor's gradient is alive at a time. Nothing is read
 * back: on a GPU all of it is only recorded.
 *
 * @param loss - the mean loss of one batch
 * @param parameters - where to differentiate; they stay the caller's
 * @param batches - at least one
 * @param weightOf - what a batch counts, for a mean over tokens the number of tokens that are scored; above 0
 * @param options - see {@link AccumulateGradientsOptions}
 * @returns the weighted mean loss and its gradients times `lossScale`, all the caller's to dispose
 * @throws SwatError `batches` when there is no batch or a weight is not above 0, `no-gradient` when the loss does not
 * depend on a parameter. Whatever `loss` throws passes through, and nothing leaks.
 */
export function accumulateGradients<Tree extends ParameterTree, Batch>(
  loss: (parameters: Tree, batch: Batch) => tf.Scalar,
  parameters: Tree,
  batches: readonly Batch[],
  weightOf: (batch: Batch) => number,
  options: AccumulateGradientsOptions = {},
): {
  /** The weighted mean loss, not scaled. */
  loss: tf.Scalar
  /** The gradients of that mean times `lossScale`, nested like the parameters. */
  gradients: Tree
} {
  const weights = batches.map(weightOf)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (batches.length === 0 || !weights.every((weight) => weight > 0 && Number.isFinite(weight))) {
    throw new SwatError(
      'batches',
      `accumulateGradients: expected at least one batch and weights above 0, but the weights are [${weights.join(', ')}]. ` +
        'Leave out batches in which nothing is scored.',
    )
  }
  const flat = flattenParameters(parameters)
  const sums: (tf.Tensor | null)[] = [...flat].map(() => null)
  let meanLoss: tf.Scalar | null = null
  let valueGradient: tf.Tensor | null = null
  try {
    for (const [i, batch] of batches.entries()) {
      const share = weights[i] / total
      valueGradient = options.lossScale ? tf.mul(options.lossScale, share) : tf.scalar(share)
      const { value, gradients } = backpropagate(() => loss(parameters, batch), [...flat.values()], {
        valueGradient,
        onGradient: (gradient, index) => (sums[index] = addedTo(sums[index], gradient)),
      })
      valueGradient.dispose()
      meanLoss = addedTo(meanLoss, share === 1 ? value : scaled(value, share)) as tf.Scalar
      expectAll(gradients, [...flat.keys()])
    }
  } catch (error) {
    for (const tensor of [valueGradient, meanLoss, ...sums]) tensor?.dispose()
    throw error
  }
  const byName = new Map([...flat.keys()].map((name, i) => [name, sums[i] as tf.Tensor]))
  return {
    loss: meanLoss as unknown as tf.Scalar,
    gradients: mapParameters(parameters, (_, name) => byName.get(name) as tf.Tensor),
  }
}

function expectAll(gradients: readonly (tf.Tensor | null)[], names: readonly string[]): void {
  const missing = names.filter((_, i) => gradients[i] === null)
  if (missing.length === 0) return
  throw new SwatError(
    'no-gradient',
    `accumulateGradients: the loss does not depend on ${missing.join(', ')}. Leave out parameters that are not used.`,
  )
}

/** Consumes both. */
function addedTo(sum: tf.Tensor | null, term: tf.Tensor): tf.Tensor {
  if (!sum) return term
  const added = tf.add(sum, term)
  sum.dispose()
  term.dispose()
  return added
}

/** Consumes the tensor. */
function scaled(tensor: tf.Tensor, factor: number): tf.Tensor {
  const result = tf.mul(tensor, factor)
  tensor.dispose()
  return result
}
