import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { LinearCrossEntropyInputs, LinearCrossEntropyKernel } from '../../contract.js'

/** The reference: plain loops, in double precision, one row of logits at a time. */
export const kernel: LinearCrossEntropyKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  loss(inputs) {
    let total = 0
    eachRow(inputs, ({ loss }) => (total += loss))
    return tf.scalar(total)
  },

  lossAndGradients(inputs) {
    const { x, weight } = inputs
    const [X, W] = [x.dataSync(), weight.dataSync()]
    const dX = new Float64Array(x.size)
    const dW = new Float64Array(weight.size)
    const [, inputSize] = x.shape
    let total = 0
    eachRow(inputs, ({ row, loss, logitGradients }) => {
      total += loss
      for (let o = 0; o < logitGradients.length; o++) {
        for (let i = 0; i < inputSize; i++) {
          dX[row * inputSize + i] += logitGradients[o] * W[o * inputSize + i]
          dW[o * inputSize + i] += logitGradients[o] * X[row * inputSize + i]
        }
      }
    })
    const gradients = {
      x: tf.tensor2d(Float32Array.from(dX), x.shape),
      weight: tf.tensor2d(Float32Array.from(dW), weight.shape),
      scale: 1,
    }
    return { loss: tf.scalar(total), gradients }
  },
}

/** Goes over the rows that are scored: what each adds to the loss, and the gradients of its logits. */
function eachRow(
  { x, weight, labels, rowWeights }: LinearCrossEntropyInputs,
  visit: (row: { row: number; loss: number; logitGradients: Float64Array }) => void,
): void {
  const [rows, inputSize] = x.shape
  const [vocabSize] = weight.shape
  const [X, W, Labels, Weights] = [x.dataSync(), weight.dataSync(), labels.dataSync(), rowWeights.dataSync()]
  const logits = new Float64Array(vocabSize)
  for (let row = 0; row < rows; row++) {
    if (Weights[row] === 0) continue
    for (let o = 0; o < vocabSize; o++) {
      let sum = 0
      for (let i = 0; i < inputSize; i++) sum += X[row * inputSize + i] * W[o * inputSize + i]
      logits[o] = sum
    }
    const max = logits.reduce((a, b) => Math.max(a, b))
    const logSum = max + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - max), 0))
    const loss = Weights[row] * (logSum - logits[Labels[row]])
    const logitGradients = logits.map((z, o) => Weights[row] * (Math.exp(z - logSum) - (o === Labels[row] ? 1 : 0)))
    visit({ row, loss, logitGradients })
  }
}
