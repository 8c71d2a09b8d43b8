import { tf } from '@swat-js/tensor-core'
import type { AttentionActivation } from '../../op/contract.js'

/** How logits become weights, and how a gradient goes back. */
interface Activation {
  /** Weights over the last axis of `[batch · kvHeads, group · queries, columns]`. */
  weights(logits: tf.Tensor): tf.Tensor
  /**
   * The same over the middle axis of `[batch · kvHeads, columns, group · queries]`, with the gradient of the logits
   * from that of the weights. `hide` sets the weights of queries that see nothing to zero.
   */
  backward(
    logits: tf.Tensor,
    dWeights: tf.Tensor,
    hide: (weights: tf.Tensor) => tf.Tensor,
  ): { weights: tf.Tensor; dLogits: tf.Tensor }
}

const swapLastTwo = (x: tf.Tensor) => tf.transpose(x, [0, 2, 1])

/** The activations by name. */
export const activations: Record<AttentionActivation, Activation> = {
  sigmoid: {
    weights: (logits) => tf.sigmoid(logits),
    backward(logits, dWeights) {
      const weights = tf.sigmoid(logits)
      const slope = tf.mul(weights, tf.sigmoid(tf.neg(logits))) // σ(x)σ(−x): 1 − σ(x) is 0 in float32 where σ(−x) is not
      return { weights, dLogits: tf.mul(dWeights, slope) }
    },
  },
  softmax: {
    weights: (logits) => tf.softmax(logits),
    backward(logits, dWeights, hide) {
      const weights = hide(swapLastTwo(tf.softmax(swapLastTwo(logits))))
      const product = tf.mul(weights, dWeights)
      const expected = tf.sum(product, 1, true) // [batch · kvHeads, 1, group · queries]
      return { weights, dLogits: tf.sub(product, tf.mul(weights, expected)) }
    },
  },
}
