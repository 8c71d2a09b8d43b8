import { matMul, type Precision } from '@swat-js/tensor-core'
import { measureMatMul } from '../mat-mul/measure-mat-mul.js'
import { matMulCase } from './mat-mul-case.js'

/** How fast the active engine multiplies large matrices. */
export interface ProductProbe {
  /** What was multiplied, in words. */
  name: string
  /** Operations a second, a multiply-add counting as two, in units of 10¹². */
  tflops: number
}

/**
 * Times a product of two square matrices with `matMul`, as a model's layers do it: what they can reach on the active
 * engine. Takes the smallest of 256, 512, 1024, 2048 and 4096 rows that needs 20 ms.
 *
 * @param precision - the arithmetic that is permitted; default float32
 * @returns the rate at the median of five rounds
 */
export async function probeProduct(precision: Precision = 'float32'): Promise<ProductProbe> {
  const probe = await matMulCase((a, b) => matMul(a, b, { precision }))
  probe.dispose()
  const { size, name } = probe
  const { tflops, tiling } = await measureMatMul({ m: size, n: size, k: size, precision, rounds: 5 })
  return { name: `${name}, ${tiling}`, tflops }
}
