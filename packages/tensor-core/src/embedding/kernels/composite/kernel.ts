import { supported } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { EmbeddingKernel } from '../../contract.js'

/** TensorFlow.js ops only; the ND forms, because WebAssembly's plain `gather` is a hundred times slower. */
export const kernel: EmbeddingKernel = {
  name: 'composite',
  supports: () => supported,

  forward: ({ ids, weight }) => tf.gatherND(weight, asIndices(ids)) as tf.Tensor2D,

  // scatterND adds up the rows of an id that occurs twice
  backward: ({ ids, weight }, outputGradient) => ({
    weight: tf.scatterND(asIndices(ids), outputGradient, weight.shape) as tf.Tensor2D,
  }),
}

function asIndices(ids: tf.Tensor1D): tf.Tensor2D {
  return tf.reshape(ids, [ids.size, 1])
}
