import type { GoldenTensor } from '../../testing/expect-close.js'
import { randomTensor } from '../../testing/output-and-gradients.js'

/** One measurement as data. */
export interface GlobalNormCase {
  /** What is special about it. */
  name: string
  /** The tensors. */
  tensors: readonly GoldenTensor[]
  /** See `GlobalNormOptions`. */
  maxNorm: number | null
  /** See `GlobalNormOptions`. */
  lossScale: number
}

const shapes: readonly number[][] = [[1], [7], [64], [5, 13], [3, 4, 25], [1030], [], [2, 4100]]
const many = (scale: number) => shapes.map((shape, i) => randomTensor(shape, 200 + i, scale))
const vector = (...data: number[]): GoldenTensor => ({ shape: [data.length], data })

/** Measurements: one tensor and many, limits that count and do not, loss scales, values that are not finite. */
export const cases: readonly GlobalNormCase[] = [
  { name: 'one number', tensors: [vector(-3)], maxNorm: null, lossScale: 1 },
  { name: 'one long tensor', tensors: [randomTensor([40_000], 210)], maxNorm: 1, lossScale: 1 },
  { name: 'many tensors without a limit', tensors: many(1), maxNorm: null, lossScale: 1 },
  { name: 'many tensors below the limit', tensors: many(1), maxNorm: 1000, lossScale: 1 },
  { name: 'many tensors above the limit', tensors: many(1), maxNorm: 0.5, lossScale: 1024 },
  { name: 'more tensors than a device binds', tensors: Array(7).fill(many(1)).flat(), maxNorm: 0.5, lossScale: 1 },
  { name: 'a tiny limit', tensors: many(1), maxNorm: 1e-37, lossScale: 2 ** 16 },
  { name: 'a loss scale that is no power of 2', tensors: many(1), maxNorm: 1, lossScale: 1000 },
  { name: 'zeros', tensors: [vector(0, 0, 0), vector(0)], maxNorm: 1, lossScale: 8 },
  { name: 'no tensors', tensors: [], maxNorm: 1, lossScale: 8 },
  { name: 'an empty tensor among others', tensors: [vector(), vector(3), vector(4)], maxNorm: 1, lossScale: 1 },
  { name: 'NaN', tensors: [vector(1, 2), vector(1, NaN, 3, 4)], maxNorm: 1, lossScale: 1 },
  { name: 'NaN without a limit', tensors: [vector(NaN)], maxNorm: null, lossScale: 1 },
  { name: 'infinity', tensors: [vector(1, -Infinity), vector(1)], maxNorm: 1, lossScale: 2 },
  { name: 'infinities of both signs', tensors: [vector(Infinity, -Infinity)], maxNorm: null, lossScale: 1 },
  { name: 'huge values', tensors: many(1e16), maxNorm: 1, lossScale: 1 }, // the norm is about 1e18
  { name: 'huge values from a scaled loss', tensors: many(1e15 * 65536), maxNorm: 1, lossScale: 65536 },
  { name: 'tiny values', tensors: many(1e-12), maxNorm: 1, lossScale: 1 },
  { name: 'tiny values from a scaled loss', tensors: many(1e-10), maxNorm: null, lossScale: 1024 },
]
