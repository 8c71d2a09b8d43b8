import { supportedOn, tf } from '@swat-js/tensor-core'
import type { RotaryKernel } from '../../contract.js'

/** The reference: plain loops. */
export const kernel: RotaryKernel = {
  name: 'cpu',
  supports: (request) => supportedOn(request, 'cpu'),

  rotate({ x, cos, sin, style, direction }) {
    const [batch, length, heads, headDim] = x.shape
    const [X, C, S] = [x.dataSync(), cos.dataSync(), sin.dataSync()]
    const Y = new Float32Array(x.size)
    const pairs = headDim / 2
    const [step, gap] = style === 'half' ? [1, pairs] : [2, 1] // pair i = (step · i, step · i + gap)
    for (let b = 0; b < batch; b++) {
      for (let position = 0; position < length; position++) {
        for (let head = 0; head < heads; head++) {
          const start = ((b * length + position) * heads + head) * headDim
          for (let i = 0; i < pairs; i++) {
            const [first, second] = [start + step * i, start + step * i + gap]
            const c = C[position * pairs + i]
            const s = S[position * pairs + i] * direction
            Y[first] = X[first] * c - X[second] * s
            Y[second] = X[first] * s + X[second] * c
          }
        }
      }
    }
    return tf.tensor4d(Y, x.shape)
  },
}
