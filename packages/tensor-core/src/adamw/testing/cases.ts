import { randomTensor } from '../../testing/output-and-gradients.js'
import type { GoldenTensor } from '../../testing/expect-close.js'
import type { AdamWFactors, AdamWParameter } from '../contract.js'

type Numbers = Omit<AdamWFactors, 'gradientScale'> & Pick<AdamWParameter, 'weightDecay'>

/** One update as data. */
export interface AdamWCase {
  /** What is special about it. */
  name: string
  /** Tensors of one shape. */
  tensors: Record<'parameter' | 'gradient' | 'firstMoment' | 'secondMoment', GoldenTensor>
  /** The numbers of the update. */
  factors: Numbers
  /** See `AdamWFactors`; null = none. */
  gradientScale: number | null
}

/** The numbers of an ordinary update. */
export const usual: Numbers = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, step: 3 }

const variants: readonly { shape: number[]; change: Partial<Numbers>; small?: number; scale?: number }[] = [
  { shape: [1], change: {} },
  { shape: [7, 65], change: {} },
  { shape: [64], change: { weightDecay: 0 } },
  { shape: [65], change: { step: 1 } },
  { shape: [65], change: { step: 100_000 } },
  { shape: [2, 3, 4], change: { learningRate: 0 } },
  { shape: [7], change: { epsilon: 1e-3 }, small: 1e-4 }, // epsilon counts
  { shape: [5, 13], change: {}, scale: 0.25 },
  { shape: [65], change: {}, scale: NaN }, // as after an overflow: nothing changes
  { shape: [7], change: {}, scale: Infinity },
  { shape: [7], change: {}, scale: 0 },
  { shape: [8], change: {}, scale: -Infinity },
  { shape: [8], change: {}, scale: -0 },
  { shape: [3, 1028], change: {}, scale: 2 ** -20 },
  { shape: [1030], change: {}, scale: 3 },
]

/** Updates: odd sizes, first and late steps, no decay, no learning rate, gradients near epsilon. */
export const cases: readonly AdamWCase[] = variants.map(({ shape, change, small = 1, scale = null }, i) => ({
  name: `[${shape.join(', ')}] with ${JSON.stringify(change)}${scale === null ? '' : `, gradient times ${scale}`}`,
  tensors: {
    parameter: randomTensor(shape, 110 + i),
    gradient: randomTensor(shape, 120 + i, small),
    firstMoment: randomTensor(shape, 130 + i, small),
    secondMoment: positive(randomTensor(shape, 140 + i, small)),
  },
  factors: { ...usual, ...change },
  gradientScale: scale,
}))

function positive({ shape, data }: GoldenTensor): GoldenTensor {
  return { shape, data: data.map((value) => Math.fround(value * value)) }
}
