import type { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { rmsNorm } from '../rms-norm.js'

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

/** Calls of `rmsNorm`: odd sizes, all ranks, many and long rows, rows that are small beside epsilon. */
export const cases: readonly OpCase[] = sizes.map(({ x, scale, epsilon }, i) => ({
  name: `[${x.join(', ')}] of size ${scale}, epsilon ${epsilon ?? 'default'}`,
  inputs: { x: randomTensor(x, 90 + i, scale), weight: randomTensor([x[x.length - 1]], 100 + i) },
  run: ({ x, weight }, kernels) => rmsNorm(x, weight as tf.Tensor1D, { epsilon, kernels }),
}))
