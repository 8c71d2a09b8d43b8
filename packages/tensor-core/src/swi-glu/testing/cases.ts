import { randomTensor, type OpCase } from '../../testing/output-and-gradients.js'
import { swiGlu } from '../swi-glu.js'

const run: OpCase['run'] = ({ gate, up }, kernels) => swiGlu(gate, up, { kernels })

/** Calls of `swiGlu`: odd sizes, and gates where the sigmoid saturates. */
export const cases: readonly OpCase[] = [
  ...[[1], [7], [64], [65], [3, 65], [2, 3, 4, 5], [3, 1030], [4, 1030]].map((shape, i) => ({
    name: `[${shape.join(', ')}]`,
    inputs: { gate: randomTensor(shape, 30 + i, 3), up: randomTensor(shape, 40 + i) },
    run,
  })),
  {
    name: 'saturated gates',
    inputs: { gate: { shape: [8], data: [0, 17, -17, 40, -40, 88, -88, -1000] }, up: randomTensor([8], 49) },
    run,
  },
]
