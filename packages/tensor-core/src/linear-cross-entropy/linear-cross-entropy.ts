import { scoredRows } from '../cross-entropy/scored-rows.js'
import { expectShape } from '../expect-shape.js'
import { isRecording } from '../gradients/tape.js'
import { withGradient } from '../gradients/with-gradient.js'
import { chooseKernel } from '../kernels/choose-kernel.js'
import { kernelRequest } from '../kernels/kernel.js'
import { SwatError } from '../swat-error.js'
import { tf } from '../tf.js'
import type { LinearCrossEntropyOptions } from './contract.js'
import { kernels } from './kernels/index.js'

const logitsAtATime = 2 ** 25

/**
 * Cross-entropy of a linear output layer, `crossEntropy(linear(x, weight), labels)`, without ever holding all logits:
 * rows are taken in chunks, and where gradients are wanted each chunk gives its loss and its gradients in one go.
 *
 * @param x - `[rows, inputSize]`
 * @param weight - `[vocabSize, inputSize]`
 * @param labels - int32 `[rows]`, each in `[0, vocabSize)` or `ignoreIndex`
 * @param options - which label is ignored, size of a chunk, kernel choice
 * @returns a scalar, the mean over scored rows in nats; differentiable with respect to `x` and `weight`
 * @throws SwatError `shape` when the shapes do not fit, `chunk` when `chunkRows` is no positive integer, `dtype`,
 * `label` and `no-labels` as `crossEntropy` does
 */
export function linearCrossEntropy(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: LinearCrossEntropyOptions = {},
): tf.Scalar {
  expectShape('linearCrossEntropy', 'x', x, ['rows', 'inputSize'])
  const [rows, inputSize] = x.shape
  expectShape('linearCrossEntropy', 'weight', weight, ['vocabSize', inputSize])
  const [vocabSize] = weight.shape
  expectShape('linearCrossEntropy', 'labels', labels, [rows])
  const chunkRows = chunkSize(rows, vocabSize, options.chunkRows)
  const request = { ...kernelRequest(options.kernels), rows, inputSize, vocabSize }
  const kernel = chooseKernel('linearCrossEntropy', kernels, request, options.kernels)
  const scored = scoredRows(labels, vocabSize, options.ignoreIndex ?? -100)
  const inputs = ([x, weight]: readonly tf.Tensor[]) => ({
    x: x as tf.Tensor2D,
    weight: weight as tf.Tensor2D,
    ...scored(),
    precision: request.precision,
    chunkRows,
  })
  if (!isRecording()) return tf.tidy(() => kernel.loss(inputs([x, weight])))
  let scale = 1
  return withGradient(
    [x, weight],
    (tensors) => {
      const { loss, gradients } = kernel.lossAndGradients(inputs(tensors))
      scale = gradients.scale
      return { output: loss, saved: [gradients.x, gradients.weight] }
    },
    (outputGradient, _inputs, gradients) => {
      const factor = tf.mul(outputGradient, 1 / scale)
      return gradients.map((gradient) => tf.mul(gradient, factor))
    },
    { keepInputs: false },
  ) as tf.Scalar
}

function chunkSize(rows: number, vocabSize: number, wish: number | undefined): number {
  if (wish !== undefined && !(Number.isInteger(wish) && wish > 0)) {
    throw new SwatError('chunk', `linearCrossEntropy: chunkRows must be a positive integer, but is ${wish}.`)
  }
  return Math.min(rows, wish ?? Math.max(64, Math.floor(logitsAtATime / vocabSize)))
}
