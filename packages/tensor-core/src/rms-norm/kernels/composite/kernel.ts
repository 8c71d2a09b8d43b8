import { supported } from '../../../kernels/kernel.js'
import { matMul } from '../../../matmul/mat-mul.js'
import { tf } from '../../../tf.js'
import type { RmsNormKernel } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: RmsNormKernel = {
  name: 'composite',
  supports: () => supported,

  forward({ x, addend, weight, epsilon }) {
    const sum: tf.Tensor2D = addend ? tf.add(x, addend) : x
    return { sum, normalised: tf.mul(tf.mul(sum, inverseRms(sum, epsilon)), weight) }
  },

  backward({ sum, weight, epsilon, normalisedGradient, sumGradient }) {
    const scale = inverseRms(sum, epsilon) // [rows, 1]
    const normalised = tf.mul(sum, scale)
    const weighted = tf.mul(normalisedGradient, weight)
    const projection = tf.mean(tf.mul(weighted, normalised), 1, true)
    const ofNorm: tf.Tensor2D = tf.mul(scale, tf.sub(weighted, tf.mul(normalised, projection)))
    return {
      sum: sumGradient ? tf.add(ofNorm, sumGradient) : ofNorm,
      weight: columnSums(tf.mul(normalisedGradient, normalised)),
    }
  },
}

function inverseRms(x: tf.Tensor2D, epsilon: number): tf.Tensor2D {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon)) as tf.Tensor2D
}

/** As a product: TensorFlow.js's wasm backend sums over the first axis thirty times slower. */
function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(matMul(tf.ones([1, x.shape[0]]), x), [-1])
}
