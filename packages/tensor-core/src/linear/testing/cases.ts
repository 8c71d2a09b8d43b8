import type { tf } from '../../tf.js'
import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { linear } from '../linear.js'

const sizes: readonly { x: number[]; outputSize: number }[] = [
  { x: [1, 1], outputSize: 1 },
  { x: [1, 7], outputSize: 65 }, // one row, as when generating
  { x: [65, 7], outputSize: 1 },
  { x: [7], outputSize: 7 },
  { x: [2, 3, 64], outputSize: 65 },
  { x: [65, 64], outputSize: 7 },
  { x: [130, 65], outputSize: 130 },
  { x: [128, 64], outputSize: 128 }, // whole tiles
  { x: [63, 127], outputSize: 129 },
  { x: [257, 9], outputSize: 20 }, // a sum over many rows
  { x: [3, 257], outputSize: 36 },
  { x: [1, 4, 2, 6], outputSize: 10 },
]

/** Calls of `linear`: odd sizes, all ranks, many and few rows. */
export const cases: readonly OpCase[] = sizes.map(({ x, outputSize }, i) => ({
  name: `x [${x.join(', ')}], ${outputSize} outputs`,
  inputs: { x: randomTensor(x, 10 + i), weight: randomTensor([outputSize, x[x.length - 1]], 20 + i) },
  run: ({ x, weight }, kernels) => linear(x, weight as tf.Tensor2D, { kernels }),
}))
