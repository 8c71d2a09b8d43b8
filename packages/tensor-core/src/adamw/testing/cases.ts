import { randomTensor } from '../../testing/output-and-gradients.js'
import type { GoldenTensor } from '../../testing/expect-close.js'
import type { AdamWFactors } from '../contract.js'

/** One update as data. */
export interface AdamWCase {
  /** What is special about it. */
  name: string
  /** Tensors of one shape. */
  tensors: Record<'parameter' | 'gradient' | 'firstMoment' | 'secondMoment', GoldenTensor>
  /** The numbers of the update. */
  factors: AdamWFactors
}

const usual: AdamWFactors = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, step: 3 }

const variants: readonly { shape: number[]; change: Partial<AdamWFactors>; gradientScale?: number }[] = [
  { shape: [1], change: {} },
  { shape: [7, 65], change: {} },
  { shape: [64], change: { weightDecay: 0 } },
  { shape: [65], change: { step: 1 } },
  { shape: [65], change: { step: 100_000 } },
  { shape: [2, 3, 4], change: { learningRate: 0 } },
  { shape: [7], change: { epsilon: 1e-3 }, gradientScale: 1e-4 }, // epsilon counts
]

/** Updates: odd sizes, first and late steps, no decay, no learning rate, gradients near epsilon. */
export const cases: readonly AdamWCase[] = variants.map(({ shape, change, gradientScale = 1 }, i) => ({
  name: `[${shape.join(', ')}] with ${JSON.stringify(change)}`,
  tensors: {
    parameter: randomTensor(shape, 110 + i),
    gradient: randomTensor(shape, 120 + i, gradientScale),
    firstMoment: randomTensor(shape, 130 + i, gradientScale),
    secondMoment: positive(randomTensor(shape, 140 + i, gradientScale)),
  },
  factors: { ...usual, ...change },
}))

function positive({ shape, data }: GoldenTensor): GoldenTensor {
  return { shape, data: data.map((value) => Math.fround(value * value)) }
}
