import { compareInterleaved } from './compare-interleaved.js'
import { matMulCase } from './mat-mul-case.js'

/** How fast the active engine multiplies large matrices. */
export interface ProductProbe {
  /** What was multiplied, in words. */
  name: string
  /** Operations a second, a multiply-add counting as two, in units of 10¹². */
  tflops: number
}

/**
 * Times a large matrix product: the most that a model's products can reach on the active engine.
 *
 * @returns the rate at the median of five rounds
 */
export async function probeProduct(): Promise<ProductProbe> {
  const product = await matMulCase()
  try {
    const [{ medianMs }] = await compareInterleaved([product], { rounds: 5, warmUp: 1 })
    return { name: product.name, tflops: product.operations / medianMs / 1e9 }
  } finally {
    product.dispose()
  }
}
