import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import type { CrossEntropyOptions } from './contract.js'
import { kernels } from './kernels/index.js'

/**
 * Mean negative log likelihood of the labels, in nats, over the rows that are scored (spec 4.1).
 *
 * @param logits - `[rows, vocabSize]`
 * @param labels - int32 `[rows]`, each in `[0, vocabSize)` or `ignoreIndex`
 * @param options - which label is ignored, kernel choice
 * @returns a scalar; differentiable with respect to `logits`
 * @throws SwatError `shape` when the shapes do not fit, `dtype` when the labels are not int32, `label` when a label is
 * outside the vocabulary, `no-labels` when every row is ignored
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, options: CrossEntropyOptions = {}): tf.Scalar {
  expectShape('crossEntropy', 'logits', logits, ['rows', 'vocabSize'])
  const [rows, vocabSize] = logits.shape
  expectShape('crossEntropy', 'labels', labels, [rows])
  const kernel = chooseKernel('crossEntropy', kernels, { backend: tf.getBackend(), rows, vocabSize }, options.kernels)
  const targets = scoredRows(labels, vocabSize, options.ignoreIndex ?? -100)
  return withGradient(
    [logits],
    ([logits]) => {
      const saved = [tf.tensor1d(targets.labels, 'int32'), tf.tensor1d(targets.rowWeights)] as const
      const [labels, rowWeights] = saved
      return { output: kernel.forward({ logits: logits as tf.Tensor2D, labels, rowWeights }), saved: [...saved] }
    },
    (outputGradient, [logits], [labels, rowWeights]) => {
      const inputs = {
        logits: logits as tf.Tensor2D,
        labels: labels as tf.Tensor1D,
        rowWeights: rowWeights as tf.Tensor1D,
      }
      return [kernel.backward(inputs, outputGradient as tf.Scalar).logits]
    },
  ) as tf.Scalar
}

/** Kernels get labels that are always a class and a weight for each row: no second definition of what is ignored. */
function scoredRows(labels: tf.Tensor1D, vocabSize: number, ignoreIndex: number) {
  if (labels.dtype !== 'int32') {
    throw new SwatError(
      'dtype',
      `crossEntropy: labels must be int32, but are ${labels.dtype}. Make them with tf.tensor1d(…, 'int32').`,
    )
  }
  const values = labels.dataSync<'int32'>()
  const at = values.findIndex((label) => label !== ignoreIndex && (label < 0 || label >= vocabSize))
  if (at >= 0) {
    throw new SwatError(
      'label',
      `crossEntropy: labels must be in 0 … ${vocabSize - 1} or ${ignoreIndex} (ignored), but label number ${at} is ` +
        `${values[at]}.`,
    )
  }
  const scored = values.reduce((count, label) => count + (label === ignoreIndex ? 0 : 1), 0)
  if (scored === 0) {
    throw new SwatError(
      'no-labels',
      `crossEntropy: at least one row must be scored, but all ${values.length} labels are ${ignoreIndex} (ignored). ` +
        'Leave this batch out.',
    )
  }
  return {
    labels: Int32Array.from(values, (label) => (label === ignoreIndex ? 0 : label)),
    rowWeights: Float32Array.from(values, (label) => (label === ignoreIndex ? 0 : 1 / scored)),
  }
}
