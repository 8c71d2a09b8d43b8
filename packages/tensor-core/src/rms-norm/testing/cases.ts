import { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { addRmsNorm, rmsNorm } from '../rms-norm.js'

const sizes: readonly { x: number[]; scale: number; epsilon?: number }[] = [
  { x: [3, 1], scale: 1, epsilon: 0.5 }, // without epsilon the gradient of one number is 0
  { x: [7], scale: 1 },
  { x: [65, 7], scale: 100 },
  { x: [2, 3, 64], scale: 1e-3 }, // epsilon counts
  { x: [7, 65], scale: 1, epsilon: 0.1 },
  { x: [2, 3, 4, 16], scale: 1 }, // heads, as for the norm of queries
  { x: [300, 12], scale: 1 },
  { x: [521, 515], scale: 1 },
  { x: [3, 2052], scale: 1 },
]

const ofNorm = sizes.map(({ x, scale, epsilon }, i): OpCase => ({
  name: `[${x.join(', ')}] of size ${scale}, epsilon ${epsilon ?? 'default'}`,
  inputs: { x: randomTensor(x, 90 + i, scale), weight: randomTensor([x[x.length - 1]], 100 + i) },
  run: ({ x, weight }, kernels) => rmsNorm(x, weight as tf.Tensor1D, { epsilon, kernels }),
}))

const ofSum = sizes.flatMap(({ x, scale, epsilon }, i): OpCase[] => {
  const weight = randomTensor([x[x.length - 1]], 100 + i)
  const stream = { x: randomTensor(x, 110 + i, scale), weight }
  const joined = (sum: tf.Tensor, normalised: tf.Tensor) => tf.stack([tf.div(sum, scale), normalised])
  return [
    {
      name: `[${x.join(', ')}] of size ${scale} and an addend, epsilon ${epsilon ?? 'default'}`,
      inputs: { ...stream, addend: randomTensor(x, 120 + i, scale) },
      run: ({ x, addend, weight }, kernels) => {
        const { sum, normalised } = addRmsNorm(x, addend, weight as tf.Tensor1D, { epsilon, kernels })
        return joined(sum, normalised)
      },
    },
    {
      name: `[${x.join(', ')}] of size ${scale} that goes on beside its norm, epsilon ${epsilon ?? 'default'}`,
      inputs: stream,
      run: ({ x, weight }, kernels) => {
        const { sum, normalised } = addRmsNorm(x, null, weight as tf.Tensor1D, { epsilon, kernels })
        return joined(sum, normalised)
      },
    },
  ]
})

/** Calls of `rmsNorm` and `addRmsNorm`: odd sizes, all ranks, many and long rows, rows small beside epsilon. */
export const cases: readonly OpCase[] = [...ofNorm, ...ofSum]
