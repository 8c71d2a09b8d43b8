import { supported } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { CrossEntropyKernel } from '../../contract.js'

/** TensorFlow.js ops only. Softmax instead of exp: WebAssembly has a fast kernel for it. */
export const kernel: CrossEntropyKernel = {
  name: 'composite',
  supports: () => supported,

  forward({ logits, labels, rowWeights }) {
    // log Σ e^z = max z − log max softmax(z), whose logarithm is at most log vocabSize
    const logSums = tf.sub(tf.max(logits, 1), tf.log(tf.max(tf.softmax(logits), 1)))
    const chosen = tf.gatherND(logits, labelPositions(labels)) as tf.Tensor1D
    return tf.sum(tf.mul(tf.sub(logSums, chosen), rowWeights))
  },

  backward({ logits, labels, rowWeights }, outputGradient) {
    const scale = tf.mul(rowWeights, outputGradient) as tf.Tensor1D
    const spread = tf.mul(tf.softmax(logits), tf.expandDims(scale, 1))
    return { logits: tf.sub(spread, tf.scatterND(labelPositions(labels), scale, logits.shape)) as tf.Tensor2D }
  },
}

/** Where each row's label lies in the logits: `[rows, 2]`. */
function labelPositions(labels: tf.Tensor1D): tf.Tensor2D {
  return tf.stack([tf.range(0, labels.size, 1, 'int32'), labels], 1) as tf.Tensor2D
}
