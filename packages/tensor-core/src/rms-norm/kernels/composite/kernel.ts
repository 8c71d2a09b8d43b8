import { supported } from '../../../kernels/kernel.js'
import { matMul } from '../../../matmul/mat-mul.js'
import { tf } from '../../../tf.js'
import type { RmsNormInputs, RmsNormKernel } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: RmsNormKernel = {
  name: 'composite',
  supports: () => supported,

  forward: ({ x, weight, epsilon }) => tf.mul(tf.mul(x, inverseRms({ x, epsilon })), weight),

  backward({ x, weight, epsilon }, outputGradient) {
    const scale = inverseRms({ x, epsilon }) // [rows, 1]
    const normalised = tf.mul(x, scale)
    const weighted = tf.mul(outputGradient, weight)
    const projection = tf.mean(tf.mul(weighted, normalised), 1, true)
    return {
      x: tf.mul(scale, tf.sub(weighted, tf.mul(normalised, projection))) as tf.Tensor2D,
      weight: columnSums(tf.mul(outputGradient, normalised)),
    }
  },
}

function inverseRms({ x, epsilon }: Pick<RmsNormInputs, 'x' | 'epsilon'>): tf.Tensor2D {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon)) as tf.Tensor2D
}

/** As a product: TensorFlow.js's wasm backend sums over the first axis thirty times slower. */
function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(matMul(tf.ones([1, x.shape[0]]), x), [-1])
}
