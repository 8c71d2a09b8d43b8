import { supported } from '../../../kernels/kernel.js'
import { matMul } from '../../../matmul/mat-mul.js'
import type { tf } from '../../../tf.js'
import type { LinearKernel } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: LinearKernel = {
  name: 'composite',
  supports: () => supported,

  forward: ({ x, weight }) => matMul(x, weight, { transposeB: true }) as tf.Tensor2D,

  backward: ({ x, weight }, outputGradient) => ({
    x: matMul(outputGradient, weight) as tf.Tensor2D,
    weight: matMul(outputGradient, x, { transposeA: true }) as tf.Tensor2D,
  }),
}
