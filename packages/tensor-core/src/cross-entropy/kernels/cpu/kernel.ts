import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import type { CrossEntropyKernel } from '../../contract.js'

/** The reference: plain loops, sums in double precision. */
export const kernel: CrossEntropyKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  forward({ logits, labels, rowWeights }) {
    const [rows, vocabSize] = logits.shape
    const [Z, Labels, Weights] = [logits.dataSync(), labels.dataSync(), rowWeights.dataSync()]
    let loss = 0
    for (let row = 0; row < rows; row++) {
      if (Weights[row] === 0) continue
      const z = Z.subarray(row * vocabSize, (row + 1) * vocabSize)
      loss += Weights[row] * (logSumExp(z) - z[Labels[row]])
    }
    return tf.scalar(loss)
  },

  backward({ logits, labels, rowWeights }, outputGradient) {
    const [rows, vocabSize] = logits.shape
    const [Z, Labels, Weights] = [logits.dataSync(), labels.dataSync(), rowWeights.dataSync()]
    const [gradient] = outputGradient.dataSync()
    const dZ = new Float32Array(rows * vocabSize)
    for (let row = 0; row < rows; row++) {
      if (Weights[row] === 0) continue
      const z = Z.subarray(row * vocabSize, (row + 1) * vocabSize)
      const logSum = logSumExp(z)
      for (let i = 0; i < vocabSize; i++) {
        const isLabel = i === Labels[row] ? 1 : 0
        dZ[row * vocabSize + i] = gradient * Weights[row] * (Math.exp(z[i] - logSum) - isLabel)
      }
    }
    return { logits: tf.tensor2d(dZ, [rows, vocabSize]) }
  },
}

function logSumExp(z: ArrayLike<number>): number {
  let max = -Infinity
  for (let i = 0; i < z.length; i++) max = Math.max(max, z[i])
  let sum = 0
  for (let i = 0; i < z.length; i++) sum += Math.exp(z[i] - max)
  return max + Math.log(sum)
}
