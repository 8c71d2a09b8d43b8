import { supportedOn } from '../../../kernels/kernel.js'
import { tf } from '../../../tf.js'
import { type GlobalNormKernel, leastScale, normEpsilon } from '../../contract.js'

/** The reference: plain loops, in double precision. */
export const kernel: GlobalNormKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  measure({ tensors, maxNorm, lossScale }) {
    let sum = 0
    for (const tensor of tensors) {
      for (const value of tensor.dataSync()) sum += value * value
    }
    const norm = Math.fround(Math.sqrt(sum) / lossScale)
    const clip = maxNorm === null ? 1 : Math.min(1, maxNorm / (norm + normEpsilon))
    const scale = Number.isFinite(norm) ? Math.max(leastScale, clip / lossScale) : 0
    return { norm: tf.scalar(norm), scale: tf.scalar(scale) }
  },
}
