import { supported } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { SwiGluKernel } from '../../contract.js'

/** TensorFlow.js ops only. */
export const kernel: SwiGluKernel = {
  name: 'composite',
  supports: () => supported,

  forward: ({ gate, up }) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),

  backward({ gate, up }, outputGradient) {
    const weight = tf.sigmoid(gate)
    const activated = tf.mul(gate, weight) // silu(gate)
    const slope = tf.mul(weight, tf.add(1, tf.mul(gate, tf.sigmoid(tf.neg(gate))))) // σ·(1 + gate·σ(−gate))
    return {
      gate: tf.mul(tf.mul(outputGradient, up), slope) as tf.Tensor1D,
      up: tf.mul(outputGradient, activated) as tf.Tensor1D,
    }
  },
}
