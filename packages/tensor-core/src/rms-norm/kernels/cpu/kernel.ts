import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { RmsNormKernel } from '../../contract.js'

/** The reference: plain loops, sums in double precision. */
export const kernel: RmsNormKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward({ x, addend, weight, epsilon }) {
    const [rows, size] = x.shape
    const sum = addend ? (tf.add(x, addend) as tf.Tensor2D) : x
    const [X, W] = [sum.dataSync(), weight.dataSync()]
    const Y = new Float32Array(rows * size)
    for (let row = 0; row < rows; row++) {
      const scale = inverseRms(X, row * size, size, epsilon)
      for (let i = 0; i < size; i++) Y[row * size + i] = X[row * size + i] * scale * W[i]
    }
    return { sum, normalised: tf.tensor2d(Y, [rows, size]) }
  },

  backward({ sum, weight, epsilon, normalisedGradient, sumGradient }) {
    const [rows, size] = sum.shape
    const [X, W, dY] = [sum.dataSync(), weight.dataSync(), normalisedGradient.dataSync()]
    const dSum = sumGradient?.dataSync()
    const dX = new Float32Array(rows * size)
    const dW = new Float64Array(size)
    for (let row = 0; row < rows; row++) {
      const start = row * size
      const scale = inverseRms(X, start, size, epsilon)
      let projection = 0 // Σ dy·w·x
      for (let i = 0; i < size; i++) projection += dY[start + i] * W[i] * X[start + i]
      for (let i = 0; i < size; i++) {
        dW[i] += dY[start + i] * X[start + i] * scale
        const ofNorm = scale * (dY[start + i] * W[i] - (X[start + i] * projection * scale * scale) / size)
        dX[start + i] = ofNorm + (dSum ? dSum[start + i] : 0)
      }
    }
    return { sum: tf.tensor2d(dX, [rows, size]), weight: tf.tensor1d(Float32Array.from(dW)) }
  },
}

function inverseRms(values: ArrayLike<number>, start: number, size: number, epsilon: number): number {
  let sum = 0
  for (let i = start; i < start + size; i++) sum += values[i] * values[i]
  return 1 / Math.sqrt(sum / size + epsilon)
}
