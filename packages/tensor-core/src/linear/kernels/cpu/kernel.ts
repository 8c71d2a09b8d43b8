import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { LinearKernel } from '../../contract.js'

/** The reference: plain loops, sums in double precision. */
export const kernel: LinearKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward({ x, weight }) {
    const [rows, inputSize] = x.shape
    const [outputSize] = weight.shape
    const [X, W] = [x.dataSync(), weight.dataSync()]
    const Y = new Float32Array(rows * outputSize)
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < outputSize; o++) {
        let sum = 0
        for (let i = 0; i < inputSize; i++) sum += X[row * inputSize + i] * W[o * inputSize + i]
        Y[row * outputSize + o] = sum
      }
    }
    return tf.tensor2d(Y, [rows, outputSize])
  },

  backward({ x, weight }, outputGradient) {
    const [rows, inputSize] = x.shape
    const [outputSize] = weight.shape
    const [X, W, dY] = [x.dataSync(), weight.dataSync(), outputGradient.dataSync()]
    const dX = new Float64Array(rows * inputSize)
    const dW = new Float64Array(outputSize * inputSize)
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < outputSize; o++) {
        const dy = dY[row * outputSize + o]
        for (let i = 0; i < inputSize; i++) {
          dX[row * inputSize + i] += dy * W[o * inputSize + i]
          dW[o * inputSize + i] += dy * X[row * inputSize + i]
        }
      }
    }
    return {
      x: tf.tensor2d(Float32Array.from(dX), [rows, inputSize]),
      weight: tf.tensor2d(Float32Array.from(dW), [outputSize, inputSize]),
    }
  },
}
