import { expectShape } from '../expect-shape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import type { tf } from '../tf.js'
import type { CrossEntropyOptions } from './contract.js'
import { kernels } from './kernels/index.js'
import { scoredRows } from './scored-rows.js'

/**
 * Mean negative log likelihood of the labels, in nats, over the rows that are scored (spec 4.1).
 *
 * @param logits - `[rows, vocabSize]`
 * @param labels - int32 `[rows]`, each in `[0, vocabSize)` or `ignoreIndex`
 * @param options - which label is ignored, kernel choice
 * @returns a scalar; differentiable with respect to `logits`
 * @throws SwatError `shape` when the shapes do not fit, `dtype` when the labels are not int32, `label` when a label is
 * outside the vocabulary, `no-labels` when every row is ignored. Labels that a GPU computed are not read back for that:
 * there either makes the loss NaN
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, options: CrossEntropyOptions = {}): tf.Scalar {
  expectShape('crossEntropy', 'logits', logits, ['rows', 'vocabSize'])
  const [rows, vocabSize] = logits.shape
  expectShape('crossEntropy', 'labels', labels, [rows])
  const request = { ...kernelRequest(options.kernels), rows, vocabSize }
  const kernel = chooseKernel('crossEntropy', kernels, request, options.kernels)
  const scored = scoredRows(labels, vocabSize, options.ignoreIndex ?? -100)
  return withGradient(
    [logits],
    ([logits]) => {
      const { labels, rowWeights } = scored()
      const output = kernel.forward({ logits: logits as tf.Tensor2D, labels, rowWeights })
      return { output, saved: [labels, rowWeights] }
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
