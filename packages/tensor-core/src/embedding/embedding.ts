import { hostValues } from '../engines/host-values.js'
import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import type { EmbeddingOptions } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Looks up one row of a table for each id.
 *
 * @param ids - int32 of any shape `[...]`, each in `[0, vocabSize)`
 * @param weight - the table, `[vocabSize, hiddenSize]`
 * @param options - kernel choice
 * @returns `[..., hiddenSize]`; differentiable with respect to `weight`
 * @throws SwatError `shape` when `weight` is not a matrix, `dtype` when the ids are not int32, `token-id` when an id is
 * outside the table. Ids that a GPU computed are not read back for that: there the rows of such ids are NaN
 */
export function embedding(ids: tf.Tensor, weight: tf.Tensor2D, options: EmbeddingOptions = {}): tf.Tensor {
  expectShape('embedding', 'weight', weight, ['vocabSize', 'hiddenSize'])
  const [vocabSize, hiddenSize] = weight.shape
  const checked = idsAreChecked(ids, vocabSize)
  const rows = ids.size
  const request = { ...kernelRequest(options.kernels), rows, vocabSize, hiddenSize }
  const kernel = chooseKernel('embedding', kernels, request, options.kernels)
  return withGradient(
    [weight],
    ([weight]) => {
      const given = tf.reshape(ids, [rows]) as tf.Tensor1D
      const flatIds = checked ? given : clamped(given, vocabSize)
      const found = kernel.forward({ ids: flatIds, weight: weight as tf.Tensor2D })
      const output = checked ? found : markForeign(found, given, flatIds)
      return { output: tf.reshape(output, [...ids.shape, hiddenSize]), saved: [flatIds] }
    },
    (outputGradient, [weight], [flatIds]) => {
      const inputs = { ids: flatIds as tf.Tensor1D, weight: weight as tf.Tensor2D }
      return [kernel.backward(inputs, tf.reshape(outputGradient, [rows, hiddenSize])).weight]
    },
  )
}

/**
 * Kernels trust the ids: WebAssembly would read foreign memory for one outside the table. Ids that only a GPU knows are
 * not read back.
 *
 * @returns whether the ids could be checked
 */
function idsAreChecked(ids: tf.Tensor, vocabSize: number): boolean {
  if (ids.dtype !== 'int32') {
    throw new SwatError(
      'dtype',
      `embedding: ids must be int32, but are ${ids.dtype}. Make them with tf.tensor(…, 'int32').`,
    )
  }
  const values = hostValues(ids)
  if (values === null) return false
  const at = values.findIndex((id) => id < 0 || id >= vocabSize)
  if (at < 0) return true
  throw new SwatError(
    'token-id',
    `embedding: ids must be in 0 … ${vocabSize - 1}, but id number ${at} is ${values[at]}. ` +
      'Use the tokenizer that the model was made for.',
  )
}

/** The nearest ids inside the table. */
function clamped(ids: tf.Tensor1D, vocabSize: number): tf.Tensor1D {
  return tf.maximum(tf.minimum(ids, tf.scalar(vocabSize - 1, 'int32')), tf.scalar(0, 'int32'))
}

/** Rows of NaN where an id had to be clamped. */
function markForeign(output: tf.Tensor2D, ids: tf.Tensor1D, inside: tf.Tensor1D): tf.Tensor2D {
  return tf.where(tf.expandDims(tf.equal(ids, inside), 1), output, tf.fill(output.shape, NaN))
}
