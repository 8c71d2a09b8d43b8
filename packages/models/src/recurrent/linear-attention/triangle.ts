import { tf } from '@swat-js/tensor-core'

/**
 * Ones on and below a diagonal, zeros above.
 *
 * @param size - rows and columns
 * @param diagonal - 0 for the main one, −1 for the one below it
 * @returns `[size, size]`
 */
export function triangle(size: number, diagonal: 0 | -1): tf.Tensor2D {
  const ones = Float32Array.from({ length: size * size }, (_, i) => Number(Math.floor(i / size) + diagonal >= i % size))
  return tf.tensor2d(ones, [size, size])
}
