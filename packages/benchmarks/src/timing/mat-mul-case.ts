import { tf } from '@swat-js/tensor-core'
import { randomTensor } from '../random/random-tensor.js'
import type { TimedCase } from './compare-interleaved.js'

/** A product of square matrices, to be timed beside other work. */
export interface MatMulCase extends TimedCase {
  /** Rows and columns of the matrices. */
  size: number
  /** Operations of one product, a multiply-add counting as two. */
  operations: number
  /** Frees the factors. */
  dispose(): void
}

/** Shorter products would measure the call; the largest is long enough on GPUs, where many calls are timed at once. */
const leastMs = 20
const [smallest, largest] = [256, 4096]

type Multiply = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor

/**
 * A product of two square matrices. Takes the smallest of 256, 512, 1024, 2048 and 4096 rows that needs 20 ms on the
 * active backend.
 *
 * @param multiply - by default TensorFlow.js's plain float32 product: what the machine's float32 products allow
 * @returns a case for `compareInterleaved`; the caller's to dispose
 */
export async function matMulCase(multiply: Multiply = (a, b) => tf.matMul(a, b)): Promise<MatMulCase> {
  for (let size = smallest; ; size *= 2) {
    const candidate = squareProduct(size, multiply)
    await candidate.run()
    const start = performance.now()
    await candidate.run()
    if (performance.now() - start >= leastMs || size === largest) return candidate
    candidate.dispose()
  }
}

function squareProduct(size: number, multiply: Multiply): MatMulCase {
  const [a, b] = [1, 2].map((seed) => randomTensor([size, size], seed) as tf.Tensor2D)
  return {
    size,
    name: `product of ${size} × ${size} matrices`,
    operations: 2 * size ** 3,
    async run() {
      const product = multiply(a, b)
      const corner = tf.slice(product as tf.Tensor2D, [0, 0], [1, 1])
      await corner.data()
      tf.dispose([product, corner])
    },
    dispose: () => tf.dispose([a, b]),
  }
}
