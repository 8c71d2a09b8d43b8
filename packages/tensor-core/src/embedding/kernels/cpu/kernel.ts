import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { EmbeddingKernel } from '../../contract.js'

/** The reference: plain loops, sums in double precision. */
export const kernel: EmbeddingKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward({ ids, weight }) {
    const hiddenSize = weight.shape[1]
    const [Ids, W] = [ids.dataSync(), weight.dataSync()]
    const Y = new Float32Array(Ids.length * hiddenSize)
    for (let row = 0; row < Ids.length; row++) {
      for (let i = 0; i < hiddenSize; i++) Y[row * hiddenSize + i] = W[Ids[row] * hiddenSize + i]
    }
    return tf.tensor2d(Y, [Ids.length, hiddenSize])
  },

  backward({ ids, weight }, outputGradient) {
    const [vocabSize, hiddenSize] = weight.shape
    const [Ids, dY] = [ids.dataSync(), outputGradient.dataSync()]
    const dW = new Float64Array(vocabSize * hiddenSize)
    for (let row = 0; row < Ids.length; row++) {
      for (let i = 0; i < hiddenSize; i++) dW[Ids[row] * hiddenSize + i] += dY[row * hiddenSize + i]
    }
    return { weight: tf.tensor2d(Float32Array.from(dW), [vocabSize, hiddenSize]) }
  },
}
