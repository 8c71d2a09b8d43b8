import { matMul, type Precision, tf } from '@swat-js/tensor-core'
import { measureMatMul } from '../mat-mul/measure-mat-mul.js'
import { randomTensor } from '../random/random-tensor.js'
import { settle } from './settle.js'

/** How fast the active engine multiplies large matrices. */
export interface ProductProbe {
  /** What was multiplied, in words. */
  name: string
  /** Operations a second, a multiply-add counting as two, in units of 10¹². */
  tflops: number
}

/** Shorter products would measure the call; the largest is long enough on GPUs, where many calls are timed at once. */
const leastMs = 20
const [smallest, largest] = [256, 4096]

/**
 * Times a product of two square matrices with `matMul`, as a model's layers do it: what they can reach on the active
 * engine. Takes the smallest of 256, 512, 1024, 2048 and 4096 rows that needs 20 ms.
 *
 * @param precision - the arithmetic that is permitted; default float32
 * @returns the rate at the median of five rounds
 */
export async function probeProduct(precision: Precision = 'float32'): Promise<ProductProbe> {
  const size = await probeSize(precision)
  const { tflops, tiling } = await measureMatMul({ m: size, n: size, k: size, precision, rounds: 5 })
  return { name: `product of ${size} × ${size} matrices, ${tiling}`, tflops }
}

async function probeSize(precision: Precision): Promise<number> {
  for (let size = smallest; size < largest; size *= 2) {
    const [a, b] = [1, 2].map((seed) => randomTensor([size, size], seed) as tf.Tensor2D)
    const timed = async () => {
      const start = performance.now()
      const product = matMul(a, b, { precision })
      await settle(product)
      product.dispose()
      return performance.now() - start
    }
    await timed() // compiles
    const milliseconds = await timed()
    tf.dispose([a, b])
    if (milliseconds >= leastMs) return size
  }
  return largest
}
